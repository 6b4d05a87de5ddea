import {
    createRandomString,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type PublicIdentityRecord,
    type SHA256IdHash,
} from '@refinio/one.core';
import type { Profile, Someone } from '../recipes/people-recipes.ts';
import { createSigner } from '../trust/signer.ts';
import type { Version } from '../typed-objects.ts';
import { AddressBook } from './address-book.ts';
import { keepBlocked } from './blocking.ts';
import { storeContactIdentity, trustProfile } from './contact-identity.ts';
import { takeOver, type TakenOver } from './contact-rules.ts';
import { isHearsay, noteMet, type Owners } from './hearsay.ts';
import { forgetIntroducer } from './introductions.ts';
import type { ImportContactOptions, KnownKeys } from './known-keys.ts';
import { LeuteError } from './leute-error.ts';
import type { People } from './people.ts';
import { createProfileIn } from './profile-model.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

type SomeoneId = SHA256IdHash<Someone>;

export interface ContactBookOptions {
    readonly one: OneInstance;
    readonly people: People;
    readonly knownKeys: KnownKeys;
    readonly owners: Owners;
    /** Told when it is durable. */
    readonly tell: (change: { readonly type: 'contactAdded' | 'contactRemoved'; readonly someone: SomeoneId }) => void;
}

/** Who is a contact. Each call is one commit. */
export class ContactBook {
    readonly #options: ContactBookOptions;

    constructor(options: ContactBookOptions) {
        this.#options = options;
    }

    async add(someone: SomeoneId): Promise<void> {
        const isNew = await this.#change(book => book.addOther(someone));
        if (isNew) this.#options.tell({ type: 'contactAdded', someone });
    }

    async remove(someone: SomeoneId): Promise<void> {
        const isNew = await this.#change(book => book.removeOther(someone));
        if (isNew) this.#options.tell({ type: 'contactRemoved', someone });
    }

    async merge(into: SomeoneId, from: SomeoneId): Promise<void> {
        const isNew = await this.#change(async (book, objects) => {
            await book.merge(into, from);
            await keepBlocked(objects, (await book.get(into)).identities.keys());
        });
        if (isNew) this.#options.tell({ type: 'contactRemoved', someone: from });
    }

    async createShallow(email = createRandomString()): Promise<SomeoneId | undefined> {
        const owner = await this.#options.people.mainIdentity();
        const [someone] = await this.#addAll(async objects => {
            const person = { $type$: 'Person', email } as const;
            const { idHash, status } = await objects.storeId(person);
            if (status === 'exists')
                throw new LeuteError(
                    'PERSON_EXISTS',
                    `There is a person ${idHash.slice(0, 8)}… with this e-mail already`,
                );
            const personId = idHash as SHA256IdHash<Person>;
            return [await createProfileIn(objects, { profileId: DEFAULT_PROFILE, personId, owner })];
        });
        return someone;
    }

    async import(records: readonly PublicIdentityRecord[], options: ImportContactOptions): Promise<SomeoneId[]> {
        const { one, people, knownKeys, owners } = this.#options;
        using owner = await createSigner(one.keyChain, one.owner);
        using issuer = await createSigner(one.keyChain, await people.mainIdentity());
        // Awaited: the keys are wiped at the end of this block.
        return await this.#addAll(async objects => {
            const profiles: Version<Profile>[] = [];
            for (const record of records) {
                await knownKeys.ensureNotSomebodyElse(objects, record, options);
                const profile = await storeContactIdentity(objects, record, owner, (person, id) =>
                    isHearsay(objects, owners, person, id),
                );
                await trustProfile(objects, profile, issuer);
                await forgetIntroducer(objects, profile.obj.personId);
                noteMet(objects, profile.obj.personId);
                profiles.push(profile);
            }
            return profiles;
        });
    }

    /** The follower finds the profiles already taken over, and tells of them. */
    #addAll(store: (objects: ObjectTransaction) => Promise<readonly Version<Profile>[]>): Promise<SomeoneId[]> {
        return this.#options.one.objects.transact(async objects => {
            const profiles = await store(objects);
            const book = await AddressBook.read(objects);
            const taken: TakenOver[] = [];
            for (const profile of profiles) {
                const each = await takeOver(objects, book, profile);
                if (each !== undefined) taken.push(each);
            }
            await book.store(objects);
            objects.transaction.whenDurable(() => {
                for (const { isNewContact, someone } of taken)
                    if (isNewContact) this.#options.tell({ type: 'contactAdded', someone });
            });
            return taken.map(({ someone }) => someone);
        });
    }

    /** @returns whether anything is different */
    #change(change: (book: AddressBook, objects: ObjectTransaction) => unknown): Promise<boolean> {
        return this.#options.one.objects.transact(async objects => {
            const book = await AddressBook.read(objects);
            await change(book, objects);
            return book.store(objects);
        });
    }
}

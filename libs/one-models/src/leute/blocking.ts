// Whom the user has blocked (spec 53 §6): persons in the group `blacklist`, as other ONE applications have it. The
// connections follow the group; whoever is in it becomes no contact by what others pass on. What was granted stays
// granted.
import {
    GroupRecipe,
    type ObjectReader,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { currentAs } from '../typed-objects.ts';
import { AddressBook } from './address-book.ts';
import { addMembers, changeMembersIn, createGroupIn, GroupModel } from './group-model.ts';
import { LeuteError } from './leute-error.ts';
import { BLACKLIST, BLACKLIST_ID, ME_ID } from './well-known.ts';

type PersonId = SHA256IdHash<Person>;

export class Blocking {
    readonly #one: OneInstance;
    #group: Promise<GroupModel> | undefined;

    constructor(one: OneInstance) {
        this.#one = one;
    }

    /**
     * The group, always the same model: it is up to date, and tells of everybody who is blocked or not any more. For
     * `ConnectionsModel.init`.
     */
    group(): Promise<GroupModel> {
        this.#group ??= this.#load().catch((error: unknown) => {
            this.#group = undefined;
            throw error;
        });
        return this.#group;
    }

    async persons(): Promise<PersonId[]> {
        return [...new Set(await blockedPersons(this.#one.objects))];
    }

    async isBlocked(person: PersonId): Promise<boolean> {
        return (await this.persons()).includes(person);
    }

    /** With all identities of its contact, also those that come later. @throws LeuteError `SOMEONE_IS_ME` */
    async block(person: PersonId): Promise<void> {
        await this.#one.objects.transact(async objects => {
            const persons = await togetherWith(objects, person);
            await addMembers(objects, await createGroupIn(objects, BLACKLIST), persons);
        });
    }

    async unblock(person: PersonId): Promise<void> {
        await this.#one.objects.transact(async objects => {
            const removed = await togetherWith(objects, person);
            if ((await objects.head(BLACKLIST_ID)) !== undefined)
                await changeMembersIn(objects, BLACKLIST_ID, { added: [], removed });
        });
    }

    /** What was changed by anybody is told by the model. */
    async refresh(): Promise<void> {
        await (await this.#group)?.refresh();
    }

    async #load(): Promise<GroupModel> {
        await this.#one.objects.transact(objects => createGroupIn(objects, BLACKLIST));
        return GroupModel.load(this.#one, BLACKLIST_ID);
    }
}

/** All identities of the contact of a person. */
async function togetherWith(objects: ObjectTransaction, person: PersonId): Promise<PersonId[]> {
    const found = await (await AddressBook.read(objects)).someoneOf(person);
    if (found?.idHash === ME_ID) throw new LeuteError('SOMEONE_IS_ME', 'I cannot block myself');
    return [...(found?.someone.identities.keys() ?? [person])];
}

/** If one of the persons is blocked, all of them are: they are the same human being. */
export async function keepBlocked(objects: ObjectTransaction, persons: Iterable<PersonId>): Promise<void> {
    const all = [...persons];
    const blocked = new Set(await blockedPersons(objects));
    if (all.some(person => blocked.has(person))) await addMembers(objects, BLACKLIST_ID, all);
}

export async function blockedPersons(objects: ObjectReader): Promise<readonly PersonId[]> {
    return (await currentAs(objects, GroupRecipe, BLACKLIST_ID))?.obj.person ?? [];
}

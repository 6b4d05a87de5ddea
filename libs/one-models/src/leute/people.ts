import { type Group, type ObjectStore, type OneInstance, type Person, type SHA256IdHash } from '@refinio/one.core';
import { LeuteRecipe, SomeoneRecipe, type Profile, type Someone } from '../recipes/people-recipes.ts';
import type { KnownPeople } from '../trust/known-people.ts';
import { currentAs } from '../typed-objects.ts';
import { groupsOf } from './address-book.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import { someonesOf } from './someones-of.ts';
import { profileIdObject } from './someones.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

interface Listed {
    /** Of the version of Leute. */
    readonly hash: string;
    readonly me: SHA256IdHash<Someone>;
    readonly others: ReadonlySet<SHA256IdHash<Someone>>;
    readonly groups: readonly SHA256IdHash<Group>[];
}

/**
 * Who is who, as it is stored at the moment of the question. Leute is parsed again only when there is another version of it: with ten
 * thousand contacts it has a megabyte.
 */
export class People implements KnownPeople {
    readonly #objects: ObjectStore;
    readonly #owner: SHA256IdHash<Person>;
    #listed: Listed | undefined;

    constructor({ objects, owner }: Pick<OneInstance, 'objects' | 'owner'>) {
        this.#objects = objects;
        this.#owner = owner;
    }

    /** @throws LeuteError `LEUTE_MISSING` before the first start */
    async listed(): Promise<Listed> {
        const head = await this.#objects.headNode(LEUTE_ID);
        const known = this.#listed;
        if (known !== undefined && known.hash === head?.node.data) return known;
        const leute = await currentAs(this.#objects, LeuteRecipe, LEUTE_ID);
        if (leute === undefined)
            throw new LeuteError('LEUTE_MISSING', 'Nothing is known of people here: start the LeuteModel first');
        const { other } = leute.obj;
        return (this.#listed = { hash: leute.hash, me: ME_ID, others: new Set(other), groups: groupsOf(leute.obj) });
    }

    async me(): Promise<Someone> {
        return this.someone((await this.listed()).me);
    }

    /** The person of my main profile: the author, owner and issuer of what is done here. */
    async mainIdentity(): Promise<SHA256IdHash<Person>> {
        const { mainProfile, identities } = await this.me();
        const main = await profileIdObject(this.#objects, mainProfile).catch(ignoreBroken);
        // What others have written must not make me somebody whom this device cannot act as.
        return main !== undefined && identities.has(main.personId) ? main.personId : this.#owner;
    }

    async ownIdentities(): Promise<ReadonlySet<SHA256IdHash<Person>>> {
        return new Set((await this.me()).identities.keys());
    }

    /** Whether a person is an identity of me or of a contact. */
    async isKnown(person: SHA256IdHash<Person>): Promise<boolean> {
        return (await this.someoneOf(person)) !== undefined;
    }

    /** Me, or the contact of which a person is an identity. */
    async someoneOf(
        person: SHA256IdHash<Person>,
    ): Promise<{ id: SHA256IdHash<Someone>; someone: Someone } | undefined> {
        const { me, others } = await this.listed();
        const own = await this.someone(me);
        if (own.identities.has(person)) return { id: me, someone: own };
        for await (const id of someonesOf(this.#objects, person)) {
            if (!others.has(id)) continue;
            const someone = await this.someone(id).catch(ignoreBroken);
            if (someone?.identities.has(person) === true) return { id, someone };
        }
        return undefined;
    }

    /** Profiles of a person in the someone it belongs to; none for somebody who is in none. */
    async profilesOf(person: SHA256IdHash<Person>): Promise<SHA256IdHash<Profile>[]> {
        const found = await this.someoneOf(person);
        return [...(found?.someone.identities.get(person) ?? [])];
    }

    /** @throws LeuteError `SOMEONE_MISSING` */
    async someone(id: SHA256IdHash<Someone>): Promise<Someone> {
        const current = await currentAs(this.#objects, SomeoneRecipe, id);
        if (current === undefined) throw new LeuteError('SOMEONE_MISSING', `There is no someone ${id.slice(0, 8)}…`);
        return current.obj;
    }
}

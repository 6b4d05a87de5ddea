import { type Group, type ObjectStore, type OneInstance, type Person, type SHA256IdHash } from '@refinio/one.core';
import { LeuteRecipe, SomeoneRecipe, type Profile, type Someone } from '../recipes/people-recipes.ts';
import type { KnownPeople } from '../trust/known-people.ts';
import { currentAs } from '../typed-objects.ts';
import { groupsOf } from './address-book.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import { findSomeoneOf, type SomeoneEntry } from './someones-of.ts';
import { profileIdObject } from './someones.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

interface Listed {
    /** Of the version node of Leute. */
    readonly head: string | undefined;
    readonly others: ReadonlySet<SHA256IdHash<Someone>>;
    readonly groups: readonly SHA256IdHash<Group>[];
}

/**
 * Who is who, as it is stored at the moment of the question. Leute and I are read again only when there is another
 * version: with ten thousand contacts, Leute has a megabyte.
 */
export class People implements KnownPeople {
    readonly #objects: ObjectStore;
    readonly #owner: SHA256IdHash<Person>;
    #listed: Listed | undefined;
    #me: { readonly head: string | undefined; readonly someone: Someone } | undefined;

    constructor({ objects, owner }: Pick<OneInstance, 'objects' | 'owner'>) {
        this.#objects = objects;
        this.#owner = owner;
    }

    /** @throws LeuteError `LEUTE_MISSING` before the first start */
    async listed(): Promise<Listed> {
        const head = await this.#objects.head(LEUTE_ID);
        const known = this.#listed;
        if (known !== undefined && known.head === head) return known;
        const leute = await currentAs(this.#objects, LeuteRecipe, LEUTE_ID);
        if (leute === undefined)
            throw new LeuteError('LEUTE_MISSING', 'Nothing is known of people here: start the LeuteModel first');
        const { other } = leute.obj;
        return (this.#listed = { head, others: new Set(other), groups: groupsOf(leute.obj) });
    }

    async me(): Promise<Someone> {
        const head = await this.#objects.head(ME_ID);
        if (this.#me === undefined || this.#me.head !== head)
            this.#me = { head, someone: await readSomeone(this.#objects, ME_ID) };
        return this.#me.someone;
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
    async someoneOf(person: SHA256IdHash<Person>): Promise<SomeoneEntry | undefined> {
        const { others } = await this.listed();
        return findSomeoneOf(this.#objects, { others, someone: id => this.someone(id) }, person);
    }

    /** Profiles of a person in the someone it belongs to; none for somebody who is in none. */
    async profilesOf(person: SHA256IdHash<Person>): Promise<SHA256IdHash<Profile>[]> {
        const found = await this.someoneOf(person);
        return [...(found?.someone.identities.get(person) ?? [])];
    }

    /** @throws LeuteError `SOMEONE_MISSING` */
    someone(id: SHA256IdHash<Someone>): Promise<Someone> {
        return id === ME_ID ? this.me() : readSomeone(this.#objects, id);
    }
}

async function readSomeone(objects: ObjectStore, id: SHA256IdHash<Someone>): Promise<Someone> {
    const current = await currentAs(objects, SomeoneRecipe, id);
    if (current === undefined) throw new LeuteError('SOMEONE_MISSING', `There is no someone ${id.slice(0, 8)}…`);
    return current.obj;
}

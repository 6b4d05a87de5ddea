// Leute and the Someone objects as they are within one transaction (spec 60 §5, §6.1). However much happens in it, each of them
// gets at most one new version.
import {
    createRandomString,
    type Group,
    type ObjectReader,
    type ObjectTransaction,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { LeuteRecipe, SomeoneRecipe, type Leute, type Profile, type Someone } from '../recipes/people-recipes.ts';
import { currentAs, storeChange } from '../typed-objects.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import { createSomeone } from './someones.ts';
import { someonesOf } from './someones-of.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

type SomeoneId = SHA256IdHash<Someone>;

/** Length of the random `someoneId` of a contact. */
const ID_LENGTH = 32;

export interface SomeoneEntry {
    readonly idHash: SomeoneId;
    readonly someone: Someone;
}

export class AddressBook {
    readonly #objects: ObjectReader;
    readonly #before: Leute;
    readonly #others: Set<SomeoneId>;
    /** Read or made in this transaction. */
    readonly #someones = new Map<SomeoneId, Someone>();
    readonly #changed = new Set<SomeoneId>();
    /** Of those that were made or changed here. */
    readonly #byPerson = new Map<string, SomeoneId>();
    #groups: readonly SHA256IdHash<Group>[];

    private constructor(objects: ObjectReader, leute: Leute) {
        this.#objects = objects;
        this.#before = leute;
        this.#others = new Set(leute.other);
        this.#groups = groupsOf(leute);
    }

    /** @throws LeuteError `LEUTE_MISSING` before the first start; every error of reading */
    static async read(objects: ObjectReader): Promise<AddressBook> {
        const leute = await currentAs(objects, LeuteRecipe, LEUTE_ID);
        if (leute === undefined) throw missing();
        return new AddressBook(objects, { ...leute.obj, me: ME_ID });
    }

    get me(): SomeoneId {
        return this.#before.me;
    }

    get others(): ReadonlySet<SomeoneId> {
        return this.#others;
    }

    get groups(): readonly SHA256IdHash<Group>[] {
        return this.#groups;
    }

    /** @throws LeuteError `SOMEONE_MISSING` */
    async get(idHash: SomeoneId): Promise<Someone> {
        const known = this.#someones.get(idHash);
        if (known !== undefined) return known;
        const current = await currentAs(this.#objects, SomeoneRecipe, idHash);
        if (current === undefined)
            throw new LeuteError('SOMEONE_MISSING', `There is no someone ${idHash.slice(0, 8)}…`);
        this.#someones.set(idHash, current.obj);
        return current.obj;
    }

    /** Me, or the contact of which a person is an identity. Someones that are not listed do not count. */
    async someoneOf(person: SHA256IdHash<Person>): Promise<SomeoneEntry | undefined> {
        const me = await this.get(this.me);
        if (me.identities.has(person)) return { idHash: this.me, someone: me };
        const here = this.#byPerson.get(person);
        if (here !== undefined && (await this.#has(here, person)))
            return { idHash: here, someone: await this.get(here) };
        for await (const idHash of someonesOf(this.#objects, person))
            if (await this.#has(idHash, person)) return { idHash, someone: await this.get(idHash) };
        return undefined;
    }

    change(idHash: SomeoneId, someone: Someone): void {
        if (this.#someones.get(idHash) === someone) return;
        this.#someones.set(idHash, someone);
        this.#changed.add(idHash);
        for (const person of someone.identities.keys()) this.#byPerson.set(person, idHash);
    }

    /** A new contact for the person of a profile. */
    async addContact(
        person: SHA256IdHash<Person>,
        profile: SHA256IdHash<Profile>,
        someoneId = createRandomString(ID_LENGTH),
    ): Promise<SomeoneEntry> {
        const someone = createSomeone(someoneId, person, profile);
        const idHash = await this.#objects.microdata.idHash(someone);
        this.change(idHash, someone);
        this.#others.add(idHash);
        return { idHash, someone };
    }

    /** @throws LeuteError `SOMEONE_IS_ME` */
    addOther(idHash: SomeoneId): void {
        if (idHash === this.me || idHash === ME_ID)
            throw new LeuteError('SOMEONE_IS_ME', 'I cannot be one of my own contacts');
        this.#others.add(idHash);
    }

    removeOther(idHash: SomeoneId): void {
        this.#others.delete(idHash);
    }

    addGroup(group: SHA256IdHash<Group>): void {
        if (!this.#groups.includes(group)) this.#groups = [...this.#groups, group];
    }

    /** Stores what has changed. @returns whether anything has */
    async store(objects: ObjectTransaction): Promise<boolean> {
        let isNew = false;
        for (const idHash of this.#changed) isNew = (await storeChange(objects, await this.get(idHash))).isNew || isNew;
        const { other, group } = this.#before;
        const isSame = group.length === this.#groups.length && isSameSet(this.#others, other);
        if (isSame) return isNew;
        const groups = this.#groups as readonly string[] as Leute['group'];
        await storeChange<Leute>(objects, { ...this.#before, other: [...this.#others], group: groups });
        return true;
    }

    /** A contact of which a person is an identity; one that cannot be read is none. */
    async #has(idHash: SomeoneId, person: SHA256IdHash<Person>): Promise<boolean> {
        if (!this.#others.has(idHash)) return false;
        const someone = this.#someones.get(idHash) ?? (await this.get(idHash).catch(ignoreBroken));
        return someone?.identities.has(person) === true;
    }
}

/** What the list holds are IDs of groups, although its type names their profiles (spec 60 §2.1). */
export function groupsOf(leute: Leute): SHA256IdHash<Group>[] {
    return leute.group.map(id => id as string as SHA256IdHash<Group>);
}

function missing(): LeuteError {
    return new LeuteError('LEUTE_MISSING', 'Nothing is known of people here: start the LeuteModel first');
}

function isSameSet(set: ReadonlySet<string>, list: readonly string[]): boolean {
    return set.size === new Set(list).size && list.every(each => set.has(each));
}

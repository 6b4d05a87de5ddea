// Leute and the Someone objects as they are within one transaction (spec 60 §5, §6.1). However much happens in it, each
// of them gets at most one new version.
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
import { LeuteError } from './leute-error.ts';
import { createSomeone } from './someones.ts';
import { findSomeoneOf, type SomeoneEntry } from './someones-of.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

type SomeoneId = SHA256IdHash<Someone>;

/** Length of the random `someoneId` of a contact. */
const ID_LENGTH = 32;

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
        const here = this.#byPerson.get(person);
        if (here !== undefined && (here === ME_ID || this.#others.has(here))) {
            const someone = await this.get(here);
            if (someone.identities.has(person)) return { idHash: here, someone };
        }
        const listed = { others: this.#others, someone: (idHash: SomeoneId) => this.get(idHash) };
        return findSomeoneOf(this.#objects, listed, person);
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

    /**
     * @throws LeuteError `SOMEONE_IS_ME`, `SOMEONE_MISSING`; `PERSON_MANAGED` if one of the identities is somebody
     * else's
     */
    async addOther(idHash: SomeoneId): Promise<void> {
        if (idHash === ME_ID) throw new LeuteError('SOMEONE_IS_ME', 'I cannot be one of my own contacts');
        for (const person of (await this.get(idHash)).identities.keys()) {
            const other = await this.someoneOf(person);
            if (other !== undefined && other.idHash !== idHash)
                throw new LeuteError(
                    'PERSON_MANAGED',
                    `The person ${person.slice(0, 8)}… is an identity of somebody else`,
                );
        }
        this.#others.add(idHash);
    }

    /**
     * Two contacts are the same human being: the first one gets all identities and profiles, and is shown as before.
     * @throws LeuteError `SOMEONE_IS_ME`; `SOMEONE_MISSING` for somebody who is no contact
     */
    async merge(into: SomeoneId, from: SomeoneId): Promise<void> {
        for (const idHash of [into, from]) {
            if (idHash === ME_ID)
                throw new LeuteError('SOMEONE_IS_ME', 'I cannot be joined with a contact: certify a device of mine');
            if (!this.#others.has(idHash))
                throw new LeuteError('SOMEONE_MISSING', `The someone ${idHash.slice(0, 8)}… is no contact`);
        }
        if (into === from) return;
        const someone = await this.get(into);
        const identities = new Map(someone.identities);
        for (const [person, profiles] of (await this.get(from)).identities)
            identities.set(person, new Set([...(identities.get(person) ?? []), ...profiles]));
        this.#others.delete(from);
        this.change(into, { ...someone, identities });
    }

    removeOther(idHash: SomeoneId): void {
        this.#others.delete(idHash);
    }

    addGroup(group: SHA256IdHash<Group>): void {
        if (!this.#groups.includes(group)) this.#groups = [...this.#groups, group];
    }

    removeGroup(group: SHA256IdHash<Group>): void {
        this.#groups = this.#groups.filter(each => each !== group);
    }

    /** Stores what has changed. @returns whether anything has */
    async store(objects: ObjectTransaction): Promise<boolean> {
        let isNew = false;
        for (const idHash of this.#changed) isNew = (await storeChange(objects, await this.get(idHash))).isNew || isNew;
        const { other, group } = this.#before;
        const isSame = isSameSet(new Set(this.#groups), group) && isSameSet(this.#others, other);
        if (isSame) return isNew;
        const groups = this.#groups as readonly string[] as Leute['group'];
        await storeChange<Leute>(objects, { ...this.#before, other: [...this.#others], group: groups });
        return true;
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

import {
    ignoreBroken,
    getAllEntries,
    getAllIdObjectEntries,
    KeysRecipe,
    type AnyObject,
    type KeyChain,
    type ObjectEvent,
    type ObjectStore,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { MAX_PERSON_KEYS, MAX_PERSON_PROFILES, MAX_PROFILES_READ, MAX_PROFILE_VERSIONS } from '../limits.ts';
import { DEFAULT_PROFILE } from '../leute/well-known.ts';
import { ProfileRecipe, type SignKey } from '../recipes/people-recipes.ts';
import type { Signature } from '../recipes/trust-recipes.ts';
import type { KnownPeople } from './known-people.ts';
import { Memo } from './memo.ts';
import type { ProfileHistory, ProfileVersions } from './profile-versions.ts';
import type { SignatureChecks } from './signature-checks.ts';
import { isHexKey, verifies } from './signatures.ts';

/** Where trust is read from. */
export interface TrustSources {
    readonly objects: ObjectStore;
    readonly keyChain: KeyChain;
    readonly people: KnownPeople;
    readonly profiles: ProfileVersions;
    readonly signatures: SignatureChecks;
}

/**
 * Versions of profiles about a person, by the keys of signing in them: those of its own default profile first, then
 * newest first.
 */
type KeysOfPerson = ReadonlyMap<string, readonly string[]>;

export interface Limited<T> {
    readonly found: T;
    /** There is more than was looked at. */
    readonly limited: boolean;
}

/** New versions of these change who is known. */
const PEOPLE = new Set(['Leute', 'Someone']);

/**
 * What the decisions on trust start from (spec 32-C.1), read from the indexes of the store when somebody asks. It
 * remembers the answers, and at which places it has looked, so that it knows which news make them wrong. A place is
 * noted before it is read: news of something that was not seen there come afterwards.
 */
export class TrustFacts {
    readonly sources: TrustSources;
    readonly #places = new Set<string>();
    /** Persons about whom profiles were looked for, and profiles whose history was looked at. */
    readonly #watched = new Set<string>();
    readonly #mainIdentity = new Memo<SHA256IdHash<Person>>();
    readonly #ownIdentities = new Memo<ReadonlySet<SHA256IdHash<Person>>>();
    readonly #isKnown = new Memo<boolean>();
    readonly #rootKeys = new Memo<readonly string[]>();
    readonly #keysOf = new Memo<Limited<KeysOfPerson>>();
    readonly #personsOf = new Memo<readonly SHA256IdHash<Person>[]>();

    constructor(sources: TrustSources) {
        this.sources = sources;
    }

    /** Number of what it remembers. */
    get size(): number {
        const remembered = [this.#places, this.#watched, this.#isKnown, this.#rootKeys, this.#keysOf, this.#personsOf];
        return remembered.reduce((sum, { size }) => sum + size, 0);
    }

    /** Whether something was stored that may change an answer. */
    isChangedBy(event: ObjectEvent): boolean {
        switch (event.type) {
            case 'id':
                // Alone it says nothing; the version that belongs to it is an event of its own.
                return false;
            case 'versioned':
                return (
                    PEOPLE.has(event.obj.$type$) || (event.obj.$type$ === 'Profile' && this.#isChangedByProfile(event))
                );
            case 'unversioned': {
                const { obj, status } = event;
                // Keys of others become own ones without being stored again.
                if (status === 'exists' && obj.$type$ !== 'Keys') return false;
                return Object.values(obj).some(
                    value => typeof value === 'string' && this.#places.has(placeOf(value, obj.$type$)),
                );
            }
        }
    }

    mainIdentity(): Promise<SHA256IdHash<Person>> {
        return this.#mainIdentity.get('', () => this.sources.people.mainIdentity());
    }

    ownIdentities(): Promise<ReadonlySet<SHA256IdHash<Person>>> {
        return this.#ownIdentities.get('', () => this.sources.people.ownIdentities());
    }

    isKnown(person: SHA256IdHash<Person>): Promise<boolean> {
        return this.#isKnown.get(person, () => this.sources.people.isKnown(person));
    }

    /** Objects of a type that link to a target, in the order of storing. */
    entries(target: string, type: string): Promise<string[]> {
        this.#places.add(placeOf(target, type));
        return getAllEntries(this.sources.objects, target, type);
    }

    /** Notes a place that somebody else reads. */
    note(target: string, type: string): void {
        this.#places.add(placeOf(target, type));
    }

    /**
     * Keys of an own identity whose secret is on this device and that stand in a profile about it (spec 32-C.2). The
     * profile need not be in a history: that ours is found must not depend on how many versions others have added.
     */
    rootKeys(person: SHA256IdHash<Person>): Promise<readonly string[]> {
        return this.#rootKeys.get(person, () => this.#readRootKeys(person));
    }

    /**
     * Signing keys in profiles about somebody who is known, those of the person's own default profile first, each time
     * oldest first.
     */
    async keysOf(person: SHA256IdHash<Person>): Promise<Limited<readonly string[]>> {
        const { found, limited } = await this.#keysOf.get(person, () => this.#readKeysOf(person));
        return { found: [...found.keys()], limited };
    }

    /** Versions of profiles about somebody who is known that hold a key. */
    async versionsWith(person: SHA256IdHash<Person>, key: string): Promise<Limited<readonly string[]>> {
        const { found, limited } = await this.#keysOf.get(person, () => this.#readKeysOf(person));
        return { found: found.get(key) ?? [], limited };
    }

    /** Persons who are known in the history of whose profiles a key stands. */
    personsOf(key: string): Promise<readonly SHA256IdHash<Person>[]> {
        return this.#personsOf.get(key, () => this.#readPersonsOf(key));
    }

    /** The first key known of the issuer that made a signature. */
    async keyOf(signature: Signature): Promise<string | undefined> {
        return (await this.keysOf(signature.issuer)).found.find(key => verifies(signature, key));
    }

    /** A profile of somebody who was not asked for changes nothing, unless it holds a key that was. */
    #isChangedByProfile({ idHash, obj }: { readonly idHash: string; readonly obj: AnyObject }): boolean {
        const { personId, personDescription: descriptions } = obj;
        if (this.#watched.has(idHash) || this.#watched.has(String(personId))) return true;
        return Array.isArray(descriptions) && descriptions.some(each => this.#places.has(placeOf(each, 'Profile')));
    }

    async #readRootKeys(person: SHA256IdHash<Person>): Promise<readonly string[]> {
        const { objects, keyChain } = this.sources;
        this.note(person, 'Keys');
        const keys: string[] = [];
        for (const { keys: hash } of await keyChain.getListOfCompleteKeys(person)) {
            const obj = objects.microdata.parseAs(KeysRecipe, await objects.text(hash));
            if (await this.#isInProfileOf(person, obj.publicSignKey)) keys.push(obj.publicSignKey);
        }
        return keys;
    }

    async #isInProfileOf(person: SHA256IdHash<Person>, key: string): Promise<boolean> {
        for (const hash of await this.#storedVersionsWith(key))
            if ((await this.sources.profiles.version(hash))?.person === person) return true;
        return false;
    }

    /** Newest first, so that what was proved last is found, however much others have told before. */
    async #readKeysOf(person: SHA256IdHash<Person>): Promise<Limited<KeysOfPerson>> {
        const { profiles } = this.sources;
        this.#watched.add(person);
        const keys = new Map<string, string[]>();
        if (!(await this.isKnown(person))) return { found: keys, limited: false };
        const about = await this.#profilesAbout(person);
        let { limited } = about;
        let looked = 0;
        for (const profile of about.found) {
            const history = await profiles.history(profile);
            limited ||= history.limited;
            const ofProfile = new Map<string, string[]>();
            for (const hash of [...history.versions].reverse()) {
                if (++looked > MAX_PROFILE_VERSIONS) break;
                const version = await profiles.version(hash);
                if (version?.person !== person) continue;
                for (const key of await profiles.signKeys(version)) {
                    const versions = keys.get(key) ?? ofProfile.get(key);
                    if (versions !== undefined) versions.push(hash);
                    else if (keys.size + ofProfile.size < MAX_PERSON_KEYS) ofProfile.set(key, [hash]);
                    else limited = true;
                }
            }
            for (const [key, versions] of [...ofProfile].reverse()) keys.set(key, versions);
        }
        return { found: keys, limited: limited || looked > MAX_PROFILE_VERSIONS };
    }

    /** IDs of the profiles about a person: its own default one, its other ones, then those of others. */
    async #profilesAbout(person: SHA256IdHash<Person>): Promise<Limited<readonly string[]>> {
        const { objects } = this.sources;
        const id = { $type$: 'Profile', profileId: DEFAULT_PROFILE, personId: person, owner: person } as const;
        const main = await objects.microdata.idHash(id);
        const [own, others]: [string[], string[]] = [[main], []];
        // The map names those that the person owns, too.
        const entries = await getAllIdObjectEntries(objects, person, 'Profile');
        for (const entry of entries.slice(0, MAX_PROFILES_READ)) {
            const text = entry === main ? undefined : await objects.text(entry).catch(ignoreBroken);
            if (text === undefined) continue;
            const { personId, owner } = objects.microdata.parseIdAs(ProfileRecipe, text);
            if (personId === person) (owner === person ? own : others).push(entry);
        }
        const all = [...own, ...others];
        const limited = all.length > MAX_PERSON_PROFILES || entries.length > MAX_PROFILES_READ;
        return { found: all.slice(0, MAX_PERSON_PROFILES), limited };
    }

    async #readPersonsOf(key: string): Promise<readonly SHA256IdHash<Person>[]> {
        const { profiles } = this.sources;
        const persons = new Set<SHA256IdHash<Person>>();
        const histories = new Map<string, ProfileHistory>();
        for (const hash of (await this.#storedVersionsWith(key)).slice(0, MAX_PROFILE_VERSIONS)) {
            const version = await profiles.version(hash);
            if (version === undefined || persons.has(version.person) || !(await this.isKnown(version.person))) continue;
            this.#watched.add(version.profile);
            const history = histories.get(version.profile) ?? (await profiles.history(version.profile));
            histories.set(version.profile, history);
            if (history.versions.has(hash)) persons.add(version.person);
        }
        return [...persons];
    }

    /** All stored versions of profiles with a key, in the order of storing. */
    async #storedVersionsWith(key: string): Promise<string[]> {
        if (!isHexKey(key)) return [];
        const signKey: SignKey = { $type$: 'SignKey', key };
        return this.entries(await this.sources.objects.microdata.hash(signKey), 'Profile');
    }
}

function placeOf(target: unknown, type: string): string {
    return `${String(target)}.${type}`;
}

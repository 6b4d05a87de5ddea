import {
    ignoreBroken,
    getAllEntries,
    getAllIdObjectEntries,
    KeysRecipe,
    type KeyChain,
    type ObjectEvent,
    type ObjectStore,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import { MAX_PERSON_KEYS, MAX_PERSON_PROFILES, MAX_PROFILE_VERSIONS } from '../limits.ts';
import { ProfileRecipe, type SignKey } from '../recipes/people-recipes.ts';
import type { Signature } from '../recipes/trust-recipes.ts';
import type { KnownPeople } from './known-people.ts';
import { Memo } from './memo.ts';
import type { ProfileHistory, ProfileVersions } from './profile-versions.ts';
import { isHexKey, verifies } from './signatures.ts';

/** Where trust is read from. */
export interface TrustSources {
    readonly objects: ObjectStore;
    readonly keyChain: KeyChain;
    readonly people: KnownPeople;
    readonly profiles: ProfileVersions;
}

/** A version of a profile of somebody who is known, that is in the history of its profile. */
export interface ProfileOfKey {
    readonly version: string;
    readonly person: SHA256IdHash<Person>;
}

export interface Limited<T> {
    readonly found: T;
    /** There is more than was looked at. */
    readonly limited: boolean;
}

const PEOPLE = new Set(['Leute', 'Someone', 'Profile']);

/**
 * What the decisions on trust start from (spec 32-C.1), read from the indexes of the store when somebody asks. It remembers the answers,
 * and at which places it has looked, so that it knows which news make them wrong. A place is noted before it is read: news of something
 * that was not seen there come afterwards.
 */
export class TrustFacts {
    readonly sources: TrustSources;
    readonly #places = new Set<string>();
    readonly #mainIdentity = new Memo<SHA256IdHash<Person>>();
    readonly #ownIdentities = new Memo<ReadonlySet<SHA256IdHash<Person>>>();
    readonly #isKnown = new Memo<boolean>();
    readonly #rootKeys = new Memo<readonly string[]>();
    readonly #keysOf = new Memo<Limited<readonly string[]>>();
    readonly #profilesOf = new Memo<Limited<readonly ProfileOfKey[]>>();

    constructor(sources: TrustSources) {
        this.sources = sources;
    }

    /** Number of what it remembers. */
    get size(): number {
        return this.#places.size + this.#isKnown.size + this.#rootKeys.size + this.#keysOf.size + this.#profilesOf.size;
    }

    /** Whether something was stored that may change an answer. */
    isChangedBy(event: ObjectEvent): boolean {
        switch (event.type) {
            case 'id':
                // Alone it says nothing; the version that belongs to it is an event of its own.
                return false;
            case 'versioned':
                return PEOPLE.has(event.obj.$type$);
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
     * Keys of an own identity whose secret is on this device and that stand in a profile about it (spec 32-C.2). The profile need not
     * be in a history: that ours is found must not depend on how many versions others have added.
     */
    rootKeys(person: SHA256IdHash<Person>): Promise<readonly string[]> {
        return this.#rootKeys.get(person, () => this.#readRootKeys(person));
    }

    /** Signing keys in profiles about somebody who is known, those of the person's own profiles first, then oldest first. */
    keysOf(person: SHA256IdHash<Person>): Promise<Limited<readonly string[]>> {
        return this.#keysOf.get(person, () => this.#readKeysOf(person));
    }

    /** Where a key stands in profiles, oldest first. */
    profilesOf(key: string): Promise<Limited<readonly ProfileOfKey[]>> {
        return this.#profilesOf.get(key, () => this.#readProfilesOf(key));
    }

    /** The first key known of the issuer that made a signature. */
    async keyOf(signature: Signature): Promise<string | undefined> {
        return (await this.keysOf(signature.issuer)).found.find(key => verifies(signature, key));
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
        for (const hash of await this.#versionsWith(key))
            if ((await this.sources.profiles.version(hash))?.person === person) return true;
        return false;
    }

    async #readKeysOf(person: SHA256IdHash<Person>): Promise<Limited<readonly string[]>> {
        const { profiles } = this.sources;
        if (!(await this.isKnown(person))) return { found: [], limited: false };
        const about = await this.#profilesAbout(person);
        let { limited } = about;
        const keys = new Set<string>();
        for (const profile of about.found) {
            const history = await profiles.history(profile);
            limited ||= history.limited;
            for (const hash of history.versions) {
                const version = await profiles.version(hash);
                if (version?.person !== person) continue;
                for (const key of await profiles.signKeys(version)) keys.add(key);
            }
        }
        return { found: [...keys].slice(0, MAX_PERSON_KEYS), limited: limited || keys.size > MAX_PERSON_KEYS };
    }

    /** IDs of the profiles about a person: the map names those that the person owns, too. */
    async #profilesAbout(person: SHA256IdHash<Person>): Promise<Limited<readonly string[]>> {
        const { objects } = this.sources;
        const [own, others]: [string[], string[]] = [[], []];
        for (const entry of await getAllIdObjectEntries(objects, person, 'Profile')) {
            const text = await objects.text(entry).catch(ignoreBroken);
            if (text === undefined) continue;
            const { personId, owner } = objects.microdata.parseIdAs(ProfileRecipe, text);
            if (personId === person) (owner === person ? own : others).push(entry);
        }
        const all = [...own, ...others];
        return { found: all.slice(0, MAX_PERSON_PROFILES), limited: all.length > MAX_PERSON_PROFILES };
    }

    async #readProfilesOf(key: string): Promise<Limited<readonly ProfileOfKey[]>> {
        const { profiles } = this.sources;
        const versions = await this.#versionsWith(key);
        const found: ProfileOfKey[] = [];
        const histories = new Map<string, ProfileHistory>();
        let limited = versions.length > MAX_PROFILE_VERSIONS;
        for (const hash of versions.slice(0, MAX_PROFILE_VERSIONS)) {
            const version = await profiles.version(hash);
            if (version === undefined || !(await this.isKnown(version.person))) continue;
            const history = histories.get(version.profile) ?? (await profiles.history(version.profile));
            histories.set(version.profile, history);
            if (history.versions.has(hash)) found.push({ version: hash, person: version.person });
            else limited ||= history.limited;
        }
        return { found, limited };
    }

    /** All stored versions of profiles with a key, in the order of storing. */
    async #versionsWith(key: string): Promise<string[]> {
        if (!isHexKey(key)) return [];
        const signKey: SignKey = { $type$: 'SignKey', key };
        return this.entries(await this.sources.objects.microdata.hash(signKey), 'Profile');
    }
}

function placeOf(target: string, type: string): string {
    return `${target}.${type}`;
}

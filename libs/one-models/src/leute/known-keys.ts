// Which keys are known to be those of a person. What others write about somebody, or pass on, is not enough: keys are
// known when this device has signed them in pairing (spec 52 §3), when their key of signing is trusted, or as long as
// nothing better is known, when the person itself or a device of mine has sent them.
import {
    getAllEntries,
    KeysRecipe,
    personIdHash,
    type Keys,
    type ObjectReader,
    type OneInstance,
    type Person,
    type PublicIdentityRecord,
    type SHA256IdHash,
} from '@refinio/one.core';
import { MAX_KEY_STATEMENTS } from '../limits.ts';
import { ProfileRecipe, type OneInstanceEndpoint } from '../recipes/people-recipes.ts';
import { getSignatures, verifies } from '../trust/signatures.ts';
import type { TrustedKeys } from '../trust/trusted-keys.ts';
import { currentAs, readAs } from '../typed-objects.ts';
import { endpointsIn } from './endpoints.ts';
import { isHearsay, type Owners } from './hearsay.ts';
import { ignoreBroken, LeuteError } from './leute-error.ts';
import type { People } from './people.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

type PersonId = SHA256IdHash<Person>;

export interface ImportContactOptions {
    /** Also of persons who are known with other keys: only after people have compared them. Default: not. */
    readonly replaceKeys?: boolean;
}

export class KnownKeys {
    readonly #objects: ObjectReader;
    readonly #people: People;
    readonly #trust: TrustedKeys;
    readonly #owners: Owners;

    constructor({ objects }: Pick<OneInstance, 'objects'>, people: People, trust: TrustedKeys, owners: Owners) {
        this.#objects = objects;
        this.#people = people;
        this.#trust = trust;
        this.#owners = owners;
    }

    /**
     * Whoever claims the e-mail of somebody is not that person (spec 50 §6).
     * @param objects of the transaction in which the record is about to be stored
     * @throws LeuteError `PERSON_IS_ME`; `KEYS_DIFFER` for a person who is known with other keys
     */
    async ensureNotSomebodyElse(
        objects: ObjectReader,
        record: PublicIdentityRecord,
        { replaceKeys = false }: ImportContactOptions,
    ): Promise<void> {
        const person = await personIdHash(record.personEmail);
        if ((await this.#people.ownIdentities()).has(person))
            throw new LeuteError(
                'PERSON_IS_ME',
                'This is the identity of yourself, or of another device with your person',
            );
        if (replaceKeys) return;
        const { personKeyPublic, personSignKeyPublic } = record;
        const trusted = await this.#trust.getTrustedKeysForPerson(person);
        const signed = await this.#signed(objects, person);
        const known = signed.length > 0 ? signed : await this.#told(objects, person);
        const isKnown = known.some(
            ({ publicKey, publicSignKey }) => publicKey === personKeyPublic && publicSignKey === personSignKeyPublic,
        );
        if (known.length > 0 ? isKnown : trusted.length === 0 || trusted.includes(personSignKeyPublic)) return;
        throw new LeuteError(
            'KEYS_DIFFER',
            `The person ${person.slice(0, 8)}… is known with other keys: somebody else may claim to be this person`,
        );
    }

    /**
     * Those of the endpoints of a person that have its keys. All of them, as long as they do not contradict each other.
     */
    async believed(person: PersonId, endpoints: readonly OneInstanceEndpoint[]): Promise<OneInstanceEndpoint[]> {
        const keys = new Set(endpoints.map(({ personKeys }) => personKeys));
        if (keys.size < 2) return [...endpoints];
        const ownKeys = await this.#trust.rootKeys('All');
        const trusted = new Set(await this.#trust.getTrustedKeysForPerson(person));
        const [signed, fitting] = [new Set<string>(), new Set<string>()];
        for (const hash of keys) {
            const obj = await readAs(this.#objects, KeysRecipe, hash).catch(ignoreBroken);
            if (obj === undefined || obj.owner !== (person as unknown)) continue;
            if (trusted.has(obj.publicSignKey)) fitting.add(hash);
            if (await this.#isSigned(this.#objects, hash, ownKeys)) signed.add(hash);
        }
        const known = signed.size > 0 ? signed : fitting.size > 0 ? fitting : keys;
        return endpoints.filter(({ personKeys }) => known.has(personKeys));
    }

    /** Keys of a person that this device has signed in pairing; they stay when the contact is removed. */
    signedKeys(person: PersonId): Promise<Keys[]> {
        return this.#signed(this.#objects, person);
    }

    /** Whether this device has signed these Keys in pairing. */
    async isSignedHere(keys: string): Promise<boolean> {
        return this.#isSigned(this.#objects, keys, await this.#trust.rootKeys('All'));
    }

    /** Keys of a person by its own profile, if it has sent that itself, or a device of mine has. */
    async #told(objects: ObjectReader, person: PersonId): Promise<Keys[]> {
        const id = { $type$: 'Profile', profileId: DEFAULT_PROFILE, personId: person, owner: person } as const;
        const idHash = await objects.microdata.idHash(id);
        const profile = (await currentAs(objects, ProfileRecipe, idHash).catch(ignoreBroken))?.obj;
        if (profile === undefined || (await isHearsay(objects, this.#owners, person, idHash))) return [];
        const known: Keys[] = [];
        for (const { personId, personKeys } of await endpointsIn(objects, profile)) {
            const keys = await readAs(objects, KeysRecipe, personKeys).catch(ignoreBroken);
            if (personId === person && keys !== undefined && keys.owner === (person as unknown)) known.push(keys);
        }
        return known;
    }

    /** Keys of a person that this device has signed. */
    async #signed(objects: ObjectReader, person: PersonId): Promise<Keys[]> {
        const ownKeys = await this.#trust.rootKeys('All');
        const known: Keys[] = [];
        for (const hash of (await getAllEntries(objects, person, 'Keys')).slice(0, MAX_KEY_STATEMENTS)) {
            if (!(await this.#isSigned(objects, hash, ownKeys))) continue;
            const keys = await readAs(objects, KeysRecipe, hash).catch(ignoreBroken);
            if (keys !== undefined && keys.owner === (person as unknown)) known.push(keys);
        }
        return known;
    }

    async #isSigned(objects: ObjectReader, hash: string, ownKeys: readonly string[]): Promise<boolean> {
        const own = await this.#people.ownIdentities();
        for (const { obj } of await getSignatures(objects, hash))
            if (own.has(obj.issuer) && ownKeys.some(key => verifies(obj, key))) return true;
        return false;
    }
}

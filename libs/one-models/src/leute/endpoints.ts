// Where people can be reached (spec 60 §6.5).
import {
    KeysRecipe,
    type CryptoApi,
    type Instance,
    type Keys,
    type ObjectReader,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import {
    OneInstanceEndpointRecipe,
    ProfileRecipe,
    type OneInstanceEndpoint,
    type Profile,
} from '../recipes/people-recipes.ts';
import { MAX_PERSON_ENDPOINTS, MAX_PROFILE_ADDRESSES } from '../limits.ts';
import { currentAs, readAs } from '../typed-objects.ts';
import { ignoreBroken } from './leute-error.ts';
import type { People } from './people.ts';
import type { KnownKeys } from './known-keys.ts';
import type { Owners } from './hearsay.ts';
import { DEFAULT_PROFILE, LOCAL_PROFILE } from './well-known.ts';

const ENDPOINT_FRAME = '<div itemscope itemtype="//refin.io/OneInstanceEndpoint">';

/** What is not here is left out, and what no honest profile has. */
export async function endpointsIn(objects: ObjectReader, profile: Profile): Promise<OneInstanceEndpoint[]> {
    const endpoints: OneInstanceEndpoint[] = [];
    for (const hash of profile.communicationEndpoint.slice(0, MAX_PROFILE_ADDRESSES)) {
        const text = await objects.findText(hash);
        if (text?.startsWith(ENDPOINT_FRAME) === true)
            endpoints.push(objects.microdata.parseAs(OneInstanceEndpointRecipe, text));
    }
    return endpoints;
}

/** An instance on this device, with what signs and encrypts for it. The caller disposes of `cryptoApi`. */
export interface LocalInstance {
    readonly instanceId: SHA256IdHash<Instance>;
    readonly personId: SHA256IdHash<Person>;
    readonly cryptoApi: CryptoApi;
}

/**
 * Where a person is reached, it says itself, or I do: what a third person writes about it would have others dialled,
 * and would let others in (spec 53 §8: deployed instances believe everybody).
 */
export class Endpoints {
    readonly #one: OneInstance;
    readonly #people: People;
    readonly #keys: KnownKeys;
    readonly #owners: Owners;

    constructor(one: OneInstance, people: People, keys: KnownKeys, owners: Owners) {
        this.#one = one;
        this.#people = people;
        this.#keys = keys;
        this.#owners = owners;
    }

    /**
     * Of all identities of all contacts, one after the other: there may be many thousand. The same one may come twice.
     */
    async *ofOthers(): AsyncIterable<OneInstanceEndpoint> {
        for await (const [, endpoints] of this.byPerson()) yield* endpoints;
    }

    /** Every identity of every contact, as `ofPerson`. */
    async *byPerson(): AsyncIterable<[person: SHA256IdHash<Person>, endpoints: OneInstanceEndpoint[]]> {
        for (const id of (await this.#people.listed()).others) {
            const someone = await this.#people.someone(id).catch(ignoreBroken);
            for (const [person, profiles] of someone?.identities ?? [])
                yield [person, await this.#of(person, profiles)];
        }
    }

    /** What does not have the keys that are known of the person is left out. */
    async ofPerson(person: SHA256IdHash<Person>): Promise<OneInstanceEndpoint[]> {
        return this.#of(person, await this.#people.profilesOf(person));
    }

    /** Whether the keys of the instance were exchanged in pairing, and not only told. */
    isPaired({ instanceKeys }: OneInstanceEndpoint): Promise<boolean> {
        return this.#keys.isSignedHere(instanceKeys);
    }

    /** Whether an instance of a person is known by this public key of encryption. */
    async hasInstance(person: SHA256IdHash<Person>, publicKey: string): Promise<boolean> {
        for (const { instanceKeys } of await this.ofPerson(person)) {
            const keys = await readAs(this.#one.objects, KeysRecipe, instanceKeys).catch(ignoreBroken);
            if (keys?.publicKey === publicKey) return true;
        }
        return false;
    }

    /** Keys of a person that were exchanged in pairing; they stay when the contact is removed. */
    pairedKeys(person: SHA256IdHash<Person>): Promise<Keys[]> {
        return this.#keys.signedKeys(person);
    }

    /**
     * In my profiles, of instances on this device; pairing sends the first one. Those of the profile `local` come last.
     */
    async myLocal(person?: SHA256IdHash<Person>): Promise<OneInstanceEndpoint[]> {
        return this.#mine(true, person);
    }

    /** In my profiles, of instances elsewhere. */
    async internetOfMe(): Promise<OneInstanceEndpoint[]> {
        return this.#mine(false);
    }

    /** @throws IdentityError `SEVERAL_LOCAL_INSTANCES`; KeyChainError if the key chain is locked */
    async myLocalInstances(): Promise<LocalInstance[]> {
        const { identities, keyChain } = this.#one;
        const instances: LocalInstance[] = [];
        for (const personId of await this.#people.ownIdentities()) {
            if (!(await identities.isPersonComplete(personId))) continue;
            const instanceId = await identities.getLocalInstanceOfPerson(personId);
            instances.push({
                ...{ instanceId, personId },
                cryptoApi: await keyChain.createCryptoApiFromDefaultKeys(instanceId),
            });
        }
        return instances;
    }

    async #mine(isLocal: boolean, person?: SHA256IdHash<Person>): Promise<OneInstanceEndpoint[]> {
        const { identities } = await this.#people.me();
        const profiles = person === undefined ? [...identities.values()] : [identities.get(person) ?? []];
        const endpoints: OneInstanceEndpoint[] = [];
        const about = await this.#current(profiles.flatMap(ids => [...ids]));
        // What others write about me does not say how I am reached.
        for (const endpoint of await this.#in(about.filter(({ owner }) => identities.has(owner)))) {
            // Of an instance that is not known here nothing can be told.
            if (!(await this.#one.identities.doesInstanceExist(endpoint.instanceId))) continue;
            const keys = await this.#one.keyChain.findDefaultKeys(endpoint.instanceId);
            if (isLocal ? keys === endpoint.instanceKeys : keys === undefined) endpoints.push(endpoint);
        }
        return endpoints;
    }

    async #of(person: SHA256IdHash<Person>, ids: Iterable<SHA256IdHash<Profile>>): Promise<OneInstanceEndpoint[]> {
        const own = await this.#people.ownIdentities();
        const believed: Profile[] = [];
        for (const profile of await this.#current([...ids])) {
            const { personId, owner } = profile;
            const isBelieved = owner === person || own.has(owner) || (await this.#owners.isMine(owner));
            if (personId === person && isBelieved) believed.push(profile);
        }
        const endpoints = (await this.#in(believed)).filter(({ personId }) => personId === person);
        return this.#keys.believed(person, endpoints);
    }

    async #in(profiles: readonly Profile[]): Promise<OneInstanceEndpoint[]> {
        const endpoints: OneInstanceEndpoint[] = [];
        for (const profile of profiles.toSorted((a, b) => rankOf(a) - rankOf(b)))
            // Nobody has so many; whoever writes more has others look at them for nothing.
            if (endpoints.length < MAX_PERSON_ENDPOINTS)
                endpoints.push(...((await endpointsIn(this.#one.objects, profile).catch(ignoreBroken)) ?? []));
        return endpoints;
    }

    async #current(ids: readonly SHA256IdHash<Profile>[]): Promise<Profile[]> {
        const { objects } = this.#one;
        const found = ids.map(id => currentAs(objects, ProfileRecipe, id).catch(ignoreBroken));
        return (await Promise.all(found)).flatMap(profile => (profile === undefined ? [] : [profile.obj]));
    }
}

/** What everybody may know comes first. */
function rankOf({ profileId }: Profile): number {
    return profileId === DEFAULT_PROFILE ? 0 : profileId === LOCAL_PROFILE ? 2 : 1;
}

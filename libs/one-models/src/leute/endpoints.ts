// Where people can be reached (spec 60 §6.5).
import type { CryptoApi, Instance, ObjectReader, OneInstance, Person, SHA256IdHash } from '@refinio/one.core';
import {
    OneInstanceEndpointRecipe,
    ProfileRecipe,
    type OneInstanceEndpoint,
    type Profile,
} from '../recipes/people-recipes.ts';
import { currentAs } from '../typed-objects.ts';
import { ignoreBroken } from './leute-error.ts';
import type { People } from './people.ts';
import { profileIdObject } from './someones.ts';

const ENDPOINT_FRAME = '<div itemscope itemtype="//refin.io/OneInstanceEndpoint">';

/** What is not here is left out. */
export async function endpointsIn(objects: ObjectReader, profile: Profile): Promise<OneInstanceEndpoint[]> {
    const endpoints: OneInstanceEndpoint[] = [];
    for (const hash of profile.communicationEndpoint) {
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

export class Endpoints {
    readonly #one: OneInstance;
    readonly #people: People;

    constructor(one: OneInstance, people: People) {
        this.#one = one;
        this.#people = people;
    }

    /** Of all identities of all contacts, one after the other: there may be many thousand. The same one may come twice. */
    async *ofOthers(): AsyncIterable<OneInstanceEndpoint> {
        for (const id of (await this.#people.listed()).others) {
            const someone = await this.#people.someone(id).catch(ignoreBroken);
            for (const profiles of someone?.identities.values() ?? [])
                for (const profile of profiles) yield* await this.#ofProfile(profile);
        }
    }

    async ofPerson(person: SHA256IdHash<Person>): Promise<OneInstanceEndpoint[]> {
        return this.#ofProfiles(await this.#people.profilesOf(person));
    }

    /** In my profiles, of instances on this device; pairing sends the first one. */
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
        const own: SHA256IdHash<Profile>[] = [];
        // What others write about me does not say how I am reached.
        for (const id of profiles.flatMap(ids => [...ids])) {
            const profile = await profileIdObject(this.#one.objects, id).catch(ignoreBroken);
            if (profile !== undefined && identities.has(profile.owner)) own.push(id);
        }
        for (const endpoint of await this.#ofProfiles(own)) {
            // Of an instance that is not known here nothing can be told.
            if (!(await this.#one.identities.doesInstanceExist(endpoint.instanceId))) continue;
            const keys = await this.#one.keyChain.findDefaultKeys(endpoint.instanceId);
            if (isLocal ? keys === endpoint.instanceKeys : keys === undefined) endpoints.push(endpoint);
        }
        return endpoints;
    }

    async #ofProfiles(profiles: readonly SHA256IdHash<Profile>[]): Promise<OneInstanceEndpoint[]> {
        return (await Promise.all(profiles.map(profile => this.#ofProfile(profile)))).flat();
    }

    async #ofProfile(id: SHA256IdHash<Profile>): Promise<OneInstanceEndpoint[]> {
        const { objects } = this.#one;
        const profile = await currentAs(objects, ProfileRecipe, id);
        return profile === undefined ? [] : endpointsIn(objects, profile.obj);
    }
}

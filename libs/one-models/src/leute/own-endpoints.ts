// Where others reach an instance of mine (DESIGN §1.1): public addresses in the default profile, which everybody may
// see, and those by which only own devices reach it in the profile `local`.
import {
    createAccessIn,
    type Instance,
    type Keys,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import {
    OneInstanceEndpointRecipe,
    ProfileRecipe,
    type OneInstanceEndpoint,
    type Profile,
} from '../recipes/people-recipes.ts';
import { findObject } from '../trust/find-object.ts';
import { currentAs, storeChange, storeObject } from '../typed-objects.ts';
import { DEFAULT_PROFILE, LOCAL_PROFILE } from './well-known.ts';

export interface OwnUrls {
    /** By which everybody can dial this instance. None: it dials others, as a browser does. */
    readonly publicUrls: readonly string[];
    /** By which only own devices can dial it. Default: as they are. */
    readonly localUrls?: readonly string[];
}

type PersonId = SHA256IdHash<Person>;
type Endpoints = Profile['communicationEndpoint'];

interface OwnInstance {
    readonly personId: PersonId;
    readonly instanceId: SHA256IdHash<Instance>;
    readonly personKeys: SHA256Hash<Keys>;
    readonly instanceKeys: SHA256Hash<Keys>;
}

/** @throws IdentityError if the person has no instance on this device */
export async function ownInstanceOf({ identities, keyChain }: OneInstance, personId: PersonId): Promise<OwnInstance> {
    const instanceId = await identities.getLocalInstanceOfPerson(personId);
    const [personKeys, instanceKeys] = [
        await keyChain.getDefaultKeys(personId),
        await keyChain.getDefaultKeys(instanceId),
    ];
    return { personId, instanceId, personKeys, instanceKeys };
}

/**
 * Replaces the endpoints of one instance; those of others, and whatever else stands in the profiles, stay.
 * @param devices to whom the profile `local` is granted
 */
export async function setOwnUrlsIn(
    objects: ObjectTransaction,
    instance: OwnInstance,
    { publicUrls, localUrls }: OwnUrls,
    devices: readonly PersonId[],
): Promise<void> {
    // Before anything is paired there has to be an endpoint, also if it cannot be dialled.
    await setUrls(objects, instance, DEFAULT_PROFILE, publicUrls.length === 0 ? [undefined] : publicUrls);
    const local = await localProfileOf(objects, instance.personId);
    if (localUrls !== undefined && (localUrls.length > 0 || (await objects.head(local)) !== undefined))
        await setUrls(objects, instance, LOCAL_PROFILE, localUrls);
    await grantLocalProfile(objects, instance.personId, devices);
}

/** Does nothing without such a profile. */
export async function grantLocalProfile(
    objects: ObjectTransaction,
    owner: PersonId,
    devices: readonly PersonId[],
): Promise<void> {
    const id = await localProfileOf(objects, owner);
    if (devices.length > 0 && (await objects.head(id)) !== undefined)
        await createAccessIn(objects, [{ id, person: devices, mode: 'add' }]);
}

async function setUrls(
    objects: ObjectTransaction,
    { personId, ...instance }: OwnInstance,
    profileId: string,
    urls: readonly (string | undefined)[],
): Promise<void> {
    const id = { $type$: 'Profile', profileId, personId, owner: personId } as const;
    const before = (await currentAs(objects, ProfileRecipe, await objects.microdata.idHash(id)))?.obj;
    const endpoints: Endpoints[number][] = [];
    for (const hash of before?.communicationEndpoint ?? []) {
        const endpoint = await findObject(objects, OneInstanceEndpointRecipe, hash);
        if (endpoint?.instanceId !== instance.instanceId) endpoints.push(hash);
    }
    for (const url of new Set(urls)) {
        const endpoint = { personId, ...instance, ...(url !== undefined && { url }) };
        endpoints.push(await storeObject<OneInstanceEndpoint>(objects, { $type$: 'OneInstanceEndpoint', ...endpoint }));
    }
    const personDescription = before?.personDescription ?? [];
    await storeChange<Profile>(objects, { ...id, communicationEndpoint: endpoints, personDescription });
}

function localProfileOf(objects: ObjectTransaction, owner: PersonId): Promise<SHA256IdHash<Profile>> {
    const id = { $type$: 'Profile', profileId: LOCAL_PROFILE, personId: owner, owner } as const;
    return objects.microdata.idHash(id);
}

// A contact from an identity record, as pairing receives it or a person imports it (spec 60 §9.4).
import {
    ensureHash,
    type Instance,
    type Keys,
    type ObjectReader,
    type ObjectTransaction,
    type Person,
    type PublicIdentityRecord,
    type SHA256IdHash,
} from '@refinio/one.core';
import {
    OneInstanceEndpointRecipe,
    ProfileRecipe,
    type OneInstanceEndpoint,
    type Profile,
    type SignKey,
} from '../recipes/people-recipes.ts';
import { certifyIn } from '../trust/certificates.ts';
import { findObject } from '../trust/find-object.ts';
import { newestVersions } from '../trust/newest-versions.ts';
import { isSignKey } from '../trust/profile-versions.ts';
import { signIn } from '../trust/signatures.ts';
import type { Signer } from '../trust/signer.ts';
import { currentAs, readAs, storeChange, storeIdObject, storeObject, type Version } from '../typed-objects.ts';
import { createProfileIn } from './profile-model.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

/** Whether what is here of a profile of a person was only told by others. */
export type IsHearsay = (person: SHA256IdHash<Person>, profile: SHA256IdHash<Profile>) => Promise<boolean>;

/**
 * Person, Instance, keys, and the default profile with endpoint and key of signing. To a profile that is there, what is
 * missing in it is added. What others have told of the person is gone, and so are other keys: nobody has proved them.
 * @param owner of this instance: signs both `Keys` objects
 * @returns the current version, which has no other key of signing
 */
export async function storeContactIdentity(
    objects: ObjectTransaction,
    record: PublicIdentityRecord,
    owner: Signer,
    isHearsay: IsHearsay = () => Promise.resolve(false),
): Promise<Version<Profile>> {
    const person = await storeIdObject<Pick<Person, '$type$' | 'email'>>(objects, {
        $type$: 'Person',
        email: record.personEmail,
    });
    const personKeys = await storeObject<Keys>(objects, {
        ...{ $type$: 'Keys', owner: person },
        ...{ publicKey: record.personKeyPublic, publicSignKey: record.personSignKeyPublic },
    });
    const instance = await storeIdObject<Pick<Instance, '$type$' | 'name' | 'owner'>>(objects, {
        ...{ $type$: 'Instance', name: record.instanceName, owner: person },
    });
    const instanceKeys = await storeObject<Keys>(objects, {
        ...{ $type$: 'Keys', owner: instance },
        ...{ publicKey: record.instanceKeyPublic, publicSignKey: record.instanceSignKeyPublic },
    });
    for (const keys of [personKeys, instanceKeys]) await signIn(objects, keys, owner);
    const endpoint: OneInstanceEndpoint = {
        $type$: 'OneInstanceEndpoint',
        ...{ personId: person, instanceId: instance, personKeys, instanceKeys },
        ...(record.url !== undefined && { url: record.url }),
    };
    const signKey: SignKey = { $type$: 'SignKey', key: record.personSignKeyPublic };
    const id = { profileId: DEFAULT_PROFILE, personId: person, owner: person };
    const idHash = await objects.microdata.idHash({ $type$: 'Profile', ...id } as const);
    const before = (await currentAs(objects, ProfileRecipe, idHash))?.obj;
    if (before === undefined) return createProfileIn(objects, id, [endpoint], [signKey]);
    const isOld = await isHearsay(person, idHash as string as SHA256IdHash<Profile>);
    const endpoints = isOld ? [] : await withKeys(objects, before.communicationEndpoint, personKeys);
    const descriptions = isOld ? [] : await withoutSignKeys(objects, before.personDescription);
    return storeChange<Profile>(objects, {
        ...before,
        communicationEndpoint: [...new Set([...endpoints, await storeObject(objects, endpoint)])],
        personDescription: [...descriptions, await storeObject(objects, signKey)],
    });
}

/** Addresses, and endpoints with the keys of the person. */
async function withKeys<T extends string>(objects: ObjectReader, hashes: readonly T[], keys: string): Promise<T[]> {
    const kept: T[] = [];
    for (const hash of hashes) {
        const endpoint = await findObject(objects, OneInstanceEndpointRecipe, hash);
        if (endpoint === undefined || endpoint.personKeys === (keys as unknown)) kept.push(hash);
    }
    return kept;
}

async function withoutSignKeys<T extends string>(objects: ObjectReader, hashes: readonly T[]): Promise<T[]> {
    const kept: T[] = [];
    for (const hash of hashes) if (!(await isSignKey(objects, hash))) kept.push(hash);
    return kept;
}

/**
 * That the keys in a version of a profile are those of its person; and in the newest versions of which it was merged,
 * as deployed instances do not look at merged ones (spec 32-C.5 #8).
 * @param issuer the main identity
 */
export async function trustProfile(
    objects: ObjectTransaction,
    profile: Pick<Version<Profile>, 'hash' | 'idHash'>,
    issuer: Signer,
): Promise<void> {
    const known = await signKeysOf(objects, profile.hash);
    for (const hash of new Set([profile.hash, ...(await newestVersions(objects, profile.idHash))])) {
        const keys = await signKeysOf(objects, hash);
        if (keys.length > 0 && keys.every(key => known.includes(key)))
            await certifyIn(objects, 'TrustKeysCertificate', { profile: ensureHash<Profile>(hash) }, issuer);
    }
}

async function signKeysOf(objects: ObjectReader, version: string): Promise<string[]> {
    const keys: string[] = [];
    for (const hash of (await readAs(objects, ProfileRecipe, version)).personDescription)
        if (await isSignKey(objects, hash)) keys.push(hash);
    return keys;
}

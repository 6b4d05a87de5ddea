// What an instance knows of people from its first moment on (spec 60 §3.1), in one transaction.
import {
    KeysRecipe,
    type Instance,
    type Keys,
    type KeyOwner,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type SHA256Hash,
    type SHA256IdHash,
} from '@refinio/one.core';
import type { OneInstanceEndpoint, Profile, SignKey } from '../recipes/people-recipes.ts';
import { certifyIn } from '../trust/certificates.ts';
import type { Signer } from '../trust/signer.ts';
import { readAs, storeChange, storeObject, type Version } from '../typed-objects.ts';
import { createSomeone } from './someones.ts';
import { DEFAULT_PROFILE, LEUTE_APP, LEUTE_ID, ME, ME_ID } from './well-known.ts';

/** An instance of a person with the keys of both, as others get to know it. */
export interface Reachable {
    readonly person: SHA256IdHash<Person>;
    readonly instance: SHA256IdHash<Instance>;
    readonly personKeys: SHA256Hash<Keys>;
    readonly instanceKeys: SHA256Hash<Keys>;
    /** Where it can be dialled; none for a browser. */
    readonly url?: string | undefined;
}

/** This instance and its owner. @throws KeyChainError `KEYCH-NODEFKEYS` */
export async function ownReachable(one: OneInstance, url: string | undefined): Promise<Reachable> {
    const keysOf = (owner: KeyOwner): Promise<SHA256Hash<Keys>> => one.keyChain.getDefaultKeys(owner);
    const { owner: person, id: instance } = one;
    return { person, instance, personKeys: await keysOf(person), instanceKeys: await keysOf(instance), url };
}

/** The default profile by which a person describes itself: where it is reached, and its key of signing. */
export async function storeOwnProfile(objects: ObjectTransaction, reachable: Reachable): Promise<Version<Profile>> {
    const { person, instance, personKeys, instanceKeys, url } = reachable;
    const endpoint = await storeObject<OneInstanceEndpoint>(objects, {
        $type$: 'OneInstanceEndpoint',
        ...{ personId: person, instanceId: instance, personKeys, instanceKeys },
        ...(url !== undefined && { url }),
    });
    const { publicSignKey } = await readAs(objects, KeysRecipe, personKeys);
    const signKey = await storeObject<SignKey>(objects, { $type$: 'SignKey', key: publicSignKey });
    return storeChange<Profile>(objects, {
        ...{ $type$: 'Profile', profileId: DEFAULT_PROFILE, personId: person, owner: person },
        communicationEndpoint: [endpoint],
        personDescription: [signKey],
    });
}

/**
 * Does nothing if there is a version of Leute: only that it is not there is a first start, an error of reading is not.
 */
export async function firstStart(objects: ObjectTransaction, reachable: Reachable, signer: Signer): Promise<void> {
    if ((await objects.head(LEUTE_ID)) !== undefined) return;
    const { person } = reachable;
    const profile = await storeOwnProfile(objects, reachable);
    await storeChange(objects, createSomeone(ME, person, profile.idHash));
    await storeChange(objects, { $type$: 'Leute', appId: LEUTE_APP, me: ME_ID, other: [], group: [] } as const);
    await grantRights(objects, person, signer);
}

/** The main identity may declare which keys are trusted (spec 32-C.3). */
export async function grantRights(
    objects: ObjectTransaction,
    beneficiary: SHA256IdHash<Person>,
    signer: Signer,
): Promise<void> {
    await certifyIn(objects, 'RightToDeclareTrustedKeysForEverybodyCertificate', { beneficiary }, signer);
    await certifyIn(objects, 'RightToDeclareTrustedKeysForSelfCertificate', { beneficiary }, signer);
}

// A contact from an identity record, as pairing receives it or a person imports it (spec 60 §9.4).
import {
    type Instance,
    type Keys,
    type ObjectTransaction,
    type Person,
    type PublicIdentityRecord,
} from '@refinio/one.core';
import type { OneInstanceEndpoint, Profile, SignKey } from '../recipes/people-recipes.ts';
import { certifyIn } from '../trust/certificates.ts';
import { signIn } from '../trust/signatures.ts';
import type { Signer } from '../trust/signer.ts';
import { storeIdObject, storeObject, type Version } from '../typed-objects.ts';
import { createProfileIn } from './profile-model.ts';
import { DEFAULT_PROFILE } from './well-known.ts';

/**
 * Person, Instance, keys, and the default profile with endpoint and key of signing; to a profile that is there, what is missing in
 * it is added.
 * @param owner of this instance: signs both `Keys` objects
 */
export async function storeContactIdentity(
    objects: ObjectTransaction,
    record: PublicIdentityRecord,
    owner: Signer,
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
    return createProfileIn(objects, id, [endpoint], [signKey]);
}

/** That the keys in this version of a profile are those of its person. @param issuer the main identity */
export async function trustProfile(
    objects: ObjectTransaction,
    profile: Version<Profile>,
    issuer: Signer,
): Promise<void> {
    await certifyIn(objects, 'TrustKeysCertificate', { profile: profile.hash }, issuer);
}

// Identities of oneself (spec 60 §6.3): further ones, and which of them is the main one.
import {
    createAccessIn,
    createKeyPair,
    createRandomString,
    createSignKeyPair,
    CryptoApi,
    wipe,
    type OneInstance,
    type Person,
    type SHA256IdHash,
} from '@refinio/one.core';
import type { Profile } from '../recipes/people-recipes.ts';
import { certifyIn } from '../trust/certificates.ts';
import { createSigner } from '../trust/signer.ts';
import { currentAs, storeChange, storeIdObject, type Version } from '../typed-objects.ts';
import { SomeoneRecipe } from '../recipes/people-recipes.ts';
import { grantRights, storeOwnProfile } from './first-start.ts';
import { addMembers, createGroupIn } from './group-model.ts';
import { LeuteError } from './leute-error.ts';
import type { People } from './people.ts';
import { mainProfileOf, profileIdObject, withIdentity, withMainProfile, withProfile } from './someones.ts';
import { EVERYONE_ID, IOM, ME_ID } from './well-known.ts';

export interface NewOwnIdentity {
    readonly email?: string | undefined;
    readonly instanceName?: string | undefined;
    readonly url?: string | undefined;
    /** Whether what says who it is is granted to the group `everyone`. */
    readonly tellEveryone: boolean;
}

/**
 * A person of mine with an instance and the keys of both, all on this device. The main identity certifies its keys for
 * my own identities, and it affirms them itself.
 * @throws LeuteError `PERSON_EXISTS`
 */
export async function createOwnIdentity(
    one: OneInstance,
    people: People,
    { email = createRandomString(), instanceName = createRandomString(), url, tellEveryone }: NewOwnIdentity,
): Promise<Version<Profile>> {
    const { keyChain } = one;
    const keys = { encryption: createKeyPair(), sign: createSignKeyPair() };
    using main = await createSigner(keyChain, await people.mainIdentity());
    using own = new CryptoApi(keys.encryption, keys.sign);
    try {
        return await one.objects.transact(async objects => {
            const { idHash: id, status } = await objects.storeId(personObject(email));
            if (status === 'exists')
                throw new LeuteError('PERSON_EXISTS', `There is a person ${id.slice(0, 8)}… with this e-mail already`);
            const person = id as SHA256IdHash<Person>;
            const personKeys = await keyChain.createDefaultKeysIn(objects, person, keys);
            const instance = await storeIdObject(objects, {
                $type$: 'Instance',
                name: instanceName,
                owner: person,
            } as const);
            const instanceKeys = await keyChain.createDefaultKeysIn(objects, instance);
            const profile = await storeOwnProfile(objects, { person, instance, personKeys, instanceKeys, url });
            const me = await currentAs(objects, SomeoneRecipe, ME_ID);
            if (me === undefined)
                throw new LeuteError('LEUTE_MISSING', 'Nothing is known of me: start the LeuteModel first');
            await storeChange(objects, withProfile(withIdentity(me.obj, person), person, profile.idHash));
            const iom = await createGroupIn(objects, IOM);
            await addMembers(objects, iom, [...me.obj.identities.keys(), person]);
            const trust = await certifyIn(objects, 'TrustKeysCertificate', { profile: profile.hash }, main);
            const itself = { issuer: person, sign: (data: Uint8Array) => own.sign(data) };
            const affirmation = await certifyIn(objects, 'AffirmationCertificate', { data: profile.hash }, itself);
            await createAccessIn(objects, [{ object: trust.signature.hash, group: [iom], mode: 'add' }]);
            if (tellEveryone)
                await createAccessIn(objects, [
                    { id: profile.idHash, group: [EVERYONE_ID], mode: 'add' },
                    { object: affirmation.signature.hash, group: [EVERYONE_ID], mode: 'add' },
                ]);
            return profile;
        });
    } finally {
        wipe(keys.encryption.secretKey, keys.sign.secretKey);
    }
}

function personObject(email: string) {
    return { $type$: 'Person', email } as const;
}

/**
 * Makes another one of my identities the main one. It certifies its own rights and those of the one before, whose trust
 * would lapse otherwise (spec 32-C.5).
 * @throws LeuteError `PERSON_NOT_COMPLETE`, `PERSON_NOT_MANAGED`, `PERSON_HAS_NO_PROFILE`
 */
export async function switchMainIdentity(
    one: OneInstance,
    before: SHA256IdHash<Person>,
    to: MainProfile,
): Promise<void> {
    using signer = await createSigner(one.keyChain, to.person);
    await one.objects.transact(async objects => {
        await grantRights(objects, to.person, signer);
        if (before !== to.person) await grantRights(objects, before, signer);
        const me = await currentAs(objects, SomeoneRecipe, ME_ID);
        if (me === undefined)
            throw new LeuteError('LEUTE_MISSING', 'Nothing is known of me: start the LeuteModel first');
        await storeChange(objects, withMainProfile(me.obj, to.person, to.profile));
    });
}

/** Another profile of the main identity. */
export async function setMainProfile(one: OneInstance, to: MainProfile): Promise<void> {
    await one.objects.transact(async objects => {
        const me = await currentAs(objects, SomeoneRecipe, ME_ID);
        if (me !== undefined) await storeChange(objects, withMainProfile(me.obj, to.person, to.profile));
    });
}

export interface MainProfile {
    readonly person: SHA256IdHash<Person>;
    readonly profile: SHA256IdHash<Profile>;
}

/** The profile by which a person of mine is to be shown. @throws LeuteError as `switchMainIdentity` */
export async function mainProfileFor(
    one: OneInstance,
    people: People,
    target: { readonly person: SHA256IdHash<Person> } | { readonly profile: SHA256IdHash<Profile> },
): Promise<MainProfile> {
    const person = 'person' in target ? target.person : (await profileIdObject(one.objects, target.profile)).personId;
    const me = await people.me();
    const profile = 'profile' in target ? target.profile : await mainProfileOf(one.objects, me, person);
    if (!me.identities.has(person))
        throw new LeuteError('PERSON_NOT_MANAGED', `The person ${person.slice(0, 8)}… is none of my identities`);
    if (!(await one.identities.isPersonComplete(person)))
        throw new LeuteError(
            'PERSON_NOT_COMPLETE',
            `This device cannot act as the person ${person.slice(0, 8)}…: it lacks its keys, or an instance of it`,
        );
    return { person, profile };
}

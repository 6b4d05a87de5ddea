import {
    ensureIdHash,
    parseIdentityRecord,
    personIdHash,
    publicIdentityRecord,
    type Instance,
    type Keys,
    type ObjectTransaction,
    type OneInstance,
    type Person,
    type PublicIdentityRecord,
    type SHA256Hash,
    type SHA256IdHash,
    type Typed,
} from '@refinio/one.core';
import {
    createProfileIn,
    DEFAULT_PROFILE,
    LeuteError,
    ProfileModel,
    type Profile,
    type SomeoneModel,
} from '@refinio/one.models';
import * as z from 'zod';
import type { Peer } from '../peer.ts';
import { flag, name, persons } from './arguments.ts';
import { command, type Commands } from './command.ts';

export const contactCommands: Commands = {
    'create-contact-with-endpoint': command({
        args: { identity: z.record(z.string(), z.unknown(), 'an identity record'), trust: flag.default(true) },
        result: '{personId, profileIdHash}',
        about: 'contact and profile without pairing; `trust` false: its keys are not trusted, the profile is mine',
        run: async ({ one, leute }, { identity, trust }) => {
            const record = publicIdentityRecord(parseIdentityRecord(identity));
            const personId = await personIdHash(record.personEmail);
            let owner = personId;
            if (trust) await leute.importContact(record);
            else {
                owner = await leute.myMainIdentity();
                await one.objects.transact(objects => describePerson(objects, record, owner));
            }
            await leute.settled();
            const profile = { $type$: 'Profile', profileId: DEFAULT_PROFILE, personId, owner } as const;
            return { personId, profileIdHash: await one.microdata.idHash(profile) };
        },
    }),
    'list-contacts': command({
        args: {},
        result:
            '[{someoneIdHash, mainIdentity, identities, ' +
            'profiles: [{idHash, personId, owner, profileId, endpoints, descriptions}], trustedKeys}]',
        run: async peer => {
            const contacts: unknown[] = [];
            for (const someone of await peer.leute.others()) contacts.push(await describeContact(peer, someone));
            return contacts;
        },
    }),
    'create-group': command({
        args: { name, persons },
        result: '{idHash, hash}',
        about: 'a group that is there gets these members',
        run: async ({ one, leute }, { name, persons }) => {
            const group = await leute.createGroup(name);
            group.persons = persons;
            await group.save();
            const { idHash, hash } = await one.objects.getObjectByIdHash(group.idHash);
            return { idHash, hash };
        },
    }),
};

async function describeContact({ one, leute }: Peer, someone: SomeoneModel) {
    const profiles: object[] = [];
    for (const id of someone.profileIds()) {
        const profile = await findProfile(one, id);
        if (profile === undefined) continue;
        const { idHash, personId, owner, profileId } = profile;
        const parts = { endpoints: profile.communicationEndpoints, descriptions: profile.personDescriptions };
        profiles.push({ idHash, personId, owner, profileId, ...parts });
    }
    const trustedKeys = new Set<string>();
    for (const person of someone.identities)
        for (const key of await leute.trust.getTrustedKeysForPerson(person)) trustedKeys.add(key);
    return {
        ...{ someoneIdHash: someone.idHash, mainIdentity: await someone.mainIdentity() },
        ...{ identities: someone.identities, profiles, trustedKeys: [...trustedKeys] },
    };
}

/** One that is listed may not have come yet. */
async function findProfile(one: OneInstance, id: SHA256IdHash<Profile>): Promise<ProfileModel | undefined> {
    try {
        return await ProfileModel.load(one, id);
    } catch (error) {
        if (error instanceof LeuteError && error.code === 'PROFILE_MISSING') return undefined;
        throw error;
    }
}

/** What an identity record says, as somebody says it who does not vouch for it. */
async function describePerson(
    objects: ObjectTransaction,
    record: PublicIdentityRecord,
    owner: SHA256IdHash<Person>,
): Promise<void> {
    const { idHash } = await objects.storeId({ $type$: 'Person', email: record.personEmail } as Typed);
    const personId = ensureIdHash<Person>(idHash);
    const named = { $type$: 'Instance', name: record.instanceName, owner: personId };
    const instanceId = ensureIdHash<Instance>((await objects.storeId(named)).idHash);
    const storeKeys = async (of: string, publicKey: string, publicSignKey: string): Promise<SHA256Hash<Keys>> =>
        (await objects.storeUnversioned({ $type$: 'Keys', owner: of, publicKey, publicSignKey } as Typed))
            .hash as SHA256Hash<Keys>;
    const endpoint = {
        ...({ $type$: 'OneInstanceEndpoint', personId, instanceId } as const),
        personKeys: await storeKeys(personId, record.personKeyPublic, record.personSignKeyPublic),
        instanceKeys: await storeKeys(instanceId, record.instanceKeyPublic, record.instanceSignKeyPublic),
        ...(record.url !== undefined && { url: record.url }),
    };
    const signKey = { $type$: 'SignKey', key: record.personSignKeyPublic } as const;
    await createProfileIn(objects, { profileId: DEFAULT_PROFILE, personId, owner }, [endpoint], [signKey]);
}

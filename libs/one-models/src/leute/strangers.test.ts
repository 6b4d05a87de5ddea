// What a contact passes on, or makes up, about others.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createRandomString, type Instance, type Keys, type Person, type SHA256IdHash } from '@refinio/one.core';
import type { CommunicationEndpoint, PersonDescription } from '../recipes/people-recipes.ts';
import { storeIdObject, storeObject } from '../typed-objects.ts';
import { createProfileIn, type ProfileId } from './profile-model.ts';
import { ownRecord, recordOf, synchronize, testPerson, type TestPerson } from './test-people.ts';

type PersonId = SHA256IdHash<Person>;

let alice: TestPerson;
let mallory: TestPerson;
let errors: unknown[];
beforeEach(async () => {
    errors = [];
    const onError = (error: unknown): void => void errors.push(error);
    [alice, mallory] = [await testPerson('alice', { onError }), await testPerson('mallory')];
    await alice.leute.importContact(await ownRecord(mallory));
    await mallory.leute.importContact(await ownRecord(alice));
    await alice.leute.settled();
    await mallory.leute.shutdown();
});
afterEach(async () => {
    await alice[Symbol.asyncDispose]();
    await mallory[Symbol.asyncDispose]();
});

/** What of it is refused, and nothing else fails. */
async function pass(requests: readonly { readonly id?: string; readonly object?: string }[]): Promise<string> {
    const person = [alice.one.owner];
    await mallory.one.createAccess(requests.map(request => ({ ...request, person, mode: 'add' as const })));
    return synchronize(mallory, alice).then(
        () => '',
        (error: unknown) => String((error as AggregateError).errors),
    );
}

const personOf = (name: string): Promise<PersonId> =>
    mallory.one.objects.transact(objects =>
        storeIdObject(objects, { $type$: 'Person', email: `${name}@test` } as const),
    );

/** A profile as Mallory writes it, whoever is said to be its owner. */
async function profile(
    { personId, owner = personId, profileId = 'default' }: Partial<ProfileId> & { readonly personId: PersonId },
    descriptions: readonly PersonDescription[] = [],
    endpoints: readonly CommunicationEndpoint[] = [],
): Promise<{ readonly id: string }> {
    const { idHash } = await mallory.one.objects.transact(objects =>
        createProfileIn(objects, { profileId, personId, owner }, endpoints, descriptions),
    );
    return { id: idHash };
}

const named = (name: string): PersonDescription => ({ $type$: 'PersonName', name });

/** An endpoint of a person with keys of Mallory's choice. */
async function endpointWith(personId: PersonId, publicKey: string, publicSignKey: string) {
    return mallory.one.objects.transact(async objects => {
        const instanceId = await storeIdObject<Pick<Instance, '$type$' | 'name' | 'owner'>>(objects, {
            ...{ $type$: 'Instance', name: 'evil', owner: personId },
        });
        const personKeys = await storeObject<Keys>(objects, {
            ...{ $type$: 'Keys', owner: personId, publicKey, publicSignKey },
        });
        const instanceKeys = await storeObject<Keys>(objects, {
            ...{ $type$: 'Keys', owner: instanceId, publicKey, publicSignKey },
        });
        return {
            ...({ $type$: 'OneInstanceEndpoint', url: 'wss://evil.test' } as const),
            ...{ personId, instanceId, personKeys, instanceKeys },
        };
    });
}

describe('keys that somebody else has told of a person', () => {
    const evil = recordOf('evil');

    test('are not trusted because the person is paired later', async () => {
        const bob = await personOf('bob');
        await pass([await profile({ personId: bob }, [{ $type$: 'SignKey', key: evil.personSignKeyPublic }])]);
        const record = recordOf('bob');
        await alice.leute.importContact(record);
        expect(await alice.leute.trust.getTrustedKeysForPerson(bob)).toEqual([record.personSignKeyPublic]);
        expect(await alice.leute.trust.isKeyTrusted(evil.personSignKeyPublic)).toBe(false);
    });

    test('neither let somebody else in as that person, nor keep the person out', async () => {
        const bob = await personOf('bob');
        const endpoint = await endpointWith(bob, evil.personKeyPublic, evil.personSignKeyPublic);
        await pass([
            await profile({ personId: bob }, [], [endpoint]),
            await profile({ personId: bob, owner: mallory.one.owner }, [], [endpoint]),
        ]);
        const record = recordOf('bob');
        await alice.leute.importContact(record);
        const keys = await Promise.all(
            (await alice.leute.endpoints.ofPerson(bob)).map(({ personKeys }) => alice.one.objects.read(personKeys)),
        );
        expect(keys).toMatchObject([{ publicKey: record.personKeyPublic }]);
        const forged = { ...record, ...evil, personEmail: record.personEmail };
        await expect(alice.leute.importContact(forged)).rejects.toMatchObject({ code: 'KEYS_DIFFER' });
    });

    test('count if a device of mine has told them', async () => {
        await using archive = await testPerson('archive');
        await archive.leute.importContact(await ownRecord(alice));
        await alice.leute.importContact(await ownRecord(archive));
        const keys = (await archive.one.keyChain.getListOfKeys(alice.one.owner))[0]?.keys;
        if (keys === undefined) throw new Error('no keys');
        await archive.leute.devices.certify(alice.one.owner, keys, 'browser');
        await synchronize(archive, alice);
        await alice.leute.devices.accept(archive.one.owner);
        const record = recordOf('bob');
        const bob = await archive.leute.importContact(record);
        await archive.one.createAccess([{ id: bob.mainProfileId, person: [alice.one.owner], mode: 'add' }]);
        await synchronize(archive, alice);
        const forged = { ...recordOf('bob') };
        await expect(alice.leute.importContact(forged)).rejects.toMatchObject({ code: 'KEYS_DIFFER' });
        await alice.leute.importContact(record);
    });

    test('do not let somebody in who knows the public key of signing', async () => {
        const record = recordOf('bob');
        const bob = await personOf('bob');
        const endpoint = await endpointWith(bob, evil.personKeyPublic, record.personSignKeyPublic);
        await pass([await profile({ personId: bob }, [], [endpoint])]);
        await alice.leute.importContact(record);
        const forged = { ...record, personKeyPublic: evil.personKeyPublic };
        await expect(alice.leute.importContact(forged)).rejects.toMatchObject({ code: 'KEYS_DIFFER' });
        expect((await alice.leute.endpoints.ofPerson(bob)).map(({ url }) => url)).toEqual(['wss://relay.test']);
    });

    test('are not hidden among many', async () => {
        const record = recordOf('bob');
        const bob = await personOf('bob');
        const endpoint = await endpointWith(bob, evil.personKeyPublic, evil.personSignKeyPublic);
        const many = Array.from({ length: 600 }, (_, i) => ({ ...endpoint, url: `wss://${i}.evil.test` }));
        const keys = Array.from({ length: 150 }, (_, i): PersonDescription => {
            return { $type$: 'SignKey', key: i.toString(16).padStart(64, '0') };
        });
        // She knows his public key, too.
        await pass([await profile({ personId: bob }, [{ $type$: 'SignKey', key: record.personSignKeyPublic }])]);
        await pass([await profile({ personId: bob }, [...keys, named('Aaron')], many)]);
        expect(await alice.leute.displayName(bob)).toBe('Aaron');
        await alice.leute.importContact(record);
        expect(await alice.leute.trust.getTrustedKeysForPerson(bob)).toEqual([record.personSignKeyPublic]);
        expect((await alice.leute.endpoints.ofPerson(bob)).map(({ url }) => url)).toEqual(['wss://relay.test']);
        // What she has said of him before does not count any more.
        expect(await alice.leute.displayName(bob)).toBe(bob);
        expect(await pass([await profile({ personId: bob }, [named('Eve')])])).toMatch(/CHUM_VERSION_REFUSED/);
    });

    test('do not say where others are dialled', async () => {
        const bob = await (await alice.leute.importContact(recordOf('bob'))).mainIdentity();
        const me = mallory.one.owner;
        const endpoint = await endpointWith(await personOf('bob'), evil.personKeyPublic, evil.personSignKeyPublic);
        await pass([
            await profile({ personId: bob, owner: me }, [], [endpoint]),
            await profile({ personId: me, owner: me, profileId: 'mine' }, [], [endpoint]),
            await profile({ personId: bob, profileId: 'work' }, [], [endpoint]),
        ]);
        for await (const { url } of alice.leute.endpoints.ofOthers()) expect(url).not.toBe('wss://evil.test');
    });
});

describe('a profile that is passed on', () => {
    test('is followed for as long as its owner has said nothing', async () => {
        const bob = await personOf('bob');
        expect(await pass([await profile({ personId: bob }, [named('Bob')])])).toBe('');
        expect(await alice.leute.displayName(bob)).toBe('Bob');
        const status = { $type$: 'PersonStatus', value: 'new', timestamp: 1, location: '' } as const;
        expect(await pass([await profile({ personId: bob }, [status])])).toBe('');
        const profiles = await (await alice.leute.getSomeone(bob))?.profiles(bob);
        expect(profiles?.map(each => each.status?.value)).toEqual(['new']);
    });

    test('says nothing of somebody who was paired, and never did', async () => {
        const bob = await (await alice.leute.importContact(recordOf('bob'))).mainIdentity();
        await personOf('bob');
        expect(await pass([await profile({ personId: bob, profileId: 'work' }, [named('Evil')])])).toMatch(/REFUSED/);
        expect((await alice.leute.getSomeone(bob))?.profileIds(bob)).toHaveLength(1);
    });

    test('says nothing more when its owner has spoken', async () => {
        await using bob = await testPerson('bob');
        const own = await (await bob.leute.me()).mainProfile();
        const id = { personId: bob.one.owner, owner: bob.one.owner, profileId: 'default' };
        await personOf('bob');
        expect(await pass([await profile(id, [named('Bob, says Mallory')])])).toBe('');
        own.name = 'Bob';
        await own.save();
        await bob.one.identities.createPersonIfNotExist('alice@test');
        await bob.one.createAccess([{ id: own.idHash, person: [alice.one.owner], mode: 'add' }]);
        await synchronize(bob, alice);
        expect(await pass([await profile(id, [named('A thief')])])).toMatch(/CHUM_VERSION_REFUSED/);
        expect(await alice.leute.trust.getTrustedKeysForPerson(bob.one.owner)).toEqual([]);
        const names = await (await alice.leute.getSomeone(bob.one.owner))?.profiles();
        expect(names?.flatMap(each => each.descriptionsOfType('PersonName')).map(({ name }) => name)).not.toContain(
            'A thief',
        );
    });
});

describe('persons who are made up', () => {
    test('become contacts only up to a bound, and introduce nobody either', async () => {
        await using eve = await testPerson('eve');
        await personOf('eve');
        await pass([await profile({ personId: eve.one.owner })]);
        const many = 1_020;
        const ids = await mallory.one.objects.transact(async objects => {
            const profiles: string[] = [];
            for (let i = 0; i < many; i++) {
                const personId = await storeIdObject(objects, { $type$: 'Person', email: `${i}@made.up` } as const);
                const id = { profileId: 'default', personId, owner: personId };
                profiles.push((await createProfileIn(objects, id, [], [named(createRandomString(8))])).idHash);
            }
            return profiles;
        });
        await pass(ids.map(id => ({ id })));
        // Mallory herself is one more, and Eve is one of the thousand.
        expect((await alice.leute.others()).length).toBe(1_001);
        expect(errors.map(error => (error as { code: string }).code)).toEqual(['TOO_MANY_INTRODUCED']);
        for (const id of ids) expect(await alice.one.objects.head(id)).toBeDefined();

        const introduce = async (name: string): Promise<boolean> => {
            const [stranger] = (await eve.leute.createSomeoneWithShallowIdentity(name)).identities;
            if (stranger === undefined) throw new Error('nobody');
            const about = await (await eve.leute.getSomeone(stranger))?.mainProfile();
            await eve.one.createAccess([{ id: about?.idHash ?? '', person: [alice.one.owner], mode: 'add' }]);
            await synchronize(eve, alice);
            return (await alice.leute.getSomeone(stranger)) !== undefined;
        };
        await eve.one.identities.createPersonIfNotExist('alice@test');
        expect(await introduce('a stranger')).toBe(false);
        // Whom I have met is a contact anyway, and speaks for herself.
        await alice.leute.importContact(await ownRecord(eve));
        expect(await introduce('a friend')).toBe(true);
    }, 60_000);

    test('cannot describe one person a thousand times', async () => {
        const bob = await (await alice.leute.importContact(recordOf('bob'))).mainIdentity();
        await personOf('bob');
        const ids = await mallory.one.objects.transact(async objects => {
            const profiles: string[] = [];
            for (let i = 0; i < 1_010; i++) {
                const id = { profileId: `${i}`, personId: bob, owner: mallory.one.owner };
                profiles.push((await createProfileIn(objects, id)).idHash);
            }
            return profiles;
        });
        await pass(ids.map(id => ({ id })));
        expect((await alice.leute.getSomeone(bob))?.profileIds(bob).length).toBe(1_000);
        const mine = await alice.leute.createProfileForPerson(bob, 'default');
        mine.name = 'Bob';
        await mine.save();
        await alice.leute.settled();
        expect(await alice.leute.displayName(bob)).toBe('Bob');
    }, 60_000);
});

describe('what a stranger sends as a part of something else', () => {
    test('is not stored if it is of the address book, or says which devices I have', async () => {
        const { one } = mallory;
        const me = await one.objects.getObjectByIdHash(
            '36d7288c7375b3adc64eb50659d94e38eca187905e047551a99ded280b8243b9',
        );
        const keysHash = await one.keyChain.getDefaultKeys(one.owner);
        const [claim, revocation, about] = await one.objects.transact(async objects => {
            const owner = alice.one.owner;
            const statement = { owner, device: one.owner, keysHash } as const;
            return [
                await storeObject(objects, { $type$: 'OwnDevice', ...statement, kind: 'browser', created: 1 } as const),
                await storeObject(objects, { $type$: 'DeviceRevocation', ...statement, at: 1, reason: '' } as const),
                await storeObject(objects, {
                    ...{ $type$: 'OwnDevice', ...statement, owner: one.owner, device: owner },
                    ...{ kind: 'browser', created: 1 },
                } as const),
            ];
        });
        expect(await pass([{ object: me.hash }])).toMatch(/REFUSED/);
        expect(await alice.one.objects.has(me.hash)).toBe(false);
        expect(await pass([{ object: claim }, { object: revocation }, { object: about }])).toMatch(/REFUSED/);
        const here = await Promise.all([claim, revocation, about].map(hash => alice.one.objects.has(hash)));
        // Who owns me is what an owner tells me first.
        expect(here).toEqual([false, false, true]);
    });
});

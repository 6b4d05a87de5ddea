import { describe, expect, test } from '@jest/globals';
import { FaultyBackend } from '@refinio/one.core/storage/acceptance';
import { MemoryBackend, OneInstance } from '@refinio/one.core';
import { GroupModel } from './group-model.ts';
import { LeuteModel, type LeuteChange } from './leute-model.ts';
import { createProfileIn } from './profile-model.ts';
import { openInstance, ownRecord, recordOf, synchronize, testPerson, type TestPerson } from './test-people.ts';
import { EVERYONE_ID, LEUTE_ID, ME_ID } from './well-known.ts';

describe('the first start', () => {
    test('makes me, with a default profile that says how I am reached', async () => {
        await using alice = await testPerson('alice');
        const { leute, one } = alice;
        const me = await leute.me();
        expect([me.idHash, me.someoneId, me.identities]).toEqual([ME_ID, 'me', [one.owner]]);
        const profile = await me.mainProfile();
        expect([profile.profileId, profile.personId, profile.owner]).toEqual(['default', one.owner, one.owner]);
        expect(profile.endpointsOfType('OneInstanceEndpoint')).toMatchObject([
            { personId: one.owner, instanceId: one.id, url: 'wss://relay.test' },
        ]);
        expect(profile.descriptionsOfType('SignKey')).toHaveLength(1);
        expect(await leute.others()).toEqual([]);
        expect(await leute.myMainIdentity()).toBe(one.owner);
        expect(await leute.endpoints.myLocal()).toHaveLength(1);
        expect(await leute.endpoints.internetOfMe()).toEqual([]);
    });

    test('is all there or not at all', async () => {
        const storage = new FaultyBackend(new MemoryBackend());
        await using one = await openInstance('alice', { storage });
        storage.faults.commitError = new Error('the disk is gone');
        await expect(new LeuteModel(one).init()).rejects.toThrow('the disk is gone');
        storage.faults.commitError = undefined;
        expect(await one.objects.head(LEUTE_ID)).toBeUndefined();
        const leute = new LeuteModel(one);
        await leute.init();
        expect((await leute.me()).idHash).toBe(ME_ID);
        await leute.shutdown();
    });

    test('is not what follows an error of reading', async () => {
        const storage = new FaultyBackend(new MemoryBackend());
        await using one = await openInstance('alice', { storage });
        const leute = new LeuteModel(one);
        await leute.init();
        await leute.shutdown();
        const before = await one.objects.head(LEUTE_ID);
        storage.faults.readError = new Error('the disk does not answer');
        await expect(new LeuteModel(one).init()).rejects.toThrow('the disk does not answer');
        storage.faults.readError = undefined;
        expect(await one.objects.head(LEUTE_ID)).toBe(before);
    });

    test('happens once: a later start changes nothing', async () => {
        const storage = new MemoryBackend();
        const one = await openInstance('alice', { storage });
        const leute = new LeuteModel(one, { createEveryoneGroup: true });
        await leute.init();
        await leute.shutdown();
        const count = async (): Promise<number> => (await one.objects.store.list('logs', 'journal')).length;
        const before = await count();
        await leute.init();
        await leute.settled();
        await leute.shutdown();
        expect(await count()).toBe(before);
        await one[Symbol.asyncDispose]();
    });

    test('asks for an instance that knows people', async () => {
        await using one = await OneInstance.open({
            ...{ name: 'a', email: 'a', secret: 'a', storage: new MemoryBackend(), encryptStorage: false },
        });
        await expect(new LeuteModel(one).init()).rejects.toMatchObject({ code: 'LEUTE_NOT_READY' });
    });
});

describe('a contact', () => {
    test('is made from an identity record, and known again', async () => {
        await using alice = await testPerson('alice');
        const { leute } = alice;
        const changes: LeuteChange[] = [];
        leute.onUpdated.listen(change => changes.push(change));
        const record = recordOf('bob');
        const bob = await leute.importContact(record);
        expect((await leute.others()).map(({ idHash }) => idHash)).toEqual([bob.idHash]);
        const [person] = bob.identities;
        if (person === undefined) throw new Error('bob is nobody');
        expect(await leute.displayName(person)).toBe(person);
        expect((await leute.getSomeone(person))?.idHash).toBe(bob.idHash);
        expect(await leute.findPersonsBySignKey(record.personSignKeyPublic)).toEqual([person]);
        expect(await leute.endpoints.ofPerson(person)).toMatchObject([{ personId: person, url: 'wss://relay.test' }]);
        await leute.settled();
        expect(changes.map(({ type }) => type)).toContain('contactAdded');

        expect((await leute.importContact(record)).idHash).toBe(bob.idHash);
        expect(await leute.others()).toHaveLength(1);
    });

    test('keeps the name that it has shared when it is paired again', async () => {
        await using alice = await testPerson('alice');
        const record = recordOf('bob');
        const profile = await (await alice.leute.importContact(record)).mainProfile();
        profile.name = 'Bob';
        await profile.save();
        await alice.leute.importContact(record);
        expect(await alice.leute.displayName(profile.personId)).toBe('Bob');
    });

    test('is called as I call it, then as it calls itself', async () => {
        await using alice = await testPerson('alice');
        const { leute } = alice;
        const profile = await (await leute.importContact(recordOf('bob'))).mainProfile();
        profile.name = 'Robert';
        await profile.save();
        expect(await leute.displayName(profile.personId)).toBe('Robert');
        const own = await leute.createProfileForPerson(profile.personId, 'default');
        own.name = 'Bobby';
        await own.save();
        await leute.settled();
        expect(await leute.displayName(profile.personId)).toBe('Bobby');
        const other = await leute.createProfileForPerson(profile.personId);
        other.name = 'Bob at work';
        await other.save();
        await leute.settled();
        expect(await leute.displayName(profile.personId)).toBe('Bobby');
    });

    test('is made of a shared profile, with name and picture, and follows its changes', async () => {
        await using alice = await testPerson('alice');
        await using bob = await testPerson('bob');
        await bob.one.objects.storeIdObject(personObject('alice@test'));
        const profile = await (await alice.leute.me()).mainProfile();
        const picture = await alice.one.blobs.store([new Uint8Array(100_000).fill(7)]);
        profile.name = 'Alice';
        profile.image = picture.hash as typeof profile.image;
        await profile.save();
        await grant(alice, bob, profile.idHash);
        const told: boolean[] = [];
        bob.leute.onProfileUpdate.listen((_, isMe) => told.push(isMe));
        await synchronize(alice, bob);
        const [contact] = await bob.leute.others();
        expect(contact?.identities).toEqual([alice.one.owner]);
        expect(await bob.leute.displayName(alice.one.owner)).toBe('Alice');
        expect(await bob.one.blobs.has(picture.hash)).toBe(true);
        expect(told).toEqual([false]);

        profile.name = 'Alice the second';
        await profile.save();
        await synchronize(alice, bob);
        expect(await bob.leute.displayName(alice.one.owner)).toBe('Alice the second');
        expect(await bob.leute.others()).toHaveLength(1);
    });

    test('that comes while nobody looks is there after the next start', async () => {
        const storage = new MemoryBackend();
        await using bob = await testPerson('bob');
        const profile = await (await bob.leute.me()).mainProfile();
        {
            await using alice = await testPerson('alice', { storage });
            await alice.leute.shutdown();
            await alice.one.objects.storeIdObject(personObject('bob@test'));
            await grant(bob, alice, profile.idHash);
            await synchronize(alice, bob);
            expect(await alice.leute.others()).toEqual([]);
        }
        // The memory of a store outlives its instance here.
        await using alice = await testPerson('alice', { storage });
        await alice.leute.settled();
        expect((await alice.leute.others()).map(({ identities }) => identities)).toEqual([[bob.one.owner]]);
    });

    test('that was removed comes back with the next version of its profile', async () => {
        await using alice = await testPerson('alice');
        const { leute } = alice;
        const bob = await leute.importContact(recordOf('bob'));
        await leute.settled();
        await leute.removeSomeoneElse(bob.idHash);
        expect(await leute.others()).toEqual([]);
        const profile = await bob.mainProfile();
        expect(await leute.getSomeone(profile.personId)).toBeUndefined();
        profile.name = 'Bob';
        await profile.save();
        await leute.settled();
        expect(await leute.others()).toHaveLength(1);
    });

    test('is never me', async () => {
        await using alice = await testPerson('alice');
        await expect(alice.leute.addSomeoneElse(ME_ID)).rejects.toMatchObject({ code: 'SOMEONE_IS_ME' });
        const own = await alice.leute.createProfileForPerson(alice.one.owner);
        await alice.leute.settled();
        expect(await alice.leute.others()).toEqual([]);
        expect((await alice.leute.me()).profileIds()).toContain(own.idHash);
    });

    test('without anything but an e-mail', async () => {
        await using alice = await testPerson('alice');
        const someone = await alice.leute.createSomeoneWithShallowIdentity('carol@test');
        await alice.leute.settled();
        expect((await alice.leute.others()).map(({ idHash }) => idHash)).toEqual([someone.idHash]);
        await expect(alice.leute.createSomeoneWithShallowIdentity('carol@test')).rejects.toMatchObject({
            code: 'PERSON_EXISTS',
        });
    });
});

test('a thousand profiles that come together are few versions of Leute', async () => {
    await using alice = await testPerson('alice');
    const { one, leute } = alice;
    const many = 1000;
    await leute.shutdown();
    for (let i = 0; i < many; i++)
        await one.objects.transact(async objects => {
            const { idHash } = await objects.storeId(personObject(`${i}@test`));
            const person = idHash as typeof one.owner;
            await createProfileIn(objects, { profileId: 'default', personId: person, owner: person });
        });
    await leute.init();
    await leute.settled();
    expect(await leute.others()).toHaveLength(many);
    expect((await one.objects.getVersionsNodes(LEUTE_ID))?.length).toBeLessThan(20);
});

describe('my identities', () => {
    test('a further one is complete, and can become the main one', async () => {
        await using alice = await testPerson('alice');
        const { leute, one } = alice;
        const other = await leute.createCompleteIdentityForMyself('alice2@test');
        await leute.settled();
        expect((await leute.me()).identities).toEqual([one.owner, other]);
        expect(await leute.myMainIdentity()).toBe(one.owner);
        expect(await one.identities.isPersonComplete(other)).toBe(true);
        expect((await leute.endpoints.myLocal(other)).map(({ personId }) => personId)).toEqual([other]);
        const instances = await leute.endpoints.myLocalInstances();
        expect(instances.map(({ personId }) => personId)).toEqual([one.owner, other]);
        for (const { cryptoApi } of instances) cryptoApi[Symbol.dispose]();

        const switches: string[][] = [];
        leute.beforeMainIdSwitch.listen((...persons) => void switches.push(['before', ...persons]));
        leute.afterMainIdSwitch.listen((...persons) => void switches.push(['after', ...persons]));
        await leute.changeMyMainIdentity(other);
        expect(await leute.myMainIdentity()).toBe(other);
        expect(switches).toEqual([
            ['before', one.owner, other],
            ['after', one.owner, other],
        ]);
        await expect(leute.createCompleteIdentityForMyself('alice2@test')).rejects.toMatchObject({
            code: 'PERSON_EXISTS',
        });
    });

    test('a further one is there with its certificates, or not at all', async () => {
        const storage = new FaultyBackend(new MemoryBackend());
        await using alice = await testPerson('alice', { storage });
        const { leute, one } = alice;
        await leute.settled();
        storage.faults.commitError = new Error('the disk is full');
        await expect(leute.createCompleteIdentityForMyself('alice2@test')).rejects.toThrow('the disk is full');
        storage.faults.commitError = undefined;
        const other = await leute.createCompleteIdentityForMyself('alice2@test');
        const profile = await (await leute.me()).profiles(other);
        expect(await leute.certificates.certifiedBy(profile[0]?.loadedVersion ?? '', 'TrustKeysCertificate')).toEqual([
            one.owner,
        ]);
        expect(await leute.certificates.affirmedBy(profile[0]?.loadedVersion ?? '')).toEqual([other]);
    });

    test('one that this device cannot act as does not become the main one', async () => {
        await using alice = await testPerson('alice');
        const { leute, one } = alice;
        const bob = await (await leute.importContact(recordOf('bob'))).mainIdentity();
        await expect(leute.changeMyMainIdentity(bob)).rejects.toMatchObject({ code: 'PERSON_NOT_MANAGED' });
        const me = await leute.me();
        await expect(me.addIdentity(bob)).rejects.toMatchObject({ code: 'PERSON_MANAGED' });
        const person = await one.identities.createPerson();
        await me.addIdentity(person);
        await expect(leute.changeMyMainIdentity(person)).rejects.toMatchObject({ code: 'PERSON_HAS_NO_PROFILE' });
        const profile = await leute.createProfileForPerson(person);
        await expect(leute.setMyMainProfile(profile.idHash)).rejects.toMatchObject({ code: 'PERSON_NOT_COMPLETE' });
        await expect(me.setMainIdentity(person)).rejects.toMatchObject({ code: 'SOMEONE_IS_ME' });
        await expect(me.removeIdentity(one.owner)).rejects.toMatchObject({ code: 'SOMEONE_IS_ME' });
    });
});

describe('groups', () => {
    test('are made once by their name, and keep what others add meanwhile', async () => {
        await using alice = await testPerson('alice');
        const { leute, one } = alice;
        const friends = await leute.createGroup('friends');
        expect((await leute.createGroup('friends')).idHash).toBe(friends.idHash);
        expect((await leute.groups()).map(({ name }) => name)).toEqual(['friends']);
        const [bob] = (await leute.importContact(recordOf('bob'))).identities;
        if (bob === undefined) throw new Error('bob is nobody');
        const [mine, other] = [await leute.createGroup('friends'), await leute.createGroup('friends')];
        const told: unknown[][] = [];
        mine.onUpdated.listen((...change) => void told.push(change));
        mine.persons.push(one.owner);
        other.persons.push(bob);
        await other.save();
        await mine.save();
        expect(mine.persons.toSorted()).toEqual([one.owner, bob].toSorted());
        expect(told).toEqual([[[one.owner], undefined]]);
        mine.persons = [];
        mine.name = 'Nobody';
        await mine.save();
        await other.load();
        expect([other.name, other.internalGroupName, other.persons]).toEqual(['Nobody', 'friends', []]);
    });

    test('everyone has all persons that were ever seen, if it is asked for', async () => {
        await using alice = await testPerson('alice', { createEveryoneGroup: true });
        const { leute, one } = alice;
        const bob = await leute.importContact(recordOf('bob'));
        await leute.shutdown();
        await leute.init();
        await leute.shutdown();
        const { persons } = await GroupModel.load(one, EVERYONE_ID);
        expect(persons.toSorted()).toEqual([one.owner, ...bob.identities].toSorted());
    });
});

test('everyone is not more than a bound, and it is told once', async () => {
    const errors: unknown[] = [];
    await using alice = await testPerson('alice', {
        createEveryoneGroup: true,
        onError: error => errors.push(error),
    });
    const { leute, one } = alice;
    const person = Array.from({ length: 19_999 }, (_, i) => i.toString(16).padStart(64, '0'));
    await one.objects.storeVersionedObject({ $type$: 'Group', name: 'everyone', person } as never);
    await leute.importContacts([recordOf('bob'), recordOf('carol')]);
    await leute.shutdown();
    expect((await GroupModel.load(one, EVERYONE_ID)).persons).toHaveLength(20_000);
    expect(errors).toMatchObject([{ code: 'GROUP_IS_FULL' }]);
});

async function grant(from: TestPerson, to: TestPerson, id: string): Promise<void> {
    const { personEmail } = await ownRecord(to);
    await from.one.objects.storeIdObject(personObject(personEmail));
    await from.one.createAccess([{ id, person: [to.one.owner], mode: 'add' }]);
}

function personObject(email: string) {
    return { $type$: 'Person', email } as const;
}

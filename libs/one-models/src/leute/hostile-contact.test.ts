import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Person, SHA256IdHash } from '@refinio/one.core';
import { storeIdObject } from '../typed-objects.ts';
import { createProfileIn, ProfileModel } from './profile-model.ts';
import { ownRecord, recordOf, synchronize, testPerson, type TestPerson } from './test-people.ts';
import { LEUTE_ID, ME_ID } from './well-known.ts';

let alice: TestPerson;
let mallory: TestPerson;
beforeEach(async () => {
    [alice, mallory] = [await testPerson('alice'), await testPerson('mallory')];
    await alice.leute.importContact(await ownRecord(mallory));
    await mallory.leute.importContact(await ownRecord(alice));
    await alice.leute.settled();
    // She does not run what keeps others from granting what must not be granted.
    await mallory.leute.shutdown();
});
afterEach(async () => {
    await alice[Symbol.asyncDispose]();
    await mallory[Symbol.asyncDispose]();
});

/** What she grants is refused, and nothing else fails. */
async function attack(id: string): Promise<void> {
    await mallory.one.createAccess([{ id, person: [alice.one.owner], mode: 'add' }]);
    await synchronize(mallory, alice).catch((error: unknown) => {
        expect(String((error as AggregateError).errors)).toMatch(/CHUM_(VERSION|OBJECT)_REFUSED/);
    });
}

const aliceName = () => alice.leute.displayName(alice.one.owner);
const profileOf = (personId: SHA256IdHash<Person>, owner: SHA256IdHash<Person>, name: string) =>
    mallory.one.objects.transact(objects =>
        createProfileIn(objects, { profileId: 'default', personId, owner }, [], [{ $type$: 'PersonName', name }]),
    );

describe('a contact cannot', () => {
    test.each([
        ['who I am', ME_ID],
        ['my list of contacts', LEUTE_ID],
    ])('change %s', async (_, id) => {
        const before = await alice.one.objects.head(id);
        await attack(id);
        expect(await alice.one.objects.head(id)).toBe(before);
        expect(await alice.leute.myMainIdentity()).toBe(alice.one.owner);
        expect(await alice.leute.people.ownIdentities()).toEqual(new Set([alice.one.owner]));
        expect(await alice.leute.others()).toHaveLength(1);
    });

    test('write my own profile, nor how I call others', async () => {
        const own = await (await alice.leute.me()).mainProfile();
        own.name = 'Alice';
        await own.save();
        const bob = await (await alice.leute.importContact(recordOf('bob'))).mainIdentity();
        await attack((await profileOf(alice.one.owner, alice.one.owner, 'Eve')).idHash);
        expect(await aliceName()).toBe('Alice');
        await mallory.one.identities.createPersonIfNotExist('bob@test');
        await attack((await profileOf(bob, alice.one.owner, 'Evil')).idHash);
        expect(await alice.leute.displayName(bob)).toBe(bob);
    });

    test('change how others describe themselves', async () => {
        const bob = await (await alice.leute.importContact(recordOf('bob'))).mainProfile();
        bob.name = 'Bob';
        await bob.save();
        await mallory.one.identities.createPersonIfNotExist('bob@test');
        await attack((await profileOf(bob.personId, bob.personId, 'Aaa')).idHash);
        expect((await ProfileModel.load(alice.one, bob.idHash)).name).toBe('Bob');
    });

    test('show somebody by what others say, as soon as the person says something itself', async () => {
        const record = recordOf('bob');
        await mallory.one.identities.createPersonIfNotExist('bob@test');
        const bob = (await mallory.leute.importContact(record).catch(() => undefined))?.identities[0];
        if (bob === undefined) throw new Error('nobody');
        await attack((await profileOf(bob, mallory.one.owner, 'Bob (call Mallory)')).idHash);
        await alice.leute.settled();
        await alice.leute.importContact(record);
        const someone = await alice.leute.getSomeone(bob);
        expect((await someone?.mainProfile())?.owner).toBe(bob);
    });

    test('take the place of another person by its e-mail, nor my own', async () => {
        await alice.leute.importContact(recordOf('bob'));
        const evil = { ...recordOf('bob'), url: 'wss://evil.test' };
        await expect(alice.leute.importContact(evil)).rejects.toMatchObject({ code: 'KEYS_DIFFER' });
        expect(await alice.leute.trust.isKeyTrusted(evil.personSignKeyPublic)).toBe(false);
        await expect(alice.leute.importContact({ ...evil, personEmail: 'alice@test' })).rejects.toMatchObject({
            code: 'PERSON_IS_ME',
        });
        const twice = alice.leute.importContacts([recordOf('carol'), recordOf('carol')]);
        await expect(twice).rejects.toMatchObject({ code: 'KEYS_DIFFER' });
        await alice.leute.importContacts([evil], { replaceKeys: true });
        expect(await alice.leute.trust.isKeyTrusted(evil.personSignKeyPublic)).toBe(true);
    });

    test('say where I am reached', async () => {
        const [mine] = await alice.leute.endpoints.myLocal();
        if (mine === undefined) throw new Error('nowhere');
        await mallory.one.objects.transact(async objects => {
            for (const hash of [mine.personKeys, mine.instanceKeys])
                await objects.storeUnversioned(await alice.one.objects.read(hash));
            await storeIdObject(objects, { $type$: 'Instance', name: 'alice device', owner: alice.one.owner } as const);
        });
        const id = { profileId: 'default', personId: alice.one.owner, owner: mallory.one.owner };
        const { idHash } = await mallory.one.objects.transact(objects =>
            createProfileIn(objects, id, [{ ...mine, url: 'wss://evil.test' }]),
        );
        await attack(idHash);
        expect((await alice.leute.endpoints.myLocal()).map(({ url }) => url)).toEqual(['wss://relay.test']);
    });
});

test('one broken profile keeps nobody else out', async () => {
    const { one, leute } = alice;
    const broken = await leute.createProfileForPerson(mallory.one.owner, 'broken');
    broken.communicationEndpoints.push({ $type$: 'Email', email: 'lost' });
    await broken.save();
    const person = await one.identities.createPerson();
    await leute.createProfileForPerson(person, 'default');
    await leute.settled();
    expect(await leute.getSomeone(person)).toBeDefined();
});

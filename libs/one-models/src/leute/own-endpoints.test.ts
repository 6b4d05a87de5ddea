import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { getAllEntries, type SHA256IdHash } from '@refinio/one.core';
import type { Profile } from '../recipes/people-recipes.ts';
import { ownRecord, recordOf, synchronize, testPerson, type TestPerson } from './test-people.ts';

const LISTENER = 'ws://localhost:8765';

let archive: TestPerson;
let local: SHA256IdHash<Profile>;
beforeEach(async () => {
    archive = await testPerson('archive');
    const { owner, microdata } = archive.one;
    const id = { $type$: 'Profile', profileId: 'local', personId: owner, owner } as const;
    local = await microdata.idHash(id);
});
afterEach(async () => archive[Symbol.asyncDispose]());

const urls = async (): Promise<(string | undefined)[]> => {
    await archive.leute.settled();
    return (await archive.leute.endpoints.myLocal()).map(({ url }) => url);
};

async function device(other: TestPerson | string): Promise<SHA256IdHash<{ $type$: 'Person' }>> {
    const record = typeof other === 'string' ? recordOf(other) : await ownRecord(other);
    const person = await (await archive.leute.importContact(record)).mainIdentity();
    const [keys] = await archive.one.keyChain.getListOfKeys(person);
    if (keys === undefined) throw new Error('no keys');
    await archive.leute.devices.certify(person, keys.keys, 'browser');
    return person;
}

test('the addresses of this instance are replaced, and nothing else', async () => {
    const { leute, one } = archive;
    const profile = await (await leute.me()).mainProfile();
    const [endpoint] = profile.endpointsOfType('OneInstanceEndpoint');
    if (endpoint === undefined) throw new Error('nowhere');
    profile.name = 'Archive';
    profile.communicationEndpoints.push({ $type$: 'Email', email: 'a@b.c' });
    await profile.save();
    await leute.setOwnEndpointUrls({ publicUrls: ['wss://a.example', 'wss://b.example', 'wss://a.example'] });
    expect((await urls()).toSorted()).toEqual(['wss://a.example', 'wss://b.example']);
    await profile.load();
    expect([profile.name, profile.endpointsOfType('Email').length]).toEqual(['Archive', 1]);
    expect(profile.endpointsOfType('OneInstanceEndpoint')).toHaveLength(2);
    const versions = async () => (await one.objects.getVersionsNodes(profile.idHash))?.length;
    const before = await versions();
    await leute.setOwnEndpointUrls({ publicUrls: ['wss://b.example', 'wss://a.example'] });
    expect(await versions()).toBe(before);
    await leute.setOwnEndpointUrls({ publicUrls: [] });
    expect(await urls()).toEqual([undefined]);
    expect(await one.objects.head(local)).toBeUndefined();
});

test('where only own devices reach it, only own devices are told', async () => {
    const { leute, one } = archive;
    await using browser = await testPerson('browser');
    await browser.leute.importContact(await ownRecord(archive));
    await device(browser);
    await leute.setOwnEndpointUrls({ publicUrls: ['wss://relay.test'], localUrls: [LISTENER] });
    expect(await urls()).toEqual(['wss://relay.test', LISTENER]);
    // Whoever comes later, too.
    const phone = await device('phone');
    expect(await one.accessible.has(phone, local)).toBe(true);
    await synchronize(archive, browser);
    const known = await browser.leute.endpoints.ofPerson(one.owner);
    expect(known.map(({ url }) => url).toSorted()).toEqual([LISTENER, 'wss://relay.test']);

    const friend = await (await leute.importContact(recordOf('friend'))).mainIdentity();
    const version = (await one.objects.headNode(local))?.node.data ?? '';
    const group = (await leute.createGroup('devices')).idHash;
    for (const request of [
        { id: local, person: [friend] },
        { object: version, person: [friend] },
        { id: local, person: [phone], group: [group] },
    ])
        await expect(one.createAccess([{ ...request, mode: 'add' }])).rejects.toMatchObject({ code: 'NOT_SHAREABLE' });
    await browser.one.identities.createPersonIfNotExist('friend@test');
    await expect(browser.one.createAccess([{ id: local, person: [friend], mode: 'add' }])).rejects.toMatchObject({
        code: 'NOT_SHAREABLE',
    });

    await leute.devices.revoke(phone, 'lost');
    expect(await one.accessible.has(phone, local)).toBe(false);
    await leute.setOwnEndpointUrls({ publicUrls: ['wss://relay.test'], localUrls: [] });
    expect(await urls()).toEqual(['wss://relay.test']);
});

test('which devices there are is not told to others', async () => {
    const { leute, one } = archive;
    await device('phone');
    const friend = await (await leute.importContact(recordOf('friend'))).mainIdentity();
    const [statement = ''] = await getAllEntries(one.objects, one.owner, 'OwnDevice');
    const request = { object: statement, person: [friend], mode: 'add' } as const;
    await expect(one.createAccess([request])).rejects.toMatchObject({ code: 'NOT_SHAREABLE' });
});

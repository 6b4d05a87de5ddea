import { expect, test } from '@jest/globals';
import { ensureHash, getAllEntries, type Person, type SHA256IdHash } from '@refinio/one.core';
import { getSignatures } from '../trust/signatures.ts';
import { ownRecord, recordOf, synchronize, testPerson, type TestPerson } from './test-people.ts';

/** One knows the other as pairing makes them known. */
async function know(one: TestPerson, other: TestPerson): Promise<SHA256IdHash<Person>> {
    await (await one.leute.importContact(await ownRecord(other))).mainIdentity();
    return other.one.owner;
}

async function keysOf({ one }: TestPerson, person: SHA256IdHash<Person>) {
    const [keys] = await one.keyChain.getListOfKeys(person);
    if (keys === undefined) throw new Error('The person has no keys.');
    return keys.keys;
}

/** What somebody may read of a profile is told by the profile of who grants it. */
async function granted({ one }: TestPerson, person: string): Promise<number> {
    let members = 0;
    for (const subject of await one.accessible.subjects(person))
        for await (const _ of one.accessible.members(subject)) members++;
    return members;
}

test('a device is an own one, until it is revoked: then nothing is granted to it any more', async () => {
    await using archive = await testPerson('archive');
    const { leute, one } = archive;
    const [browser] = (await leute.importContact(recordOf('browser'))).identities;
    if (browser === undefined) throw new Error('nobody');
    const keysHash = await keysOf(archive, browser);
    await leute.devices.certify(browser, keysHash, 'browser');
    expect(await leute.devices.list()).toMatchObject([{ device: browser, kind: 'browser' }]);
    expect(await leute.devices.isOwn(browser)).toBe(true);
    expect(await leute.trust.getTrustedKeysForPerson(browser)).toHaveLength(1);

    const { idHash: profile } = await (await leute.me()).mainProfile();
    const friends = await leute.createGroup('friends');
    friends.persons = [browser];
    await friends.save();
    await one.createAccess([{ id: profile, person: [browser], group: [friends.idHash], mode: 'add' }]);
    expect(await granted(archive, browser)).toBeGreaterThan(0);
    const told: string[] = [];
    leute.devices.onRevoked.listen(device => told.push(device));
    await leute.devices.revoke(browser, 'lost in a train');
    expect(told).toEqual([browser]);
    expect(await granted(archive, browser)).toBe(0);
    expect(await leute.devices.list()).toMatchObject([{ reason: 'lost in a train', revokedAt: expect.any(Number) }]);
    expect(await leute.devices.isOwn(browser)).toBe(false);
    expect(await leute.trust.getTrustedKeysForPerson(browser)).toEqual([]);
    await expect(one.createAccess([{ id: profile, person: [browser], mode: 'add' }])).rejects.toMatchObject({
        code: 'DEVICE_REVOKED',
    });
});

test('devices that are certified at the same time are told of each other', async () => {
    await using archive = await testPerson('archive');
    const { leute, one } = archive;
    const devices: SHA256IdHash<Person>[] = [];
    for (const name of ['phone', 'tablet', 'laptop'])
        devices.push(await (await leute.importContact(recordOf(name))).mainIdentity());
    const keys = await Promise.all(devices.map(device => keysOf(archive, device)));
    await Promise.all(devices.map((device, i) => leute.devices.certify(device, keys[i] ?? ensureHash(''), 'browser')));
    const statements = await getAllEntries(one.objects, one.owner, 'OwnDevice');
    expect(statements).toHaveLength(3);
    for (const statement of statements)
        for (const { hash } of await getSignatures(one.objects, statement))
            for (const device of devices) expect(await one.accessible.has(device, hash)).toBe(true);
});

test('what is no device cannot be revoked', async () => {
    await using archive = await testPerson('archive');
    const [bob] = (await archive.leute.importContact(recordOf('bob'))).identities;
    if (bob === undefined) throw new Error('nobody');
    await expect(archive.leute.devices.revoke(bob, 'a friend')).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
});

test('a revocation that arrives takes back what was granted to the device elsewhere', async () => {
    await using archive = await testPerson('archive');
    await using browser = await testPerson('browser');
    await know(archive, browser);
    await know(browser, archive);
    const laptop = recordOf('laptop');
    const [device] = (await archive.leute.importContact(laptop)).identities;
    await browser.leute.importContact(laptop);
    if (device === undefined) throw new Error('nobody');
    for (const person of [browser.one.owner, device])
        await archive.leute.devices.certify(person, await keysOf(archive, person), 'browser');
    await synchronize(archive, browser);
    const own = (await browser.leute.devices.list(archive.one.owner)).map(state => state.device);
    expect(own.toSorted()).toEqual([browser.one.owner, device].toSorted());
    await browser.leute.devices.accept(archive.one.owner);

    const { idHash: profile } = await (await browser.leute.me()).mainProfile();
    await browser.one.createAccess([{ id: profile, person: [device], mode: 'add' }]);
    const told: string[] = [];
    browser.leute.devices.onRevoked.listen(each => told.push(each));
    await archive.leute.devices.revoke(device, 'stolen');
    await synchronize(archive, browser);
    expect(told).toEqual([device]);
    expect(await granted(browser, device)).toBe(0);
});

test('a revocation that was there before its owner was accepted takes back grants, too', async () => {
    await using archive = await testPerson('archive');
    await using browser = await testPerson('browser');
    await know(archive, browser);
    await know(browser, archive);
    const [laptop, phone] = [recordOf('laptop'), recordOf('phone')];
    const devices: SHA256IdHash<Person>[] = [];
    for (const record of [laptop, phone]) {
        devices.push(await (await archive.leute.importContact(record)).mainIdentity());
        await browser.leute.importContact(record);
    }
    for (const person of [browser.one.owner, ...devices])
        await archive.leute.devices.certify(person, await keysOf(archive, person), 'browser');
    const { idHash: profile } = await (await browser.leute.me()).mainProfile();
    await browser.one.createAccess([{ id: profile, person: devices, mode: 'add' }]);
    for (const device of devices) await archive.leute.devices.revoke(device, 'stolen');
    await synchronize(archive, browser);
    const grants = async (): Promise<number[]> => Promise.all(devices.map(device => granted(browser, device)));
    expect((await grants()).every(count => count > 0)).toBe(true);
    const told: string[] = [];
    browser.leute.devices.onRevoked.listen(each => told.push(each));
    await browser.leute.devices.accept(archive.one.owner);
    await browser.leute.settled();
    expect([await grants(), told.toSorted()]).toEqual([[0, 0], devices.toSorted()]);
    // What a copy of before has is taken back when it starts.
    const access = (
        await browser.one.objects.getVersionsNodes(
            await browser.one.microdata.idHash({ $type$: 'IdAccess', id: profile } as const),
        )
    )?.[0]?.node['data'];
    await browser.leute.shutdown();
    await browser.one.objects.storeVersionedObject(await browser.one.objects.read(String(access)));
    expect((await grants()).every(count => count > 0)).toBe(true);
    await browser.leute.init();
    expect(await grants()).toEqual([0, 0]);
});

test('only a device that was made an own one can accept its owner', async () => {
    await using archive = await testPerson('archive');
    await using browser = await testPerson('browser');
    const owner = await know(browser, archive);
    await expect(browser.leute.devices.accept(owner)).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' });
});

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Keys, SHA256Hash } from '@refinio/one.core';
import type { DeviceRevocation } from '../recipes/device-recipes.ts';
import { storeObject } from '../typed-objects.ts';
import { acceptOwnerIn, certifyOwnDeviceIn, revokeDeviceIn } from './certify-device.ts';
import { signIn } from './signatures.ts';
import { createSigner, type Signer } from './signer.ts';
import { newKey, signerWith, TestWorld, type PersonId, type TestPerson } from './test-world.ts';
import { trustReasons } from './trust-decisions.ts';

interface Device extends TestPerson {
    readonly keysHash: SHA256Hash<Keys>;
}

let world: TestWorld;
let me: Signer;
let count = 0;
beforeAll(async () => {
    world = await TestWorld.open();
    me = await createSigner(world.one.keyChain, world.me);
});
afterAll(() => world[Symbol.asyncDispose]());

/** A contact with a trusted key. */
async function friend(): Promise<Device> {
    const person = await world.contact(`person-${++count}@example.org`);
    await world.trust(person.profile);
    return { ...person, keysHash: await world.keysObject(person.id, person.hex) };
}

const certify = ({ id, keysHash }: Device, signer = me) =>
    world.transact(objects =>
        certifyOwnDeviceIn(
            objects,
            { owner: signer.issuer, device: id, keysHash, kind: 'browser', created: 1 },
            signer,
        ),
    );
const revoke = ({ id, keysHash }: Pick<Device, 'id' | 'keysHash'>, signer = me, at = 2) =>
    world.transact(objects =>
        revokeDeviceIn(objects, { owner: signer.issuer, device: id, keysHash, at, reason: 'lost' }, signer),
    );
const isTrusted = ({ hex }: { hex: string }) => world.keys.isKeyTrusted(hex);

/** The keys of this device as an object. */
async function ownDevice(): Promise<Pick<Device, 'id' | 'keysHash'>> {
    return { id: world.me, keysHash: await world.one.keyChain.getDefaultKeys(world.me) };
}

/** An archive that this device has accepted as its owner. */
async function acceptedOwner(): Promise<Device> {
    const owner = await friend();
    const { ownDevice: statement } = await certify({ ...owner, ...(await ownDevice()) }, owner.signer);
    await world.transact(objects => acceptOwnerIn(objects, statement.hash, me));
    return owner;
}

describe('own devices', () => {
    test('are those that the owner has signed with a trusted key', async () => {
        const [phone, tablet] = [await friend(), await friend()];
        await certify(phone);
        const forged = signerWith(world.me, newKey());
        await certify(tablet, forged);
        expect(await world.devices.ownDevices(world.me)).toEqual([
            { device: phone.id, keysHash: phone.keysHash, kind: 'browser', created: 1 },
        ]);
        expect(await world.devices.isOwnDevice(phone.id, world.me)).toBe(true);
        expect(await world.devices.isOwnDevice(tablet.id, world.me)).toBe(false);
        expect(await world.devices.ownDevices(phone.id)).toEqual([]);
    });

    test('of another owner need a trusted key of that owner', async () => {
        const phone = await friend();
        const stranger = await world.contact('stranger@example.org');
        await certify(phone, stranger.signer);
        expect(await world.devices.isOwnDevice(phone.id, stranger.id)).toBe(false);
        await world.trust(stranger.profile);
        expect(await world.devices.isOwnDevice(phone.id, stranger.id)).toBe(true);
    });

    test('say since when they are revoked, and why', async () => {
        const phone = await friend();
        await certify(phone);
        await revoke(phone, me, 7);
        await revoke(phone, me, 5);
        const states = await world.devices.ownDevices(world.me);
        expect(states.filter(({ device }) => device === phone.id)).toEqual([
            {
                ...{ device: phone.id, keysHash: phone.keysHash, kind: 'browser', created: 1 },
                ...{ revokedAt: 5, reason: 'lost' },
            },
        ]);
        expect(await world.devices.isOwnDevice(phone.id, world.me)).toBe(false);
    });

    test('are not written for other owners, with other keys, or accepted by others', async () => {
        const [phone, other] = [await friend(), await friend()];
        const mixed = { owner: world.me, device: phone.id, keysHash: other.keysHash };
        const another = { owner: other.id, device: phone.id, keysHash: phone.keysHash };
        const news = { kind: 'browser', created: 1, at: 1, reason: '' } as const;
        for (const store of [certifyOwnDeviceIn, revokeDeviceIn]) {
            const wrongKeys = world.transact(async objects => store(objects, { ...mixed, ...news }, me));
            await expect(wrongKeys).rejects.toMatchObject({ code: 'KEYS_OF_ANOTHER' });
            const wrongOwner = world.transact(async objects => store(objects, { ...another, ...news }, me));
            await expect(wrongOwner).rejects.toMatchObject({ code: 'SIGNER_IS_ANOTHER' });
        }
        const { ownDevice: statement } = await certify(phone);
        const accepted = world.transact(objects => acceptOwnerIn(objects, statement.hash, me));
        await expect(accepted).rejects.toMatchObject({ code: 'SIGNER_IS_ANOTHER' });
    });
});

describe('a revocation', () => {
    test('by me counts against all certificates, of before and after', async () => {
        const [phone, known] = [await friend(), await friend()];
        await world.grantRights(phone.id);
        const carol = await world.contact('carol@example.org');
        await world.trust(carol.profile, phone.signer);
        expect([await isTrusted(phone), await isTrusted(carol)]).toEqual([true, true]);
        await revoke(phone);
        await world.trust(phone.profile, known.signer);
        await world.trust(await world.profile(phone.id, [phone.hex], { profileId: 'another' }));
        expect([await isTrusted(phone), await isTrusted(carol)]).toEqual([false, false]);
        expect(await world.keys.getKeyTrustInfo(phone.hex)).toEqual({
            ...{ key: phone.hex, trusted: false, reason: trustReasons.revoked, certificates: [] },
        });
    });

    test('by somebody else means nothing, whatever devices that person claims to own', async () => {
        const [mallory, victim] = [await friend(), await friend()];
        await certify(victim, mallory.signer);
        await certify({ ...mallory, ...(await ownDevice()) }, mallory.signer);
        await revoke(victim, mallory.signer);
        expect(await isTrusted(victim)).toBe(true);
        // It is only his own list that becomes shorter.
        expect(await world.devices.isOwnDevice(victim.id, mallory.id)).toBe(false);
    });

    test('that somebody else has signed in my name means nothing', async () => {
        const [mallory, victim] = [await friend(), await friend()];
        await certify(victim);
        await revoke(victim, signerWith(world.me, mallory));
        await world.profile(world.me, [mallory.hex], { owner: mallory.id });
        expect(await isTrusted(victim)).toBe(true);
        expect(await world.devices.isOwnDevice(victim.id, world.me)).toBe(true);
    });

    test('counts from the moment on in which it is signed', async () => {
        const [phone, mallory] = [await friend(), await friend()];
        const { revocation } = await revoke(phone, signerWith(world.me, mallory));
        expect(await isTrusted(phone)).toBe(true);
        await world.transact(objects => signIn(objects, revocation.hash, me));
        expect(await isTrusted(phone)).toBe(false);
    });

    test('of somebody else does not become mine by my signature', async () => {
        const mallory = await friend();
        const { revocation } = await revoke(await ownDevice(), mallory.signer);
        await world.transact(objects => signIn(objects, revocation.hash, me));
        expect(await world.keys.isKeyTrusted(await world.ownKey())).toBe(true);
    });

    test('by the owner that this device has accepted counts', async () => {
        const [archive, phone] = [await acceptedOwner(), await friend()];
        await revoke(phone, archive.signer);
        expect(await isTrusted(phone)).toBe(false);
    });

    test('by an owner needs the signatures of both sides', async () => {
        const [byOwnerOnly, byMeOnly, phone] = [await friend(), await friend(), await friend()];
        await certify({ ...byOwnerOnly, ...(await ownDevice()) }, byOwnerOnly.signer);
        const forged = await certify({ ...byMeOnly, ...(await ownDevice()) }, signerWith(byMeOnly.id, newKey()));
        await world.transact(objects => signIn(objects, forged.ownDevice.hash, me));
        for (const { signer } of [byOwnerOnly, byMeOnly]) await revoke(phone, signer);
        expect(await isTrusted(phone)).toBe(true);
    });

    test('by an owner whose key I have revoked means nothing', async () => {
        const [archive, phone] = [await acceptedOwner(), await friend()];
        await revoke(archive);
        await revoke(phone, archive.signer);
        expect([await isTrusted(archive), await isTrusted(phone)]).toEqual([false, true]);
    });

    test('of each other revokes both owners', async () => {
        const [first, second] = [await acceptedOwner(), await acceptedOwner()];
        await revoke(first, second.signer);
        await revoke(second, first.signer);
        expect([await isTrusted(first), await isTrusted(second)]).toEqual([false, false]);
    });

    test('by an owner spares the keys of this device; by another identity of mine, too', async () => {
        const archive = await acceptedOwner();
        const other = await world.identity(`own-${++count}@example.org`);
        using signer = await createSigner(world.one.keyChain, other);
        for (const each of [archive.signer, signer]) await revoke(await ownDevice(), each);
        expect(await world.keys.isKeyTrusted(await world.ownKey())).toBe(true);
        expect(await world.keys.rootKeys()).toEqual([await world.ownKey()]);
    });

    test('by the main identity counts against keys of this device', async () => {
        const other = await world.identity(`own-${++count}@example.org`);
        const keysHash = await world.one.keyChain.getDefaultKeys(other);
        expect(await world.keys.rootKeys('All')).toContain(await world.ownKey(other));
        await revoke({ id: other, keysHash });
        expect(await world.keys.rootKeys('All')).not.toContain(await world.ownKey(other));
        expect(await world.keys.isKeyTrusted(await world.ownKey(other))).toBe(false);
    });

    test('that cannot be read ends evaluation instead of leaving a key trusted', async () => {
        await using own = await TestWorld.open();
        const phone = await own.contact('phone@example.org');
        await own.trust(phone.profile);
        const keysHash = await own.keysObject(phone.id, phone.hex);
        using signer = await createSigner(own.one.keyChain, own.me);
        const { revocation } = await own.transact(objects =>
            revokeDeviceIn(objects, { owner: own.me, device: phone.id, keysHash, at: 1, reason: '' }, signer),
        );
        expect((await own.keys.revocations()).map(each => each.revocationHash)).toEqual([revocation.hash]);
        await own.one.objects.store.transact(async transaction => {
            transaction.delete('objects', revocation.hash);
            await Promise.resolve();
        });
        await own.profile(own.me, [], { profileId: 'an event' });
        await expect(own.keys.isKeyTrusted(phone.hex)).rejects.toMatchObject({ code: 'SB-READ2' });
    });
});

test('other people are trusted as before', async () => {
    const ids: PersonId[] = [];
    for (const each of [await friend(), await friend()]) if (await isTrusted(each)) ids.push(each.id);
    expect(ids).toHaveLength(2);
});

test('revocations that nobody has signed switch nothing off, and cost something once, however many there are', async () => {
    const contact = await world.contact('flooded@example.org');
    await world.trust(contact.profile);
    const keysHash = await world.keysObject(contact.id, contact.hex);
    await world.transact(async objects => {
        for (let at = 0; at < 10_050; at++)
            await storeObject<DeviceRevocation>(objects, {
                ...{ $type$: 'DeviceRevocation', device: contact.id, owner: world.me, at, reason: '', keysHash },
            });
    });
    expect(await world.keys.isKeyTrusted(contact.hex)).toBe(true);
    const reads = jest.spyOn(world.one.objects.store, 'list');
    await world.profile(world.me, [], { profileId: 'an event' });
    expect(await world.keys.isKeyTrusted(contact.hex)).toBe(true);
    expect(reads.mock.calls.length).toBeLessThan(200);
    reads.mockRestore();
}, 30_000);

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ensureHash } from '@refinio/one.core';
import { storeObject } from '../typed-objects.ts';
import { signIn } from './signatures.ts';
import { newKey, signerWith, TestWorld, type TestPerson } from './test-world.ts';
import { trustReasons } from './trust-decisions.ts';

let world: TestWorld;
let count = 0;
beforeAll(async () => {
    world = await TestWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const contact = () => world.contact(`contact-${++count}@example.org`);
const isTrusted = (key: string) => world.keys.isKeyTrusted(key);

/** Whether what somebody signs now is believed. */
async function isBelieved({ id, signer }: Pick<TestPerson, 'id' | 'signer'>): Promise<boolean> {
    const data = await world.profile(world.me, [], { profileId: `data ${++count}` });
    await world.transact(objects => signIn(objects, data, signer));
    return world.certificates.isSignedBy(data, id);
}

describe('root keys', () => {
    test('are the keys of my identities on this device that stand in profiles about them', async () => {
        const other = await world.identity('other@example.org');
        const { id: hidden } = await world.one.identities.createPersonWithDefaultKeys('hidden@example.org');
        world.people.own.add(hidden);
        await world.keysObject(world.me, newKey().hex);
        const [mine, others] = [await world.ownKey(), await world.ownKey(other)];
        expect(await world.keys.rootKeys()).toEqual([mine]);
        expect(await world.keys.rootKeys('All')).toEqual([mine, others]);
        expect(await world.keys.getKeyTrustInfo(others)).toEqual({
            ...{ key: others, trusted: true, reason: trustReasons.root, certificates: [] },
        });
        expect(await isTrusted(await world.ownKey(hidden))).toBe(false);
    });

    test('sign as the main identity only', async () => {
        const data = await world.profile(world.me, [], { profileId: 'root' });
        const { signature } = await world.affirm(data);
        expect(await world.keys.isSignedByRootKey(signature.obj)).toBe(true);
        const bob = await contact();
        expect(await world.keys.isSignedByRootKey({ ...signature.obj, issuer: bob.id }, 'All')).toBe(false);
        expect(await world.keys.isSignedByRootKey({ ...signature.obj, signature: '' })).toBe(false);
    });
});

describe('a key', () => {
    test('is trusted from the moment on in which the main identity certifies a profile with it', async () => {
        const bob = await contact();
        expect(await world.keys.getKeyTrustInfo(bob.hex)).toMatchObject({ trusted: false, reason: trustReasons.none });
        const { certificate, signature } = await world.trust(bob.profile);
        expect(await world.keys.getKeyTrustInfo(bob.hex)).toEqual({
            ...{ key: bob.hex, trusted: true, reason: '' },
            certificates: [
                {
                    certificate: {
                        ...{ certificate: certificate.obj, certificateHash: certificate.hash },
                        ...{ signature: signature.obj, signatureHash: signature.hash },
                    },
                    keyTrustInfo: {
                        ...{ key: await world.ownKey(), trusted: true, reason: trustReasons.root, certificates: [] },
                    },
                },
            ],
        });
        expect(await world.keys.getTrustedKeysForPerson(bob.id)).toEqual([bob.hex]);
        expect(await isBelieved(bob)).toBe(true);
    });

    test('that nobody knows is not trusted', async () => {
        for (const key of [newKey().hex, '', 'F'.repeat(64), 'x'])
            expect(await world.keys.getKeyTrustInfo(key)).toEqual({
                ...{ key, trusted: false, reason: trustReasons.unknown, certificates: [] },
            });
    });

    test('of somebody who is no contact does not count, whatever is certified', async () => {
        const stranger = await contact();
        world.people.known.delete(stranger.id);
        await world.trust(stranger.profile);
        expect(await isTrusted(stranger.hex)).toBe(false);
        expect(await world.keys.getKeysForPerson(stranger.id)).toEqual([]);
        expect(await isBelieved(stranger)).toBe(false);
    });

    test('stays trusted when newer versions of the profile have dropped it; new ones need a certificate', async () => {
        const bob = await contact();
        await world.trust(bob.profile);
        const next = newKey();
        const version = await world.profile(bob.id, [next.hex]);
        expect([await isTrusted(bob.hex), await isTrusted(next.hex)]).toEqual([true, false]);
        expect((await world.keys.getKeysForPerson(bob.id)).map(({ key }) => key)).toEqual([bob.hex, next.hex]);
        await world.trust(version);
        expect(await isTrusted(next.hex)).toBe(true);
    });

    test('counts if only the result of a merge has it beside another one', async () => {
        const bob = await contact();
        const [first, second] = [newKey(), newKey()];
        await world.profile(bob.id, [bob.hex, first.hex]);
        const signKey = await world.transact(objects =>
            storeObject(objects, { $type$: 'SignKey', key: second.hex } as const),
        );
        const merged = await world.one.objects.importVersion(
            {
                ...{ $type$: 'Profile', profileId: 'default', personId: bob.id, owner: bob.id },
                ...{ communicationEndpoint: [], personDescription: [signKey] },
            },
            1,
        );
        await world.trust(ensureHash(merged.hash));
        expect(await isTrusted(first.hex)).toBe(true);
        expect(await isTrusted(second.hex)).toBe(true);
    });

    test('told by somebody else about a person is a key of that person when it is certified', async () => {
        const [bob, carol] = [await contact(), await contact()];
        const key = newKey();
        const profile = await world.profile(bob.id, [key.hex], { owner: carol.id });
        const signer = signerWith(bob.id, key);
        expect(await isBelieved({ id: bob.id, signer })).toBe(false);
        await world.trust(profile);
        expect(await isBelieved({ id: bob.id, signer })).toBe(true);
        expect((await world.keys.getKeysForPerson(carol.id)).map(info => info.key)).toEqual([carol.hex]);
    });

    test('is not trusted by a version that is in no history', async () => {
        const bob = await contact();
        const key = newKey();
        const signKey = await world.transact(objects =>
            storeObject(objects, { $type$: 'SignKey', key: key.hex } as const),
        );
        const profile = {
            ...{ $type$: 'Profile', profileId: 'default', personId: bob.id, owner: bob.id },
            ...{ communicationEndpoint: [], personDescription: [signKey] },
        } as const;
        const stray = await world.one.objects.storeVersionedObject(profile, 'no-version-map');
        await world.trust(ensureHash(stray.hash));
        expect(await isTrusted(key.hex)).toBe(false);
        await world.one.objects.importVersion(profile, 5);
        expect(await isTrusted(key.hex)).toBe(true);
    });

    test('is not trusted by a certificate that carries the profile as its license only', async () => {
        const bob = await contact();
        const another = await contact();
        const profile = another.profile;
        const wrong = { $type$: 'TrustKeysCertificate', profile, license: ensureHash(bob.profile) } as const;
        await world.transact(async objects => {
            const hash = await storeObject(objects, wrong as never);
            const key = await world.one.keyChain.createCryptoApiFromDefaultKeys(world.me);
            await signIn(objects, hash, {
                issuer: world.me,
                sign: data => key.sign(data),
            });
        });
        expect([await isTrusted(bob.hex), await isTrusted(another.hex)]).toEqual([false, true]);
    });
});

describe('rights', () => {
    test('are granted by the main identity alone, and are not passed on', async () => {
        const [bob, carol, dave] = [await contact(), await contact(), await contact()];
        await world.trust(bob.profile);
        await world.trust(carol.profile, bob.signer);
        expect(await world.keys.rightsOf(bob.id)).toEqual({ everybody: false, self: false });
        expect(await isTrusted(carol.hex)).toBe(false);
        await world.grantRights(bob.id);
        expect(await world.keys.rightsOf(bob.id)).toEqual({ everybody: true, self: true });
        expect(await isTrusted(carol.hex)).toBe(true);
        await world.grantRights(carol.id, bob.signer);
        await world.grantRights(carol.id, signerWith(world.me, carol));
        await world.trust(dave.profile, carol.signer);
        expect(await world.keys.rightsOf(carol.id)).toEqual({ everybody: false, self: false });
        expect(await isTrusted(dave.hex)).toBe(false);
    });

    test('the right for oneself serves for own profiles only, unless the person is me', async () => {
        const [bob, carol] = [await contact(), await contact()];
        await world.trust(bob.profile);
        const next = newKey();
        await world.affirm(await world.profile(bob.id, [bob.hex, next.hex]), bob.signer);
        await world.affirm(carol.profile, bob.signer);
        expect([await isTrusted(next.hex), await isTrusted(carol.hex)]).toEqual([false, false]);
        await world.certify('RightToDeclareTrustedKeysForSelfCertificate', { beneficiary: bob.id });
        expect([await isTrusted(next.hex), await isTrusted(carol.hex)]).toEqual([true, false]);
        await world.affirm(carol.profile);
        expect(await isTrusted(carol.hex)).toBe(true);
    });

    test('lapse with the main identity', async () => {
        await using own = await TestWorld.open();
        const bob = await own.contact('bob@example.org');
        await own.trust(bob.profile);
        const other = await own.identity('other@example.org');
        expect(await own.keys.isKeyTrusted(bob.hex)).toBe(true);
        own.people.main = other;
        await own.profile(other, [], { profileId: 'an event' });
        expect(await own.keys.isKeyTrusted(bob.hex)).toBe(false);
        expect(await own.keys.isKeyTrusted(await own.ownKey())).toBe(true);
    });
});

describe('hostile contacts', () => {
    test('do not speak as somebody else by a profile about that person with their own key', async () => {
        const [bob, mallory] = [await contact(), await contact()];
        for (const { profile } of [bob, mallory]) await world.trust(profile);
        await world.grantRights(bob.id);
        for (const victim of [bob.id, world.me]) {
            await world.profile(victim, [mallory.hex], { owner: mallory.id });
            expect(await isBelieved({ id: victim, signer: signerWith(victim, mallory) })).toBe(false);
            const friend = await contact();
            await world.trust(friend.profile, signerWith(victim, mallory));
            expect(await isTrusted(friend.hex)).toBe(false);
        }
        expect(await isBelieved(mallory)).toBe(true);
        expect(await world.keys.isKeyTrusted(mallory.hex, bob.id)).toBe(false);
        expect(await world.keys.getTrustedKeysForPerson(bob.id)).toEqual([bob.hex]);
    });

    test('do not gain anything by vouching for themselves or each other', async () => {
        const ring = [await contact(), await contact(), await contact()];
        for (const { id } of ring) await world.grantRights(id);
        for (const [i, { profile }] of ring.entries())
            for (const issuer of [ring[i], ring[(i + 1) % 3]]) await world.trust(profile, issuer?.signer);
        for (const { hex } of ring) expect(await isTrusted(hex)).toBe(false);
        const [first] = ring;
        if (first !== undefined) await world.trust(first.profile);
        for (const { hex } of ring) expect(await isTrusted(hex)).toBe(true);
        // The other two trust it only because of what it says itself.
        const { certificates } = await world.keys.getKeyTrustInfo(first?.hex ?? '');
        expect(certificates.map(({ certificate }) => certificate.signature.issuer)).toEqual([world.me]);
    });

    test('cannot make evaluation explode by layers of people who all vouch for each other', async () => {
        let before: TestPerson[] = [];
        for (let layer = 0; layer < 30; layer++) {
            const now = [await contact(), await contact()];
            for (const { id, profile } of now) {
                await world.grantRights(id);
                if (layer === 0) await world.trust(profile);
                for (const { signer } of before) await world.trust(profile, signer);
                // Back again, so that there are loops at every step.
                for (const { signer } of now) for (const each of before) await world.trust(each.profile, signer);
            }
            before = now;
        }
        const reads = jest.spyOn(world.one.objects.store, 'list');
        const info = await world.keys.getKeyTrustInfo(before[0]?.hex ?? '');
        expect(info.trusted).toBe(true);
        expect(info.certificates).toHaveLength(2);
        expect(reads.mock.calls.length).toBeLessThan(3_000);
        expect(JSON.stringify(info).length).toBeLessThan(100_000);
        reads.mockRestore();
    });
});

describe('what is remembered', () => {
    test('serves until something is stored on which it may rest', async () => {
        const bob = await contact();
        await world.trust(bob.profile);
        const signed = await world.profile(world.me, [], { profileId: 'signed' });
        await isTrusted(bob.hex);
        const reads = jest.spyOn(world.one.objects.store, 'list');
        // As every message of a chat that is affirmed.
        await world.affirm(signed);
        reads.mockClear();
        expect(await isTrusted(bob.hex)).toBe(true);
        expect(reads).not.toHaveBeenCalled();
        await world.trust(bob.profile, bob.signer);
        await isTrusted(bob.hex);
        expect(reads).toHaveBeenCalled();
        reads.mockRestore();
    });

    test('an answer under way while a certificate comes is given, but not kept', async () => {
        const bob = await contact();
        await world.profile(world.me, [], { profileId: 'an event' });
        const [read, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const { store } = world.one.objects;
        const list = store.list.bind(store);
        const slow = jest.spyOn(store, 'list').mockImplementation(async (space, key, range) => {
            const entries = await list(space, key, range);
            if (key !== `${bob.profile}.Object.TrustKeysCertificate`) return entries;
            read.resolve();
            await goOn.promise;
            return entries;
        });
        const early = isTrusted(bob.hex);
        await read.promise;
        await world.trust(bob.profile);
        goOn.resolve();
        expect(await early).toBe(false);
        slow.mockRestore();
        expect(await isTrusted(bob.hex)).toBe(true);
    });
});

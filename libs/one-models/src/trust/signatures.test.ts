import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
    ensureHash,
    hexToUint8ArrayWithCheck,
    ensureSecretSignKey,
    signKeyPairOf,
    type Typed,
} from '@refinio/one.core';
import type { Signature } from '../recipes/trust-recipes.ts';
import { storeObject } from '../typed-objects.ts';
import { getSignatures, signIn, verifies } from './signatures.ts';
import { createSigner } from './signer.ts';
import { newKey, signerWith, TestWorld } from './test-world.ts';

interface Vectors {
    readonly signature: { readonly object: Signature; readonly microdata: string; readonly hash: string };
    readonly keyPairs: { readonly alice: { readonly sign: { secretKeyHex: string; publicKeyHex: string } } };
}

let world: TestWorld;
beforeAll(async () => {
    world = await TestWorld.open();
});
afterAll(() => world[Symbol.asyncDispose]());

const vectors = JSON.parse(readFileSync(new URL('../../test-vectors/crypto.json', import.meta.url), 'utf8')) as Vectors;
test('signing gives the recorded signature', async () => {
    const { object, hash, microdata } = vectors.signature;
    const { secretKeyHex, publicKeyHex } = vectors.keyPairs.alice.sign;
    const pair = signKeyPairOf(ensureSecretSignKey(hexToUint8ArrayWithCheck(secretKeyHex)));
    const alice = signerWith(object.issuer, { hex: publicKeyHex, pair });
    const signed = await world.transact(objects => signIn(objects, object.data, alice));
    expect(signed).toEqual({ obj: object, hash });
    expect(world.one.microdata.write(signed.obj)).toBe(microdata);
    expect(verifies(object, publicKeyHex)).toBe(true);
});

test('signing the same twice gives one object, which the key of the signer verifies', async () => {
    using signer = await createSigner(world.one.keyChain, world.me);
    const data = await world.profile(world.me, [], { profileId: 'signed' });
    const first = await world.transact(objects => signIn(objects, data, signer));
    const second = await world.transact(objects => signIn(objects, data, signer));
    expect(second).toEqual(first);
    expect(await getSignatures(world.one.objects, data)).toEqual([first]);
    expect(verifies(first.obj, await world.ownKey())).toBe(true);
    expect(verifies(first.obj, newKey().hex)).toBe(false);
    expect(verifies(first.obj, (await world.ownKey()).toUpperCase())).toBe(false);
});

test('a device without keys of a person cannot sign as that person', async () => {
    const bob = await world.contact('without-keys@example.org');
    await expect(createSigner(world.one.keyChain, bob.id)).rejects.toMatchObject({ code: 'KEYCH-NODEFKEYS' });
});

test.each([
    ['of no digits', ''],
    ['too short', 'ab'.repeat(63)],
    ['too long', 'ab'.repeat(65)],
    ['of zeros', '00'.repeat(64)],
])('a signature %s verifies nothing and hides no other one', async (what, signature) => {
    const data = ensureHash<Typed>(await world.profile(world.me, [], { profileId: what }));
    const key = newKey();
    const broken: Signature = { $type$: 'Signature', issuer: world.me, data, signature };
    await world.transact(objects => storeObject(objects, broken));
    const good = await world.transact(objects => signIn(objects, data, signerWith(world.me, key)));
    const signatures = await getSignatures(world.one.objects, data, world.me);
    expect(signatures.map(({ obj }) => verifies(obj, key.hex))).toEqual([false, true]);
    expect(signatures[1]).toEqual(good);
});

test('a signature that is lost in the store is left out', async () => {
    const data = await world.profile(world.me, [], { profileId: 'lost' });
    const lost = await world.transact(objects => signIn(objects, data, signerWith(world.me, newKey())));
    const kept = await world.transact(objects => signIn(objects, data, signerWith(world.me, newKey())));
    await world.one.objects.store.transact(async transaction => {
        transaction.delete('objects', lost.hash);
        await Promise.resolve();
    });
    expect(await getSignatures(world.one.objects, data)).toEqual([kept]);
});

test('signatures are found by issuer', async () => {
    const data = await world.profile(world.me, [], { profileId: 'issuers' });
    const bob = await world.contact('issuer@example.org');
    const mine = await world.transact(objects => signIn(objects, data, signerWith(world.me, newKey())));
    const his = await world.transact(objects => signIn(objects, data, bob.signer));
    expect(await getSignatures(world.one.objects, data)).toEqual([mine, his]);
    expect(await getSignatures(world.one.objects, data, bob.id)).toEqual([his]);
});

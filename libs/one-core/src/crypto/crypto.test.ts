import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import * as browser from '../platform/browser/primitives.ts';
import * as node from '../platform/node/primitives.ts';
import { deriveSymmetricKeyFromKeypair } from './box.ts';
import {
    base64ToUint8Array,
    hexToUint8ArrayWithCheck,
    isHexString,
    uint8ArrayToBase64,
    uint8ArrayToHex,
} from './hex.ts';
import * as keys from './keys.ts';
import type { Bytes } from './primitives.ts';
import { createRandomString } from './random.ts';
import { ensureHash } from '../hashes.ts';
import { hashSignatureVerify, signatureVerify } from './sign.ts';
import { symmetricDecryptWithEmbeddedNonce, symmetricEncryptAndEmbedNonce } from './symmetric.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(own);
const data = fc.uint8Array({ maxLength: 300 }).map(own);

function own(view: Uint8Array): Bytes {
    return new Uint8Array(view);
}

describe.each([
    { platform: 'Node', ...node },
    { platform: 'browser', ...browser },
])('the primitives of $platform do what NaCl does', ({ primitives, cryptoReady }) => {
    test('with any keys and data', async () => {
        await cryptoReady();
        fc.assert(
            fc.property(bytes(32), bytes(32), bytes(24), data, (a, b, nonce, message) => {
                const sealed = primitives.secretboxSeal(message, nonce, a);
                expect(sealed).toEqual(nacl.secretbox(message, nonce, a));
                expect(primitives.secretboxOpen(sealed, nonce, a)).toEqual(message);
                expect(primitives.secretboxOpen(sealed, nonce, b)).toEqual(
                    nacl.secretbox.open(sealed, nonce, b) ?? undefined,
                );

                const publicKey = primitives.boxPublicKey(b);
                expect(publicKey).toEqual(nacl.box.keyPair.fromSecretKey(b).publicKey);
                expect(primitives.boxSharedKey(a, publicKey)).toEqual(nacl.box.before(publicKey, a));

                const signing = nacl.sign.keyPair.fromSeed(a);
                const signature = primitives.sign(message, own(signing.secretKey));
                expect(signature).toEqual(nacl.sign.detached(message, signing.secretKey));
                expect(primitives.verify(signature, message, own(signing.publicKey))).toBe(true);
                signature[5] = (signature[5] ?? 0) ^ 4;
                expect(primitives.verify(signature, message, own(signing.publicKey))).toBe(false);
            }),
            // The oracle takes some 50 ms each time.
            { numRuns: process.env['TEST_FULL'] ? 1_000 : 15 },
        );
    });

    test('with views into larger buffers, and results in buffers of their own', async () => {
        await cryptoReady();
        const pool = new Uint8Array(200).map((_, i) => i);
        const [key, nonce, message] = [pool.subarray(3, 35), pool.subarray(40, 64), pool.subarray(70, 99)];
        const results = [
            primitives.randomBytes(24),
            primitives.secretboxSeal(message, nonce, key),
            primitives.secretboxOpen(primitives.secretboxSeal(message, nonce, key), nonce, key),
            primitives.boxPublicKey(key),
            primitives.boxSharedKey(key, primitives.boxPublicKey(pool.subarray(100, 132))),
            primitives.signKeyPair().secretKey,
            primitives.sign(message, own(nacl.sign.keyPair().secretKey)),
            await primitives.scrypt(message, nonce, { N: 16, r: 8, p: 1, length: 32 }),
        ];
        for (const result of results) expect(result?.buffer.byteLength).toBe(result?.byteLength);
        expect(results[1]).toEqual(nacl.secretbox(message, nonce, key));
        expect(results[2]).toEqual(own(message));
    });

    test('compare secrets, wipe them, and draw random ones', async () => {
        await cryptoReady();
        const secret = own(randomBytes(32));
        expect(primitives.equal(secret, own(secret))).toBe(true);
        expect(
            primitives.equal(
                secret,
                own(secret)
                    .fill(0, 31)
                    .map((byte, i) => (i === 31 ? (secret[31] ?? 0) ^ 1 : byte)),
            ),
        ).toBe(false);
        expect(primitives.equal(secret, secret.subarray(1))).toBe(false);
        keys.wipe(secret);
        expect(secret).toEqual(new Uint8Array(32));
        expect(primitives.randomBytes(32)).not.toEqual(primitives.randomBytes(32));
        expect(primitives.randomBytes(0)).toHaveLength(0);
    });

    test('refuse public keys of low order, with which everybody knows the shared key', async () => {
        await cryptoReady();
        const one = new Uint8Array(32);
        one[0] = 1;
        const order8 = hexToUint8ArrayWithCheck('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800');
        for (const low of [new Uint8Array(32), one, order8])
            expect(primitives.boxSharedKey(own(randomBytes(32)), low)).toBeUndefined();
    });
});

test('both platforms derive the same key from a password, at any cost', async () => {
    await browser.cryptoReady();
    const [password, salt] = [own(randomBytes(20)), own(randomBytes(16))];
    for (const N of [1_024, 16_384]) {
        const cost = { N, r: 8, p: 1, length: 32 };
        const key = await node.primitives.scrypt(password, salt, cost);
        expect(await browser.primitives.scrypt(password, salt, cost)).toEqual(key);
    }
});

describe('encryption', () => {
    test('is never the same twice, and is refused after any change', () => {
        fc.assert(
            fc.property(data, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, change) => {
                const key = keys.createSymmetricKey();
                const sealed = symmetricEncryptAndEmbedNonce(message, key);
                expect(sealed).toHaveLength(message.length + 40);
                expect(symmetricEncryptAndEmbedNonce(message, key)).not.toEqual(sealed);
                expect(symmetricDecryptWithEmbeddedNonce(sealed, key)).toEqual(message);
                const index = at % sealed.length;
                sealed[index] = (sealed[index] ?? 0) ^ change;
                expect(() => symmetricDecryptWithEmbeddedNonce(sealed, key)).toThrow('CYENC-SYMDEC');
            }),
        );
    });

    test('with a public key of low order is refused', () => {
        const { secretKey } = keys.createKeyPair();
        const low = keys.ensurePublicKey(new Uint8Array(32));
        expect(() => deriveSymmetricKeyFromKeypair(secretKey, low)).toThrow(
            'CYENC-ENSPUB: this public key is of low order',
        );
    });
});

test('a signature of any length, with a key of any length, is verified without an error', () => {
    fc.assert(
        fc.property(
            fc.uint8Array({ maxLength: 70 }),
            fc.uint8Array({ maxLength: 40 }),
            data,
            (signature, key, message) => {
                expect(signatureVerify(message, signature, key)).toBe(false);
            },
        ),
    );
});

describe('texts of bytes', () => {
    test('come back', () => {
        fc.assert(
            fc.property(data, message => {
                expect(uint8ArrayToHex(message)).toBe(Buffer.from(message).toString('hex'));
                expect(hexToUint8ArrayWithCheck(uint8ArrayToHex(message).toUpperCase())).toEqual(message);
                expect(uint8ArrayToBase64(message)).toBe(Buffer.from(message).toString('base64'));
                expect(base64ToUint8Array(uint8ArrayToBase64(message))).toEqual(message);
            }),
        );
    });

    test('that are none are refused without being repeated', () => {
        for (const text of ['abc', 'secret', '0x00']) {
            expect(isHexString(text)).toBe(false);
            expect(() => hexToUint8ArrayWithCheck(text)).toThrow('HEX_INVALID');
            expect(() => hexToUint8ArrayWithCheck(text)).not.toThrow(text);
        }
        expect(() => base64ToUint8Array('geheim!')).toThrow('BASE64_INVALID');
        expect(() => base64ToUint8Array('geheim!')).not.toThrow('geheim');
    });
});

describe('random texts', () => {
    test('have their alphabet and length', () => {
        expect(createRandomString()).toMatch(/^[0-9a-zA-Z_-]{64}$/);
        expect(createRandomString(64, true)).toMatch(/^[0-9a-f]{64}$/);
        expect(createRandomString(0)).toBe('');
        expect(createRandomString(65_536)).toHaveLength(65_536);
        expect(new Set(createRandomString(10_000)).size).toBe(64);
    });

    test.each([65_537, -1, 1.5, NaN])('of length %d are refused', length => {
        expect(() => createRandomString(length)).toThrow('CR-RS1');
    });
});

test('long texts of a peer cost no time', () => {
    const hash = ensureHash('a'.repeat(64));
    const { publicKey } = keys.createSignKeyPair();
    expect(hashSignatureVerify(hash, 'ab'.repeat(30_000_000), publicKey)).toBe(false);
    expect(() => base64ToUint8Array(`${'A'.repeat(20_000_000)}!`)).toThrow('BASE64_INVALID');
});

test('salts have at least 16 bytes', () => {
    expect(keys.createRandomSalt(24)).toHaveLength(24);
    for (const length of [15, 0, -1]) expect(() => keys.createRandomSalt(length)).toThrow('CYENC-ENSSLT');
});

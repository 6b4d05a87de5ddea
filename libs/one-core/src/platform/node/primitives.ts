import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import sodium from 'sodium-native';
import type { Bytes, Primitives, ScryptCost } from '../../crypto/primitives.ts';

const TAG = sodium.crypto_secretbox_MACBYTES;
/** Words of a Salsa20 block that HSalsa20 returns, and the constant that the block adds to each ("expand 32-byte k"). */
const HSALSA20_WORDS = [
    [0, 0x61707865],
    [5, 0x3320646e],
    [10, 0x79622d32],
    [15, 0x6b206574],
    [6, 0],
    [7, 0],
    [8, 0],
    [9, 0],
] as const;

const scryptAsync = promisify<Uint8Array, Uint8Array, number, object, Buffer>(scrypt);

/** Nothing has to be loaded here; see the browser's side. */
export function cryptoReady(): Promise<void> {
    return Promise.resolve();
}

/** libsodium natively; scrypt by Node, on its thread pool. */
export const primitives: Primitives = {
    randomBytes(length) {
        const bytes = new Uint8Array(length);
        sodium.randombytes_buf(bytes);
        return bytes;
    },
    secretboxSeal(plain, nonce, key) {
        const cypher = new Uint8Array(plain.length + TAG);
        sodium.crypto_secretbox_easy(cypher, plain, nonce, key);
        return cypher;
    },
    secretboxOpen(cypher, nonce, key) {
        const plain = new Uint8Array(cypher.length - TAG);
        return sodium.crypto_secretbox_open_easy(plain, cypher, nonce, key) ? plain : undefined;
    },
    aeadSeal(plain, context, nonce, key) {
        const cypher = new Uint8Array(plain.length + TAG);
        sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(cypher, plain, context, null, nonce, key);
        return cypher;
    },
    aeadOpen(cypher, context, nonce, key) {
        if (cypher.length < TAG) return undefined;
        const plain = new Uint8Array(cypher.length - TAG);
        try {
            sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plain, null, cypher, context, nonce, key);
            return plain;
        } catch {
            // With the lengths checked, it fails for nothing but a tag that does not fit.
            return undefined;
        }
    },
    keyedHash(message, key) {
        const digest = new Uint8Array(32);
        sodium.crypto_generichash(digest, message, key);
        return digest;
    },
    boxSharedKey(secretKey, publicKey) {
        const point = new Uint8Array(32);
        try {
            sodium.crypto_scalarmult(point, secretKey, publicKey);
        } catch {
            // With the lengths checked, it fails for nothing but a result of zeros.
            return undefined;
        }
        const key = hsalsa20OfZeros(point);
        sodium.sodium_memzero(point);
        return key;
    },
    boxPublicKey(secretKey) {
        const publicKey = new Uint8Array(32);
        sodium.crypto_scalarmult_base(publicKey, secretKey);
        return publicKey;
    },
    signKeyPair() {
        const [publicKey, secretKey] = [new Uint8Array(32), new Uint8Array(64)];
        sodium.crypto_sign_keypair(publicKey, secretKey);
        return { publicKey, secretKey };
    },
    sign(message, secretKey) {
        const signature = new Uint8Array(64);
        sodium.crypto_sign_detached(signature, message, secretKey);
        return signature;
    },
    verify: (signature, message, publicKey) => sodium.crypto_sign_verify_detached(signature, message, publicKey),
    async scrypt(password, salt, { N, r, p, length }: ScryptCost) {
        const key = await scryptAsync(password, salt, length, { N, r, p, maxmem: 256 * N * r });
        const bytes = new Uint8Array(key);
        sodium.sodium_memzero(key);
        return bytes;
    },
    equal: (a, b) => a.length === b.length && sodium.sodium_memcmp(a, b),
};

/**
 * HSalsa20 with 16 zero bytes as input, which the library does not offer alone. It is a Salsa20 block without the final
 * addition: the words it returns are those whose addend is known (constants, and the zeros of nonce and counter).
 */
function hsalsa20OfZeros(key: Uint8Array): Bytes {
    const block = new Uint8Array(64);
    sodium.crypto_stream_salsa20(block, new Uint8Array(8), key);
    const [from, result] = [new DataView(block.buffer), new DataView(new ArrayBuffer(32))];
    for (const [i, [word, addend]] of HSALSA20_WORDS.entries())
        result.setUint32(4 * i, from.getUint32(4 * word, true) - addend, true);
    sodium.sodium_memzero(block);
    return new Uint8Array(result.buffer);
}

import sodium from 'libsodium-wrappers-sumo';
import { CryptoError } from '../../crypto/crypto-errors.ts';
import type { Bytes, Primitives } from '../../crypto/primitives.ts';

let loaded = false;

/**
 * Resolves when the WebAssembly is compiled (some 10 ms); whoever opens an instance or a key chain waits for it.
 * @throws CryptoError `CRYPTO_UNAVAILABLE` where a page may not compile WebAssembly
 */
export async function cryptoReady(): Promise<void> {
    try {
        await sodium.ready;
    } catch (cause) {
        const remedy = "its Content Security Policy needs script-src 'wasm-unsafe-eval'";
        throw new CryptoError('CRYPTO_UNAVAILABLE', `this page cannot compile WebAssembly; ${remedy}`, { cause });
    }
    loaded = true;
}

/** libsodium as WebAssembly. */
export const primitives: Primitives = {
    randomBytes: length => exact(ready().randombytes_buf(length)),
    secretboxSeal: (plain, nonce, key) => exact(ready().crypto_secretbox_easy(plain, nonce, key)),
    secretboxOpen: (cypher, nonce, key) => attempt(() => ready().crypto_secretbox_open_easy(cypher, nonce, key)),
    aeadSeal: (plain, context, nonce, key) =>
        exact(ready().crypto_aead_xchacha20poly1305_ietf_encrypt(plain, context, null, nonce, key)),
    aeadOpen: (cypher, context, nonce, key) =>
        attempt(() => ready().crypto_aead_xchacha20poly1305_ietf_decrypt(null, cypher, context, nonce, key)),
    keyedHash: (message, key) => exact(ready().crypto_generichash(32, message, key)),
    boxSharedKey: (secretKey, publicKey) => attempt(() => ready().crypto_box_beforenm(publicKey, secretKey)),
    boxPublicKey: secretKey => exact(ready().crypto_scalarmult_base(secretKey)),
    signKeyPair() {
        const { publicKey, privateKey } = ready().crypto_sign_keypair();
        return { publicKey: exact(publicKey), secretKey: exact(privateKey) };
    },
    sign: (message, secretKey) => exact(ready().crypto_sign_detached(message, secretKey)),
    verify: (signature, message, publicKey) => ready().crypto_sign_verify_detached(signature, message, publicKey),
    scrypt: async (password, salt, { N, r, p, length }) => {
        await cryptoReady();
        return exact(sodium.crypto_pwhash_scryptsalsa208sha256_ll(password, salt, N, r, p, length));
    },
    equal: (a, b) => a.length === b.length && ready().memcmp(a, b),
};

function ready(): typeof sodium {
    if (!loaded)
        throw new CryptoError('CRYPTO_NOT_READY', 'await cryptoReady() before cryptography is used in a browser');
    return sodium;
}

/** The library throws where a tag does not fit or a key is of low order; the caller has checked all lengths. */
function attempt(run: () => Uint8Array): Bytes | undefined {
    ready();
    try {
        return exact(run());
    } catch {
        return undefined;
    }
}

function exact(bytes: Uint8Array): Bytes {
    return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
        ? new Uint8Array(bytes.buffer)
        : new Uint8Array(bytes);
}

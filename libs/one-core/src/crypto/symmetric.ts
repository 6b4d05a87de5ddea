// Symmetric encryption (spec 30 §5): XSalsa20-Poly1305.
//
//   without nonce          tag (16) ‖ cypher text (n)
//   with embedded nonce    nonce (24) ‖ tag (16) ‖ cypher text (n)
import { primitives } from '#platform/primitives';
import { CryptoError } from './crypto-errors.ts';
import {
    concat,
    createRandomNonce,
    ensureBytes,
    ensureNonce,
    ensureSymmetricKey,
    NONCE_LENGTH,
    TAG_LENGTH,
    type Nonce,
    type SymmetricKey,
} from './keys.ts';
import type { Bytes } from './primitives.ts';

/** Tag and cypher text. The caller never uses a nonce twice with the same key. */
export function symmetricEncrypt(data: Uint8Array, key: SymmetricKey, nonce: Nonce): Bytes {
    ensureBytes(data);
    return primitives.secretboxSeal(data, ensureNonce(nonce), ensureSymmetricKey(key));
}

/** Nonce, tag and cypher text; the nonce is random unless a format demands another. */
export function symmetricEncryptAndEmbedNonce(
    data: Uint8Array,
    key: SymmetricKey,
    nonce: Nonce = createRandomNonce(),
): Bytes {
    return concat(nonce, symmetricEncrypt(data, key, nonce));
}

/** @throws CryptoError `CYENC-SYMDEC` for a wrong key, a wrong nonce, changed or cut data: which one, nobody can tell */
export function symmetricDecrypt(cypher: Uint8Array, key: SymmetricKey, nonce: Nonce): Bytes {
    ensureBytes(cypher);
    const tooShort = cypher.length < TAG_LENGTH;
    const plain = tooShort ? undefined : primitives.secretboxOpen(cypher, ensureNonce(nonce), ensureSymmetricKey(key));
    if (plain === undefined) throw new CryptoError('CYENC-SYMDEC', 'the key is wrong or the data were changed');
    return plain;
}

/** @throws CryptoError `CYENC-SYMDEC`, also if there is not even a nonce */
export function symmetricDecryptWithEmbeddedNonce(bytes: Uint8Array, key: SymmetricKey): Bytes {
    if (bytes.length < NONCE_LENGTH) throw new CryptoError('CYENC-SYMDEC', 'the data are too short');
    return symmetricDecrypt(bytes.subarray(NONCE_LENGTH), key, ensureNonce(bytes.subarray(0, NONCE_LENGTH)));
}

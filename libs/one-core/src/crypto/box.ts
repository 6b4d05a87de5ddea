// Public key encryption (spec 30 §7): X25519 and HSalsa20 give a shared key, then as in symmetric.ts. The key is the same
// in both directions: a box proves that one of the two wrote it, not which one.
import { primitives } from '#platform/primitives';
import { CryptoError } from './crypto-errors.ts';
import {
    ensurePublicKey,
    ensureSecretKey,
    ensureSymmetricKey,
    wipe,
    type Nonce,
    type PublicKey,
    type SecretKey,
    type SymmetricKey,
} from './keys.ts';
import type { Bytes } from './primitives.ts';
import {
    symmetricDecrypt,
    symmetricDecryptWithEmbeddedNonce,
    symmetricEncrypt,
    symmetricEncryptAndEmbedNonce,
} from './symmetric.ts';

/** Key that the holders of the two secret keys share. @throws CryptoError `CYENC-ENSPUB` for a key of low order */
export function deriveSymmetricKeyFromKeypair(mySecretKey: SecretKey, otherPublicKey: PublicKey): SymmetricKey {
    const key = primitives.boxSharedKey(ensureSecretKey(mySecretKey), ensurePublicKey(otherPublicKey));
    if (key === undefined)
        throw new CryptoError('CYENC-ENSPUB', 'this public key is of low order: everybody would know the shared key');
    return ensureSymmetricKey(key);
}

/** Tag and cypher text. @throws CryptoError `CYENC-ENSPUB` */
export function encrypt(data: Uint8Array, mine: SecretKey, other: PublicKey, nonce: Nonce): Bytes {
    return withSharedKey(mine, other, key => symmetricEncrypt(data, key, nonce));
}

/** Nonce, tag and cypher text. @throws CryptoError `CYENC-ENSPUB` */
export function encryptAndEmbedNonce(data: Uint8Array, mine: SecretKey, other: PublicKey, nonce?: Nonce): Bytes {
    return withSharedKey(mine, other, key => symmetricEncryptAndEmbedNonce(data, key, nonce));
}

/** @throws CryptoError `CYENC-SYMDEC`, `CYENC-ENSPUB` */
export function decrypt(cypher: Uint8Array, mine: SecretKey, other: PublicKey, nonce: Nonce): Bytes {
    return withSharedKey(mine, other, key => symmetricDecrypt(cypher, key, nonce));
}

/** @throws CryptoError `CYENC-SYMDEC`, `CYENC-ENSPUB` */
export function decryptWithEmbeddedNonce(bytes: Uint8Array, mine: SecretKey, other: PublicKey): Bytes {
    return withSharedKey(mine, other, key => symmetricDecryptWithEmbeddedNonce(bytes, key));
}

function withSharedKey<T>(mine: SecretKey, other: PublicKey, use: (key: SymmetricKey) => T): T {
    const key = deriveSymmetricKeyFromKeypair(mine, other);
    try {
        return use(key);
    } finally {
        wipe(key);
    }
}

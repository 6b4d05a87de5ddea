// The key of an encrypted store:
//
//   meta/encryption    version 1 (1 byte) ‖ salt (16) ‖ nonce (24) ‖ secretbox(storage key 32), key = scrypt(secret, salt)
//
// Names and values have keys of their own, made from it with BLAKE2b under the labels "names" and "values".
import { primitives } from '#platform/primitives';
import { CryptoError } from '../../crypto/crypto-errors.ts';
import { createRandomSalt, ensureSalt, ensureSymmetricKey, wipe } from '../../crypto/keys.ts';
import { deriveSymmetricKeyFromSecret } from '../../crypto/secret.ts';
import { symmetricDecryptWithEmbeddedNonce, symmetricEncryptAndEmbedNonce } from '../../crypto/symmetric.ts';
import type { SymmetricKey } from '../../crypto/keys.ts';
import { StorageError } from '../storage-errors.ts';

/** Where the sealed key stands in `meta`. */
export const ENCRYPTION = 'encryption';
const VERSION = 1;
const SALT_BYTES = 16;

export interface StorageKeys {
    readonly names: Uint8Array;
    readonly values: Uint8Array;
}

/** Seals a storage key under a secret, with a new salt. */
export async function sealStorageKey(key: SymmetricKey, secret: string): Promise<Uint8Array> {
    const salt = createRandomSalt();
    const wrapping = await deriveSymmetricKeyFromSecret(secret, salt);
    try {
        return Uint8Array.of(VERSION, ...salt, ...symmetricEncryptAndEmbedNonce(key, wrapping));
    } finally {
        wipe(wrapping);
    }
}

/** @throws StorageError `SC-INIT1` for a wrong secret; `STORAGE_NEWER`, `STORAGE_DAMAGED` */
export async function openStorageKey(sealed: Uint8Array, secret: string): Promise<SymmetricKey> {
    const [version] = sealed;
    if (version !== undefined && version > VERSION)
        throw new StorageError('STORAGE_NEWER', 'This store was encrypted by a newer version; install that one');
    if (version !== VERSION || sealed.length !== 1 + SALT_BYTES + 72)
        throw new StorageError('STORAGE_DAMAGED', 'The key of this encrypted store is damaged; restore a backup');
    const salt = ensureSalt(sealed.slice(1, 1 + SALT_BYTES));
    const wrapping = await deriveSymmetricKeyFromSecret(secret, salt);
    try {
        return ensureSymmetricKey(symmetricDecryptWithEmbeddedNonce(sealed.slice(1 + SALT_BYTES), wrapping));
    } catch (cause) {
        if (!(cause instanceof CryptoError)) throw cause;
        throw new StorageError('SC-INIT1', 'The secret does not open this store; nothing was changed', { cause });
    } finally {
        wipe(wrapping);
    }
}

export function keysOf(key: SymmetricKey): StorageKeys {
    const label = (text: string) => primitives.keyedHash(new TextEncoder().encode(`lama/v1/storage/${text}`), key);
    return { names: label('names'), values: label('values') };
}

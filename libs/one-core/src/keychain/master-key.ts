// The master key in storage (spec 31 §2). It is created once and never changes; its secret may.
//
//   private/keychain_salt        16 bytes     random, plain (readers accept more)
//   private/keychain_masterkey   72 bytes     nonce (24) ‖ secretbox(master key 32), key = scrypt(secret, salt)
//   private/<keysHash>.encrypt   72 bytes     nonce (24) ‖ secretbox(secret encryption key 32), key = master key
//   private/<keysHash>.sign      104 bytes    nonce (24) ‖ secretbox(secret sign key 64), key = master key
import { CryptoError } from '../crypto/crypto-errors.ts';
import { createRandomSalt, ensureSalt, ensureSymmetricKey, wipe, type SymmetricKey } from '../crypto/keys.ts';
import { deriveSymmetricKeyFromSecret } from '../crypto/secret.ts';
import { symmetricDecryptWithEmbeddedNonce, symmetricEncryptAndEmbedNonce } from '../crypto/symmetric.ts';
import type { Space } from '../storage/storage-backend.ts';
import type { StoreReader, Transaction } from '../storage/store.ts';
import { KeyChainError, WrongSecretError } from './key-chain-errors.ts';

const SALT = 'keychain_salt';
const MASTER_KEY = 'keychain_masterkey';
/** What an installation of any kind writes. */
const ORIGINAL_SPACES = ['objects', 'vheads', 'rmaps', 'private'] as const;

/**
 * Whether a store has a master key.
 * @throws KeyChainError `KEYCHAIN_INCOMPLETE` for a store that has lost it: a new one would make all its keys unreadable
 */
export async function hasMasterKey(store: StoreReader): Promise<boolean> {
    const missing: string[] = [];
    for (const name of [SALT, MASTER_KEY]) if ((await store.get('private', name)) === undefined) missing.push(name);
    if (missing.length === 0) return true;
    // The key chain is what an installation stores first: where anything else is, it was lost.
    let empty = missing.length === 2;
    for (const space of ORIGINAL_SPACES) empty &&= await isEmpty(store, space);
    if (empty) return false;
    throw new KeyChainError(
        'KEYCHAIN_INCOMPLETE',
        `The store has lost ${missing.join(' and ')} of its key chain. Restore it from a backup: without it, the keys of this ` +
            'instance cannot be read. Nothing was changed',
    );
}

/** @throws WrongSecretError, KeyChainError `KEYCHAIN_MISSING`, CryptoError `CYENC-ENSSLT`, `CYENC-ENSSYM` */
export async function openMasterKey(store: Pick<StoreReader, 'get'>, secret: string): Promise<SymmetricKey> {
    const [salt, sealed] = [await store.get('private', SALT), await store.get('private', MASTER_KEY)];
    if (salt === undefined || sealed === undefined)
        throw new KeyChainError('KEYCHAIN_MISSING', 'There is no key chain here; create the instance first');
    const key = await deriveSymmetricKeyFromSecret(secret, ensureSalt(salt));
    try {
        return ensureSymmetricKey(symmetricDecryptWithEmbeddedNonce(sealed, key));
    } catch (cause) {
        if (cause instanceof CryptoError && cause.code === 'CYENC-SYMDEC') throw new WrongSecretError({ cause });
        throw cause;
    } finally {
        wipe(key);
    }
}

/**
 * Stores a master key under a secret, with a salt and a nonce of their own.
 * @param how `create`: there must be none yet; `put`: replaces it
 */
export async function sealMasterKey(
    transaction: Transaction,
    how: 'create' | 'put',
    masterKey: SymmetricKey,
    secret: string,
): Promise<void> {
    const salt = createRandomSalt();
    const key = await deriveSymmetricKeyFromSecret(secret, salt);
    try {
        transaction[how]('private', SALT, salt);
        transaction[how]('private', MASTER_KEY, symmetricEncryptAndEmbedNonce(masterKey, key));
    } finally {
        wipe(key);
    }
}

async function isEmpty(store: StoreReader, space: Space): Promise<boolean> {
    for await (const _key of store.keys(space)) return false;
    return true;
}

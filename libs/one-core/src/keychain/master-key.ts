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
import type { StorageBackend, Write } from '../storage/storage-backend.ts';
import { KeyChainError, WrongSecretError } from './key-chain-errors.ts';

const SALT = 'keychain_salt';
const MASTER_KEY = 'keychain_masterkey';
const KEY_FILE = /\.(?:encrypt|sign)$/;

/**
 * Whether a store has a master key.
 * @throws KeyChainError `KEYCHAIN_INCOMPLETE` for a store that has lost one: a new one would make all its keys unreadable
 */
export async function hasMasterKey(storage: Pick<StorageBackend, 'get' | 'keys'>): Promise<boolean> {
    const missing: string[] = [];
    for (const name of [SALT, MASTER_KEY]) if ((await storage.get('private', name)) === undefined) missing.push(name);
    if (missing.length === 0) return true;
    const left = missing.length === 1 || (await storage.keys('private')).some(name => KEY_FILE.test(name));
    if (left)
        throw new KeyChainError(
            'KEYCHAIN_INCOMPLETE',
            `The key chain has lost its file ${missing.join(' and ')}. Restore it from a backup: without it, the keys of ` +
                'this instance cannot be read. Nothing was changed',
        );
    return false;
}

/** @throws WrongSecretError, KeyChainError `KEYCHAIN_MISSING`, CryptoError `CYENC-ENSSLT`, `CYENC-ENSSYM` */
export async function openMasterKey(storage: Pick<StorageBackend, 'get'>, secret: string): Promise<SymmetricKey> {
    const [salt, sealed] = [await storage.get('private', SALT), await storage.get('private', MASTER_KEY)];
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

/** Both files of a master key under a secret, with a salt and a nonce of their own; to be stored in one commit. */
export async function sealMasterKey(masterKey: SymmetricKey, secret: string): Promise<Write[]> {
    const salt = createRandomSalt();
    const key = await deriveSymmetricKeyFromSecret(secret, salt);
    try {
        const sealed = symmetricEncryptAndEmbedNonce(masterKey, key);
        return [
            { type: 'put', space: 'private', key: SALT, value: salt },
            { type: 'put', space: 'private', key: MASTER_KEY, value: sealed },
        ];
    } finally {
        wipe(key);
    }
}

import { primitives } from '#platform/primitives';
import { CryptoError } from './crypto-errors.ts';
import { ensureSymmetricKey, wipe, type Salt, type SymmetricKey } from './keys.ts';

/**
 * Fixed for all existing stores: there is no record of the parameters beside the salt (spec 30 §9). They are cheap to try,
 * so a secret must be strong, or derived from a password at a higher cost before it comes here.
 */
const COST = { N: 1024, r: 8, p: 1, length: 32 } as const;

/** Key of a secret: NFKC, UTF-8, scrypt. The secret is not trimmed and may be empty. @throws CryptoError */
export async function deriveSymmetricKeyFromSecret(secret: string, salt: Salt): Promise<SymmetricKey> {
    ensureSecret(secret);
    const password = new TextEncoder().encode(secret.normalize('NFKC'));
    try {
        return ensureSymmetricKey(await primitives.scrypt(password, salt, COST));
    } catch (cause) {
        throw new CryptoError('CRS-SCR1', 'the platform could not derive the key', { cause });
    } finally {
        wipe(password);
    }
}

/** A secret that is no text is a mistake of the program; found before any storage is touched. @throws CryptoError */
export function ensureSecret(secret: unknown): asserts secret is string {
    if (typeof secret !== 'string')
        throw new CryptoError(
            'SECRET_INVALID',
            `the secret must be a text, not ${secret === null ? 'null' : typeof secret}`,
        );
}

import { primitives } from '#platform/primitives';
import { ensureHash, type SHA256Hash } from '../hashes.ts';
import { CryptoError } from './crypto-errors.ts';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-';
const MAX_LENGTH = 65_536;

/**
 * Text of random characters of a 64 character alphabet (6 bits each), with `hex` of 16 (4 bits each), spec 30 §4.
 * @throws CryptoError `CR-RS1` for more than 65536 characters
 */
export function createRandomString(length = 64, hex = false): string {
    if (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH)
        throw new CryptoError('CR-RS1', `a random string has 0 to ${MAX_LENGTH} characters`);
    return randomCharacters(primitives.randomBytes(length), hex);
}

/** The characters that random bytes stand for. */
export function randomCharacters(bytes: Uint8Array, hex = false): string {
    const count = hex ? 16 : ALPHABET.length;
    return Array.from(bytes, byte => ALPHABET[byte % count]).join('');
}

/** 64 random hexadecimal digits: looks like a hash, is the hash of nothing. */
export function createRandomSHA256Hash(): SHA256Hash {
    return ensureHash(createRandomString(64, true));
}

// Keys and their sizes (spec 30 §2, §10.3). A check looks at the length only and gives the array its type.
import { primitives } from '#platform/primitives';
import { CryptoError, type CryptoErrorCode } from './crypto-errors.ts';
import type { Bytes } from './primitives.ts';

declare const kind: unique symbol;
type Key<Kind extends string> = Uint8Array & { readonly [kind]: Kind };

/** 32 bytes, random or derived. */
export type SymmetricKey = Key<'SymmetricKey'>;
/** 32 bytes X25519, stored as they were drawn, without clamping. */
export type SecretKey = Key<'SecretKey'>;
/** 32 bytes X25519. */
export type PublicKey = Key<'PublicKey'>;
/** 64 bytes Ed25519: seed, then public key. */
export type SecretSignKey = Key<'SecretSignKey'>;
/** 32 bytes Ed25519. */
export type PublicSignKey = Key<'PublicSignKey'>;
/** 24 bytes; never twice with the same key. */
export type Nonce = Key<'Nonce'>;
/** 16 bytes or more. */
export type Salt = Key<'Salt'>;

/** For encryption. */
export interface KeyPair {
    readonly publicKey: PublicKey;
    readonly secretKey: SecretKey;
}

/** For signing. */
export interface SignKeyPair {
    readonly publicKey: PublicSignKey;
    readonly secretKey: SecretSignKey;
}

/** Bytes of the authentication tag in front of every cypher text. */
export const TAG_LENGTH = 16;
export const NONCE_LENGTH = 24;
const KEY_LENGTH = 32;
const SECRET_SIGN_KEY_LENGTH = 64;
const MINIMAL_SALT_LENGTH = 16;

function checkLength(data: Uint8Array, length: number, code: CryptoErrorCode, what: string): void {
    ensureBytes(data);
    if (data.length !== length) throw new CryptoError(code, `${what} has ${length} bytes, not ${data.length}`);
}

/** Both libraries take other things for bytes, each its own. @throws CryptoError `BYTES_INVALID` */
export function ensureBytes(data: unknown): asserts data is Uint8Array {
    // The tag is that of arrays of other realms; asking for it takes longer.
    if (!(data instanceof Uint8Array) && Object.prototype.toString.call(data) !== '[object Uint8Array]')
        throw new CryptoError('BYTES_INVALID', 'keys, nonces and data are given as Uint8Array');
}

/** @throws CryptoError `CYENC-ENSSYM` */
export function ensureSymmetricKey(data: Uint8Array): SymmetricKey {
    checkLength(data, KEY_LENGTH, 'CYENC-ENSSYM', 'a symmetric key');
    return data as SymmetricKey;
}

/** @throws CryptoError `CYENC-ENSSEC` */
export function ensureSecretKey(data: Uint8Array): SecretKey {
    checkLength(data, KEY_LENGTH, 'CYENC-ENSSEC', 'a secret encryption key');
    return data as SecretKey;
}

/** @throws CryptoError `CYENC-ENSPUB` */
export function ensurePublicKey(data: Uint8Array): PublicKey {
    checkLength(data, KEY_LENGTH, 'CYENC-ENSPUB', 'a public encryption key');
    return data as PublicKey;
}

/** @throws CryptoError `CYSIG-ENSSEC` */
export function ensureSecretSignKey(data: Uint8Array): SecretSignKey {
    checkLength(data, SECRET_SIGN_KEY_LENGTH, 'CYSIG-ENSSEC', 'a secret sign key');
    return data as SecretSignKey;
}

/** @throws CryptoError `CYENC-ENSPUB`, the same code as for encryption keys */
export function ensurePublicSignKey(data: Uint8Array): PublicSignKey {
    checkLength(data, KEY_LENGTH, 'CYENC-ENSPUB', 'a public sign key');
    return data as PublicSignKey;
}

/** @throws CryptoError `CYENC-ENSNCE` */
export function ensureNonce(data: Uint8Array): Nonce {
    checkLength(data, NONCE_LENGTH, 'CYENC-ENSNCE', 'a nonce');
    return data as Nonce;
}

/** Longer salts are fine. @throws CryptoError `CYENC-ENSSLT` */
export function ensureSalt(data: Uint8Array): Salt {
    ensureBytes(data);
    if (data.length < MINIMAL_SALT_LENGTH)
        throw new CryptoError('CYENC-ENSSLT', `a salt has at least ${MINIMAL_SALT_LENGTH} bytes, not ${data.length}`);
    return data as Salt;
}

export function createRandomNonce(): Nonce {
    return ensureNonce(primitives.randomBytes(NONCE_LENGTH));
}

export function createSymmetricKey(): SymmetricKey {
    return ensureSymmetricKey(primitives.randomBytes(KEY_LENGTH));
}

/** @param length bytes, at least 16 @throws CryptoError `CYENC-ENSSLT` */
export function createRandomSalt(length = MINIMAL_SALT_LENGTH): Salt {
    return ensureSalt(primitives.randomBytes(Number.isInteger(length) && length > 0 ? length : 0));
}

export function createKeyPair(): KeyPair {
    return keyPairOf(ensureSecretKey(primitives.randomBytes(KEY_LENGTH)));
}

export function createSignKeyPair(): SignKeyPair {
    const { publicKey, secretKey } = primitives.signKeyPair();
    return { publicKey: ensurePublicSignKey(publicKey), secretKey: ensureSecretSignKey(secretKey) };
}

/** The pair of a secret key alone: its public key is computed. */
export function keyPairOf(secretKey: SecretKey): KeyPair {
    return { publicKey: ensurePublicKey(primitives.boxPublicKey(secretKey)), secretKey };
}

/** The pair of a secret sign key alone: its public key is its second half. */
export function signKeyPairOf(secretKey: SecretSignKey): SignKeyPair {
    return { publicKey: ensurePublicSignKey(new Uint8Array(secretKey.subarray(KEY_LENGTH))), secretKey };
}

/** Whether two secrets are equal, in a time that tells nothing about them. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
    return primitives.equal(a, b);
}

/**
 * Overwrites secrets with zeros. Out of reach is what has been copied elsewhere: texts above all, and in a browser the memory
 * of the WebAssembly, which its library frees without overwriting.
 */
export function wipe(...secrets: readonly Uint8Array[]): void {
    for (const secret of secrets) secret.fill(0);
}

/** Joins byte sequences in a buffer of their own. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
    const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let offset = 0;
    for (const part of parts) {
        joined.set(part, offset);
        offset += part.length;
    }
    return joined;
}

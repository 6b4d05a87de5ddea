// Signatures (spec 30 §8, 32-B.2): Ed25519, detached, deterministic.
import { primitives } from '#platform/primitives';
import type { SHA256Hash } from '../hashes.ts';
import { isHexString, uint8ArrayToHex, hexToUint8ArrayWithCheck } from './hex.ts';
import { ensureBytes, ensureSecretSignKey, type PublicSignKey, type SecretSignKey } from './keys.ts';
import type { Bytes } from './primitives.ts';

const SIGNATURE_LENGTH = 64;
const PUBLIC_KEY_LENGTH = 32;
const utf8 = new TextEncoder();

/** Signature of 64 bytes. */
export function sign(data: Uint8Array, secretSignKey: SecretSignKey): Bytes {
    ensureBytes(data);
    return primitives.sign(data, ensureSecretSignKey(secretSignKey));
}

/** Whether a signature is of these data by this key. A signature or key of a wrong length verifies nothing. */
export function signatureVerify(data: Uint8Array, signature: Uint8Array, publicSignKey: Uint8Array): boolean {
    ensureBytes(data);
    if (signature.length !== SIGNATURE_LENGTH || publicSignKey.length !== PUBLIC_KEY_LENGTH) return false;
    return primitives.verify(signature, data, publicSignKey);
}

/** What the property `signature` of a `Signature` holds: over the 64 characters of the hash, not over its 32 bytes. */
export function signHash(data: SHA256Hash, sign: (data: Uint8Array) => Uint8Array): string {
    return uint8ArrayToHex(sign(utf8.encode(data)));
}

/** Whether the property `signature` of a `Signature` is of this hash by this key; text that is no hexadecimal is not. */
export function hashSignatureVerify(data: SHA256Hash, signature: string, publicSignKey: PublicSignKey): boolean {
    if (signature.length !== 2 * SIGNATURE_LENGTH || !isHexString(signature)) return false;
    return signatureVerify(utf8.encode(data), hexToUint8ArrayWithCheck(signature), publicSignKey);
}

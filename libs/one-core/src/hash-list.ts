// Several hashes as one value: 32 bytes each.
import { hexToUint8Array, uint8ArrayToHex } from './crypto/hex.ts';

export const HASH_BYTES = 32;

export function encodeHashes(hashes: Iterable<string>): Uint8Array {
    return hexToUint8Array([...hashes].join(''));
}

export function decodeHashes(value: Uint8Array | undefined): string[] {
    if (value === undefined) return [];
    return Array.from({ length: Math.floor(value.length / HASH_BYTES) }, (_, i) =>
        uint8ArrayToHex(value.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
    );
}

// Keys as bytes:
//
//   key of a value or list    number of its space, then its name
//   name                      UTF-8; or, for one that begins with a hash: 1, the 32 bytes of the hash, UTF-8 of the rest
//
// Half as long as text where most are hashes, and each key stands in a table and in its index. Two names are never the same
// bytes: none of ours begins with 1.
import type { Space } from '../storage-backend.ts';

const SPACE_NUMBERS: Readonly<Record<Space, number>> = {
    objects: 0,
    vheads: 1,
    private: 2,
    state: 3,
    meta: 4,
    rmaps: 5,
    logs: 6,
};
const HASH = /^[0-9a-f]{64}/;
const [HASH_DIGITS, HASH_BYTES, HASH_MARK] = [64, 32, 1] as const;

export function encodeKey(space: Space, name: string): Buffer {
    return encode([SPACE_NUMBERS[space]], name);
}

export function encodeName(name: string): Buffer {
    return encode([], name);
}

/** @param hex as the database answers it */
export function decodeKey(hex: string): string {
    return decode(Buffer.from(hex, 'hex').subarray(1));
}

/** @param hex as the database answers it */
export function decodeName(hex: string): string {
    return decode(Buffer.from(hex, 'hex'));
}

/** All keys of a space are between. */
export function boundsOf(space: Space): [Buffer, Buffer] {
    const number = SPACE_NUMBERS[space];
    return [Buffer.of(number), Buffer.of(number + 1)];
}

function encode(head: readonly number[], name: string): Buffer {
    if (!HASH.test(name)) return Buffer.concat([Buffer.from(head), Buffer.from(name)]);
    const hash = Buffer.from(name.slice(0, HASH_DIGITS), 'hex');
    return Buffer.concat([Buffer.from([...head, HASH_MARK]), hash, Buffer.from(name.slice(HASH_DIGITS))]);
}

function decode(bytes: Buffer): string {
    if (bytes[0] !== HASH_MARK) return bytes.toString();
    return bytes.toString('hex', 1, 1 + HASH_BYTES) + bytes.toString('utf8', 1 + HASH_BYTES);
}

// Entries of the engine, in the order of their keys:
//
//   value    key = space (1) ‖ name                            value = bytes ‖ check (4)
//   list     key = space (1) ‖ name ‖ 0 (1) ‖ number (8)       value = bytes ‖ check (4)
//
//   name     1 ‖ 32 bytes ‖ rest      if it begins with 64 hexadecimal digits
//            0 ‖ text                 otherwise
//   check    CRC-32 of key and bytes, little endian: the engine reads blocks unverified
import { crc32 } from 'node:zlib';
import { spaces, type Space } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';

const HASH = /^[0-9a-f]{64}/;
const [TEXT, HASHED] = [0, 1];
const NUMBER_BYTES = 8;
const CHECK_BYTES = 4;
/** Behind the spaces: what the backend keeps for itself. */
export const OWN = Buffer.of(spaces.length);

export function valueKey(space: Space, key: string): Buffer {
    return encodeName(spaces.indexOf(space), key, 0);
}

/** @param number of an entry; a list begins at 0 and ends before `Infinity` */
export function listKey(space: Space, key: string, number: number): Buffer {
    const bytes = encodeName(spaces.indexOf(space), key, 1 + NUMBER_BYTES);
    const at = bytes.length - NUMBER_BYTES;
    bytes[at - 1] = 0;
    bytes.writeBigUInt64BE(number === Infinity ? 2n ** 64n - 1n : BigInt(number), at);
    return bytes;
}

/** First key of a space, and first one behind it. */
export function spaceRange(space: Space): { gte: Buffer; lt: Buffer } {
    const index = spaces.indexOf(space);
    return { gte: Buffer.of(index), lt: Buffer.of(index + 1) };
}

/** Name of a value's or, without its end, of a list entry's key. */
export function nameOf(key: Uint8Array, isList: boolean): string {
    const end = isList ? key.length - 1 - NUMBER_BYTES : key.length;
    const bytes = Buffer.from(key.buffer, key.byteOffset, end);
    return bytes[1] === HASHED ? bytes.toString('hex', 2, 34) + bytes.toString('utf8', 34) : bytes.toString('utf8', 2);
}

export function numberOf(key: Uint8Array): number {
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
    return Number(bytes.readBigUInt64BE(key.length - NUMBER_BYTES));
}

export function withCheck(key: Uint8Array, value: Uint8Array): Buffer {
    const bytes = Buffer.allocUnsafe(value.length + CHECK_BYTES);
    bytes.set(value);
    bytes.writeUInt32LE(crc32(value, crc32(key)), value.length);
    return bytes;
}

/** @throws StorageError `STORAGE_DAMAGED` */
export function checkedValue(key: Uint8Array, bytes: Uint8Array, name: string): Uint8Array {
    const length = bytes.length - CHECK_BYTES;
    // A buffer of its own: what the engine returns may be a view.
    const value = new Uint8Array(bytes.subarray(0, Math.max(0, length)));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (length >= 0 && view.getUint32(length, true) === crc32(value, crc32(key))) return value;
    throw new StorageError(
        'STORAGE_DAMAGED',
        `The entry "${name}" was changed by others than us; restore the store from a backup`,
    );
}

function encodeName(space: number, key: string, more: number): Buffer {
    const hashed = HASH.test(key);
    const rest = hashed ? key.slice(64) : key;
    const restLength = Buffer.byteLength(rest);
    const bytes = Buffer.allocUnsafe(2 + (hashed ? 32 : 0) + restLength + more);
    bytes[0] = space;
    bytes[1] = hashed ? HASHED : TEXT;
    if (hashed) bytes.write(key.slice(0, 64), 2, 'hex');
    bytes.write(rest, hashed ? 34 : 2, 'utf8');
    return bytes;
}

// Writes, keys and contents that the cases use.
import type { Write } from '../storage-backend.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const textOf = (value: Uint8Array | undefined): string => decoder.decode(value);
export const bytes = (text: string): Uint8Array => encoder.encode(text);
export const put = (key: string, text: string, space: 'objects' | 'private' | 'state' = 'private'): Write => ({
    type: 'put',
    space,
    key,
    value: bytes(text),
});
export const remove = (key: string): Write => ({ type: 'delete', space: 'private', key });
export const append = (key: string, number: number, text = String(number)): Write => ({
    type: 'append',
    space: 'logs',
    key,
    number,
    value: bytes(text),
});
export const trim = (key: string, before: number): Write => ({ type: 'trim', space: 'logs', key, before });
export const hashOf = (digit: string): string => digit.repeat(64);
export const map = (type: string): string => `${hashOf('a')}.Object.${type}`;

/** No text: a BLOB, if it is long. */
export function blobOf(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) % 256);
}

import { OneError } from './errors.ts';

declare const hashOf: unique symbol;
declare const idHashOf: unique symbol;

/** SHA-256 of the microdata of one object (or of the bytes of a BLOB): 64 lower case hex digits (spec 10 §1). */
export type SHA256Hash<T = unknown> = string & { readonly [hashOf]: T };

/** SHA-256 of the ID microdata: the name all versions of the same thing share (spec 10 §1, §6). */
export type SHA256IdHash<T = unknown> = string & { readonly [idHashOf]: T };

const SHOWN_CHARACTERS = 80;
const HASH = /^[0-9a-f]{64}$/;

/** A text that should be a hash is none; nothing was looked up or stored. */
export class InvalidHashError extends OneError {
    readonly code = 'HASH_INVALID';

    constructor(value: unknown) {
        const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, SHOWN_CHARACTERS)) : typeof value;
        super(`Not a hash: ${shown}. A hash is exactly 64 lower case hexadecimal digits.`);
    }
}

/** Whether a value has the form of a hash. Hash and ID hash have the same form; only the caller knows which it is. */
export function isHash(value: unknown): value is string {
    return typeof value === 'string' && HASH.test(value);
}

/** Proves that a value from outside has the form of a hash. @throws InvalidHashError */
export function ensureHash<T>(value: unknown): SHA256Hash<T> {
    if (!isHash(value)) throw new InvalidHashError(value);
    return value as SHA256Hash<T>;
}

/** Proves that a value from outside has the form of an ID hash. @throws InvalidHashError */
export function ensureIdHash<T>(value: unknown): SHA256IdHash<T> {
    if (!isHash(value)) throw new InvalidHashError(value);
    return value as SHA256IdHash<T>;
}

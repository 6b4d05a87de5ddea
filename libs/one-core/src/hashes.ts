import { OneError } from './errors.ts';
import { SHOWN_CHARACTERS } from './limits.ts';

declare const objectHash: unique symbol;
declare const idHash: unique symbol;
declare const _blob: unique symbol;
declare const _clob: unique symbol;

/** Stands for a byte sequence in `SHA256Hash<BLOB>`. */
export interface BLOB {
    readonly $type$: typeof _blob;
}

/** Stands for a text that is not an object in `SHA256Hash<CLOB>`. */
export interface CLOB {
    readonly $type$: typeof _clob;
}

/** Something with this name of a type: what is known of the target of a reference (`allowedTypes`, spec 10 §3.3). */
export interface Typed<Name extends string = string> {
    readonly $type$: Name;
}

type NameOf<T> = T extends { readonly $type$: infer Name } ? Name : unknown;

/**
 * SHA-256 of the microdata of one object (or of the bytes of a BLOB): 64 lower case hex digits (spec 10 §1).
 * Two of these types are the same when their `T` have the same `$type$`; `SHA256Hash<Typed>` is "of any object".
 */
export type SHA256Hash<T = unknown> = string & { readonly [objectHash]: NameOf<T> };

/** SHA-256 of the ID microdata: the name all versions of the same thing share (spec 10 §1, §6). */
export type SHA256IdHash<T = unknown> = string & { readonly [idHash]: NameOf<T> };

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

import { sha256 } from '#platform/sha256';
import type { SHA256Hash } from '../hashes.ts';

/** SHA-256 of bytes that come in pieces. Ends with exactly one call of `digest` or `drop`. */
export interface Sha256Stream {
    update(bytes: Uint8Array): void;
    /** 64 lower case hexadecimal digits. */
    digest(): string;
    drop(): void;
}

/** Hash of a text: SHA-256 of its UTF-8 bytes (spec 30 §1). Lone surrogates count as U+FFFD, as in every encoder. */
export function hashText<T>(text: string): Promise<SHA256Hash<T>> {
    return sha256(text) as Promise<SHA256Hash<T>>;
}

/** Hash of a byte sequence, for example of a BLOB (spec 10 §7). */
export function hashBytes<T>(bytes: Uint8Array<ArrayBuffer>): Promise<SHA256Hash<T>> {
    return sha256(bytes) as Promise<SHA256Hash<T>>;
}

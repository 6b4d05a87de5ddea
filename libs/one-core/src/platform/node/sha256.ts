import { createHash, hash } from 'node:crypto';
import type { Sha256Stream } from '../../crypto/hash.ts';

/**
 * SHA-256 as 64 lower case hex digits; a text as UTF-8, without being copied to JavaScript bytes first. The one-shot form
 * is four times as fast as `createHash` for small objects.
 */
export function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
    return Promise.resolve(hash('sha256', data, 'hex'));
}

/** SHA-256 of bytes that come in pieces. */
export function sha256Stream(): Sha256Stream {
    const digest = createHash('sha256');
    return {
        update: bytes => void digest.update(bytes),
        digest: () => digest.digest('hex'),
        drop: () => undefined,
    };
}

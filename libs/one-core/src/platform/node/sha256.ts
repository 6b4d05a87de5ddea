import { hash } from 'node:crypto';

/**
 * SHA-256 as 64 lower case hex digits; a text as UTF-8, without being copied to JavaScript bytes first. The one-shot form
 * is four times as fast as `createHash` for small objects.
 */
export function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
    return Promise.resolve(hash('sha256', data, 'hex'));
}

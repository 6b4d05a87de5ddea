import { hash } from 'node:crypto';

/** SHA-256 as 64 lower case hex digits. The one-shot form is four times as fast as `createHash` for small objects. */
export function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    return Promise.resolve(hash('sha256', bytes, 'hex'));
}

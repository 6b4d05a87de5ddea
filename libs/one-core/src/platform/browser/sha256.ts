import sodium from 'libsodium-wrappers-sumo';
import type { Sha256Stream } from '../../crypto/hash.ts';

const utf8 = new TextEncoder();

/** SHA-256 as 64 lower case hex digits, by WebCrypto; a text as UTF-8. Needs a secure context: https or localhost. */
export async function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
    const bytes = typeof data === 'string' ? utf8.encode(data) : data;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of bytes that come in pieces, which WebCrypto cannot compute; `cryptoReady()` comes before. */
export function sha256Stream(): Sha256Stream {
    const state = sodium.crypto_hash_sha256_init();
    const digest = (): string => sodium.crypto_hash_sha256_final(state, 'hex');
    return {
        update: bytes => sodium.crypto_hash_sha256_update(state, bytes),
        digest,
        // The memory of the state is given back with the result.
        drop: () => void digest(),
    };
}

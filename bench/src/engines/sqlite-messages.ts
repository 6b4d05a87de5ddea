// What the main thread and the writing thread say to each other. A batch crosses as one buffer: thousands of small views
// are expensive to clone.
import type { Entry } from './engine.ts';

export interface SqliteSettings {
    readonly file: string;
    readonly journalMode: 'WAL' | 'TRUNCATE';
    /** Checks the whole file when it is opened. */
    readonly check: boolean;
}

export type SqliteRequest =
    | { readonly id: number; readonly type: 'write'; readonly packed: ArrayBuffer }
    | { readonly id: number; readonly type: 'compact' | 'close' };

/** The answer to a request; the first one, with ID 0, says that the store is open. */
export interface SqliteAnswer {
    readonly id: number;
    readonly error?: { readonly message: string; readonly code: number | undefined };
}

/** Length of key and value, each as 4 bytes. */
const HEAD = 8;

export function pack(entries: readonly Entry[]): ArrayBuffer {
    const size = entries.reduce((sum, { key, value }) => sum + HEAD + key.length + value.length, 0);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { key, value } of entries) {
        view.setUint32(at, key.length);
        view.setUint32(at + 4, value.length);
        bytes.set(key, at + HEAD);
        bytes.set(value, at + HEAD + key.length);
        at += HEAD + key.length + value.length;
    }
    return bytes.buffer;
}

export function* unpack(packed: ArrayBuffer): Generator<Entry> {
    const view = new DataView(packed);
    for (let at = 0; at < packed.byteLength;) {
        const [keyLength, valueLength] = [view.getUint32(at), view.getUint32(at + 4)];
        const key = new Uint8Array(packed, at + HEAD, keyLength);
        const value = new Uint8Array(packed, at + HEAD + keyLength, valueLength);
        yield { key, value };
        at += HEAD + keyLength + valueLength;
    }
}

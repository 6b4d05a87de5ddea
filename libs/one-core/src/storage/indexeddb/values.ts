import type { Database } from './database.ts';
import { damagedError } from './indexeddb-errors.ts';
import type { StoreName } from './open-database.ts';
import { answerTo } from './requests.ts';

/** Keys or entries that one request returns: few enough to be held several times, enough to make round trips cheap. */
export const PART = 1000;

/** What the engine may copy: of a part of a buffer it would keep the whole buffer, and a shared one it would refuse. */
export function storable(bytes: Uint8Array): Uint8Array {
    return bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/** @throws StorageError */
export function bytesOf(database: Database, value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    throw damagedError(database.name, ': it is not made of bytes');
}

/** @throws StorageError */
export function bytesIfAny(database: Database, value: unknown): Uint8Array | undefined {
    return value === undefined ? undefined : bytesOf(database, value);
}

/** The text keys of a store, each part in a transaction of its own: who iterates may take their time. */
export async function* keysInParts(database: Database, store: StoreName): AsyncIterable<string> {
    let range: IDBKeyRange | undefined;
    for (;;) {
        const keys = await database.read(store, transaction =>
            answerTo(transaction.objectStore(store).getAllKeys(range, PART)),
        );
        for (const key of keys) if (typeof key === 'string') yield key;
        if (keys.length < PART) return;
        range = IDBKeyRange.lowerBound(keys.at(-1), true);
    }
}

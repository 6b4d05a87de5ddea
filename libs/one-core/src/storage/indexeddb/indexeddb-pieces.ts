import type { Pieces } from '../pieced-blob-files.ts';
import { damagedError } from './indexeddb-errors.ts';
import type { Database } from './database.ts';
import { answerTo } from './requests.ts';
import { bytesIfAny, keysInParts, storable } from './values.ts';

interface Entry {
    readonly id: string;
    readonly size: number;
}

/** Pieces of BLOBs in a database. From the first piece on, an unfinished one is marked in `uploads`. */
export class IndexedDbPieces implements Pieces {
    readonly #database: Database;

    constructor(database: Database) {
        this.#database = database;
    }

    /** Removes what was never finished. */
    async clean(): Promise<void> {
        const uploads = await this.#database.read('uploads', transaction =>
            answerTo(transaction.objectStore('uploads').getAllKeys()),
        );
        if (uploads.length === 0) return;
        await this.#database.write(['pieces', 'uploads'], transaction => {
            for (const id of uploads) remove(transaction, id);
        });
    }

    begin(): Promise<string> {
        return Promise.resolve(crypto.randomUUID());
    }

    /** As durable as a commit: browsers keep large values in files, which the commit of `finish` would not force to disk. */
    put(id: string, index: number, bytes: Uint8Array): Promise<void> {
        return this.#database.write(['pieces', 'uploads'], transaction => {
            if (index === 0) transaction.objectStore('uploads').put(1, id);
            transaction.objectStore('pieces').put(storable(bytes), [id, index]);
        });
    }

    async finish(id: string, name: string, size: number): Promise<'new' | 'exists'> {
        try {
            return await this.#database.write(['blobs', 'pieces', 'uploads'], async transaction => {
                const blobs = transaction.objectStore('blobs');
                if ((await answerTo(blobs.getKey(name))) !== undefined) {
                    remove(transaction, id);
                    return 'exists';
                }
                blobs.put({ id, size } satisfies Entry, name);
                transaction.objectStore('uploads').delete(id);
                return 'new';
            });
        } catch (error) {
            // Nobody can finish or abort it any more. If it cannot be removed now, it is when the store is opened next.
            await this.discard(id).catch(() => undefined);
            throw error;
        }
    }

    discard(id: string): Promise<void> {
        return this.#database.write(['pieces', 'uploads'], transaction => remove(transaction, id));
    }

    find(name: string): Promise<Entry | undefined> {
        return this.#database.read('blobs', async transaction => this.#blob(transaction, name));
    }

    get(id: string, index: number): Promise<Uint8Array | undefined> {
        return this.#database.read('pieces', async transaction =>
            bytesIfAny(this.#database, await answerTo(transaction.objectStore('pieces').get([id, index]))),
        );
    }

    async *names(): AsyncIterable<string> {
        yield* keysInParts(this.#database, 'blobs');
    }

    delete(name: string): Promise<void> {
        return this.#database.write(['blobs', 'pieces', 'uploads'], async transaction => {
            const blob = await this.#blob(transaction, name);
            if (blob === undefined) return;
            transaction.objectStore('blobs').delete(name);
            remove(transaction, blob.id);
        });
    }

    async #blob(transaction: IDBTransaction, name: string): Promise<Entry | undefined> {
        const value: unknown = await answerTo(transaction.objectStore('blobs').get(name));
        if (value === undefined || isEntry(value)) return value;
        throw damagedError(this.#database.name, `: the entry of the BLOB ${name}`);
    }
}

function remove(transaction: IDBTransaction, id: IDBValidKey): void {
    // Arrays come after all numbers.
    transaction.objectStore('pieces').delete(IDBKeyRange.bound([id], [id, []]));
    transaction.objectStore('uploads').delete(id);
}

function isEntry(value: unknown): value is Entry {
    if (typeof value !== 'object' || value === null) return false;
    const { id, size } = value as Partial<Entry>;
    return typeof id === 'string' && Number.isSafeInteger(size);
}

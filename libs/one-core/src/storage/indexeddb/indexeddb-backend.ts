import { PiecedBlobFiles } from '../pieced-blob-files.ts';
import {
    checkWrites,
    ensureStorageKey,
    isListSpace,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { Database } from './database.ts';
import { IndexedDbPieces } from './indexeddb-pieces.ts';
import { listNames, readList } from './lists.ts';
import { answerTo } from './requests.ts';
import { bytesIfAny, keysInParts, storable } from './values.ts';

export interface IndexedDbBackendOptions {
    /** Create the store if there is none. */
    readonly create?: boolean;
    /** Commits do not wait for the disk: a loss of power may take the last ones along, a crash does not. */
    readonly relaxed?: boolean;
}

/** Keeps everything in one database of the browser, for pages and workers. One of them at a time has it open. */
export class IndexedDbBackend implements StorageBackend {
    readonly readsBehindCommits = true;
    readonly blobs: PiecedBlobFiles;
    readonly #database: Database;

    private constructor(database: Database, pieces: IndexedDbPieces) {
        this.#database = database;
        this.blobs = new PiecedBlobFiles(pieces);
    }

    /** @param name of the database, one of this origin @throws StorageError */
    static async open(name: string, { create = false, relaxed = false }: IndexedDbBackendOptions = {}) {
        const database = await Database.open(name, create, relaxed ? 'relaxed' : 'strict');
        try {
            const pieces = new IndexedDbPieces(database);
            await pieces.clean();
            return new IndexedDbBackend(database, pieces);
        } catch (error) {
            await database[Symbol.asyncDispose]();
            throw error;
        }
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        ensureStorageKey(space, key);
        const value = await this.#database.read(space, transaction =>
            answerTo<unknown>(transaction.objectStore(space).get(key)),
        );
        return bytesIfAny(this.#database, value);
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        for (const key of keys) ensureStorageKey(space, key);
        const values = await this.#database.read(space, transaction => {
            const store = transaction.objectStore(space);
            return Promise.all(keys.map(key => answerTo<unknown>(store.get(key))));
        });
        return values.map(value => bytesIfAny(this.#database, value));
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        return readList(this.#database, [space, ensureStorageKey(space, key)], range);
    }

    keys(space: Space): AsyncIterable<string> {
        return isListSpace(space) ? listNames(this.#database, space) : keysInParts(this.#database, space);
    }

    async commit(writes: readonly Write[]): Promise<void> {
        checkWrites(writes);
        const spaces = new Set(writes.map(({ space }) => space));
        await this.#database.write(['order', ...spaces], transaction => {
            for (const write of writes) carryOut(transaction.objectStore(write.space), write);
        });
    }

    /** Waits for commits under way and lets others open the store. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#database[Symbol.asyncDispose]();
    }
}

function carryOut(store: IDBObjectStore, write: Write): void {
    const { key } = write;
    switch (write.type) {
        case 'put':
            store.put(storable(write.value), key);
            return;
        case 'delete':
            store.delete(key);
            return;
        case 'append':
            store.put(storable(write.value), [key, write.number]);
            return;
        case 'trim':
            store.delete(IDBKeyRange.bound([key], [key, write.before], false, true));
    }
}

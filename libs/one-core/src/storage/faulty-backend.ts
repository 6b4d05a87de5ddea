// Faults for tests: a backend that fails, is slow, is full, or tears commits, whenever a test wants it to.
import type { BlobFiles } from './blob-files.ts';
import type { ListEntry, ListRange, ListSpace, Space, StorageBackend, ValueSpace, Write } from './storage-backend.ts';
import { StorageError } from './storage-errors.ts';

export interface Faults {
    /** Thrown by every commit. */
    commitError?: Error | undefined;
    /** Thrown by every read. */
    readError?: Error | undefined;
    /** Milliseconds that a commit takes longer. */
    commitDelayMs?: number | undefined;
    /** Bytes of values that still fit; a commit that does not is refused as a whole. */
    space?: number | undefined;
    /** Only so many writes of the next commit are stored, and it fails: what no backend may do. */
    tearAfter?: number | undefined;
}

export class FaultyBackend implements StorageBackend {
    /** What is wrong now; to be changed at any time. */
    readonly faults: Faults = {};
    readonly #inner: StorageBackend;

    constructor(inner: StorageBackend) {
        this.#inner = inner;
    }

    get blobs(): BlobFiles {
        return this.#inner.blobs;
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        this.#read();
        return this.#inner.get(space, key);
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        this.#read();
        return this.#inner.getMany(space, keys);
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        this.#read();
        return this.#inner.list(space, key, range);
    }

    keys(space: Space): AsyncIterable<string> {
        this.#read();
        return this.#inner.keys(space);
    }

    async commit(writes: readonly Write[]): Promise<void> {
        const { commitError, commitDelayMs = 0, space = Infinity, tearAfter } = this.faults;
        if (commitDelayMs > 0) await new Promise(resolve => setTimeout(resolve, commitDelayMs));
        if (commitError !== undefined) throw commitError;
        if (tearAfter !== undefined) {
            this.faults.tearAfter = undefined;
            await this.#inner.commit(writes.slice(0, tearAfter));
            throw new StorageError('STORAGE_BROKEN', 'The commit was torn');
        }
        const size = writes.reduce((sum, write) => sum + ('value' in write ? write.value.length : 0), 0);
        if (size > space) throw new StorageError('STORAGE_FULL', 'There is no space left');
        await this.#inner.commit(writes);
        this.faults.space = space - size;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.#inner[Symbol.asyncDispose]();
    }

    #read(): void {
        if (this.faults.readError !== undefined) throw this.faults.readError;
    }
}

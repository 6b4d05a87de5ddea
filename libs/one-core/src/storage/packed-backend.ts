import type { BlobFiles } from './blob-files.ts';
import { packValue, unpackValue } from './packing.ts';
import type { ListEntry, ListRange, ListSpace, Space, StorageBackend, ValueSpace, Write } from './storage-backend.ts';
import { StorageError } from './storage-errors.ts';

/** Keeps values shorter (packing.ts) in another backend; `meta` stays readable for everybody. */
export class PackedBackend implements StorageBackend {
    readonly #inner: StorageBackend;

    constructor(inner: StorageBackend) {
        this.#inner = inner;
    }

    get blobs(): BlobFiles {
        return this.#inner.blobs;
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        return unpack(space, key, await this.#inner.get(space, key));
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        const values = await this.#inner.getMany(space, keys);
        return values.map((value, i) => unpack(space, keys[i] ?? '', value));
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        const entries = await this.#inner.list(space, key, range);
        return entries.map(({ number, value }) => ({ number, value: unpackBytes(`${key} ${number}`, value) }));
    }

    keys(space: Space): AsyncIterable<string> {
        return this.#inner.keys(space);
    }

    commit(writes: readonly Write[]): Promise<void> {
        return this.#inner.commit(
            writes.map(write =>
                'value' in write && write.space !== 'meta' ? { ...write, value: packValue(write.value) } : write,
            ),
        );
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.#inner[Symbol.asyncDispose]();
    }
}

function unpack(space: ValueSpace, key: string, value: Uint8Array | undefined): Uint8Array | undefined {
    return value === undefined || space === 'meta' ? value : unpackBytes(key, value);
}

function unpackBytes(name: string, packed: Uint8Array): Uint8Array {
    const value = unpackValue(packed);
    if (value !== undefined) return value;
    throw new StorageError('STORAGE_DAMAGED', `The value of "${name}" is damaged; restore the store from a backup`);
}

import {
    checkWrites,
    ensureStorageKey,
    spaces,
    StorageKeyExistsError,
    type Space,
    type StorageBackend,
    type Write,
} from '../storage-backend.ts';

/** Keeps everything in memory and forgets it with the object: for tests and for stores that are meant to vanish. */
export class MemoryBackend implements StorageBackend {
    readonly #spaces = new Map<Space, Map<string, Uint8Array>>(spaces.map(space => [space, new Map()]));

    async get(space: Space, key: string): Promise<Uint8Array | undefined> {
        await Promise.resolve();
        const value = this.#space(space).get(ensureStorageKey(space, key));
        return value && new Uint8Array(value);
    }

    async keys(space: Space): Promise<readonly string[]> {
        await Promise.resolve();
        return [...this.#space(space).keys()].sort();
    }

    async commit(writes: readonly Write[]): Promise<void> {
        await Promise.resolve();
        checkWrites(writes);
        for (const { type, space, key } of writes)
            if (type === 'create' && this.#space(space).has(key)) throw new StorageKeyExistsError(space, key);
        for (const write of writes) {
            if (write.type === 'delete') this.#space(write.space).delete(write.key);
            else this.#space(write.space).set(write.key, new Uint8Array(write.value));
        }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await Promise.resolve();
    }

    #space(space: Space): Map<string, Uint8Array> {
        const map = this.#spaces.get(space);
        if (map === undefined) throw new RangeError(`There is no space "${space}".`);
        return map;
    }
}

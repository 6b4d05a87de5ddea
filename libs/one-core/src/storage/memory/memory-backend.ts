import { inRange } from '../list-range.ts';
import { PiecedBlobFiles } from '../pieced-blob-files.ts';
import {
    checkWrites,
    ensureStorageKey,
    spaces,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { MemoryPieces } from './memory-pieces.ts';

/** Keeps everything in memory and forgets it with the object: for tests and for stores that are meant to vanish. */
export class MemoryBackend implements StorageBackend {
    readonly blobs = new PiecedBlobFiles(new MemoryPieces());
    readonly #values = new Map<Space, Map<string, Uint8Array>>(spaces.map(space => [space, new Map()]));
    readonly #lists = new Map<Space, Map<string, ListEntry[]>>(spaces.map(space => [space, new Map()]));

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        await Promise.resolve();
        return this.#get(space, key);
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        await Promise.resolve();
        return keys.map(key => this.#get(space, key));
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        await Promise.resolve();
        const entries = of(this.#lists, space).get(ensureStorageKey(space, key)) ?? [];
        return inRange(entries, range).map(({ number, value }) => ({ number, value: new Uint8Array(value) }));
    }

    async *keys(space: Space): AsyncIterable<string> {
        await Promise.resolve();
        yield* [...of(this.#values, space).keys(), ...of(this.#lists, space).keys()];
    }

    async commit(writes: readonly Write[]): Promise<void> {
        await Promise.resolve();
        checkWrites(writes);
        for (const write of writes) {
            const { space, key } = write;
            if (write.type === 'put') of(this.#values, space).set(key, new Uint8Array(write.value));
            else if (write.type === 'delete') of(this.#values, space).delete(key);
            else {
                const lists = of(this.#lists, space);
                const entries = lists.get(key) ?? [];
                if (write.type === 'trim')
                    lists.set(
                        key,
                        entries.filter(({ number }) => number >= write.before),
                    );
                else {
                    entries.push({ number: write.number, value: new Uint8Array(write.value) });
                    lists.set(key, entries);
                }
                if (lists.get(key)?.length === 0) lists.delete(key);
            }
        }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await Promise.resolve();
    }

    #get(space: ValueSpace, key: string): Uint8Array | undefined {
        const value = of(this.#values, space).get(ensureStorageKey(space, key));
        return value && new Uint8Array(value);
    }
}

function of<T>(maps: ReadonlyMap<Space, T>, space: Space): T {
    const map = maps.get(space);
    if (map === undefined) throw new RangeError(`There is no space "${space}".`);
    return map;
}

import type { Write } from './storage-backend.ts';

/** Bytes that an entry costs besides its key and value. */
const ENTRY_COST = 100;

/**
 * Values that were read, and that some keys have none, for a store that hears of every commit. The entry that was not asked for
 * longest goes first. Nothing is handed out that could be changed: the reader copies.
 */
export class ValueCache {
    readonly #maxBytes: number;
    readonly #values = new Map<string, Uint8Array | undefined>();
    #bytes = 0;
    /** Counts the commits: what was read during one may be of before. */
    #commits = 0;

    constructor(maxBytes: number) {
        this.#maxBytes = maxBytes;
    }

    /** The value of a key, from here or by `read`. */
    async get(key: string, read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
        if (this.#values.has(key)) {
            const value = this.#values.get(key);
            this.#values.delete(key);
            this.#values.set(key, value);
            return value;
        }
        const before = this.#commits;
        const value = await read();
        if (this.#commits === before) this.#add(key, value);
        return value;
    }

    /** To be called when a commit is durable, with what it wrote to the space of this cache. */
    committed(writes: Iterable<Write>): void {
        this.#commits++;
        for (const write of writes)
            if (this.#values.has(write.key)) {
                this.#delete(write.key);
                this.#add(write.key, write.type === 'put' ? write.value : undefined);
            }
    }

    /** After a commit that failed: nobody knows. */
    clear(): void {
        this.#commits++;
        this.#values.clear();
        this.#bytes = 0;
    }

    #add(key: string, value: Uint8Array | undefined): void {
        if (this.#values.has(key)) return;
        this.#values.set(key, value);
        this.#bytes += costOf(key, value);
        for (const oldest of this.#values.keys()) {
            if (this.#bytes <= this.#maxBytes) return;
            this.#delete(oldest);
        }
    }

    #delete(key: string): void {
        this.#bytes -= costOf(key, this.#values.get(key));
        this.#values.delete(key);
    }
}

function costOf(key: string, value: Uint8Array | undefined): number {
    return ENTRY_COST + 2 * key.length + (value?.length ?? 0);
}

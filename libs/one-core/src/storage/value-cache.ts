import type { Write } from './storage-backend.ts';

/** Bytes that an entry costs besides its key and value. */
const ENTRY_COST = 100;

/**
 * Values that were read, and that some keys have none, for a store that hears of every commit. Nothing is handed out that could
 * be changed: the reader copies.
 *
 * Two generations: what is asked for goes to the young one; when that has half of the room, it is the old one, and what nobody
 * has asked for since then is forgotten. To keep entries in the order of their use costs more than the rest of a read.
 */
export class ValueCache {
    readonly #maxBytes: number;
    #young = new Map<string, Uint8Array | undefined>();
    #old = new Map<string, Uint8Array | undefined>();
    /** Of the young ones. */
    #bytes = 0;
    /** Counts the commits: what was read during one may be of before. */
    #commits = 0;

    constructor(maxBytes: number) {
        this.#maxBytes = maxBytes;
    }

    /** The value of a key, from here or by `read`. */
    async get(key: string, read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
        const young = this.#young.get(key);
        if (young !== undefined || this.#young.has(key)) return young;
        if (this.#old.has(key)) {
            const value = this.#old.get(key);
            this.#old.delete(key);
            this.#add(key, value);
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
        for (const write of writes) {
            // Two that read it at the same time may have left it in both.
            const wasOld = this.#old.delete(write.key);
            if (this.#delete(write.key) || wasOld) this.#add(write.key, write.type === 'put' ? write.value : undefined);
        }
    }

    /** After a commit that failed: nobody knows. */
    clear(): void {
        this.#commits++;
        this.#young.clear();
        this.#old.clear();
        this.#bytes = 0;
    }

    #add(key: string, value: Uint8Array | undefined): void {
        if (this.#young.has(key)) return;
        this.#young.set(key, value);
        this.#bytes += costOf(key, value);
        if (this.#bytes <= this.#maxBytes / 2) return;
        this.#old = this.#young;
        this.#young = new Map();
        this.#bytes = 0;
    }

    /** @returns whether it was there */
    #delete(key: string): boolean {
        const value = this.#young.get(key);
        if (!this.#young.delete(key)) return false;
        this.#bytes -= costOf(key, value);
        return true;
    }
}

function costOf(key: string, value: Uint8Array | undefined): number {
    return ENTRY_COST + 2 * key.length + (value?.length ?? 0);
}

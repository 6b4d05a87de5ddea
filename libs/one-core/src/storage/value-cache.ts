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
    /** Counts the beginnings and ends of commits: what was read meanwhile may be of before. */
    #changes = 0;
    /** What a commit under way writes, and whether it was here. */
    readonly #underWay = new Map<string, boolean>();

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
        const before = this.#changes;
        const value = await read();
        if (this.#changes === before && !this.#underWay.has(key)) this.#add(key, value);
        return value;
    }

    /**
     * To be called before a commit begins, with what it writes to the space of this cache: a reader of the backend may see it
     * before the commit has resolved, and what it reads here must not be older. One commit at a time.
     */
    committing(writes: Iterable<Write>): void {
        this.#changes++;
        for (const { key } of writes) {
            // Two that read it at the same time may have left it in both.
            const wasOld = this.#old.delete(key);
            this.#underWay.set(key, this.#delete(key) || wasOld);
        }
    }

    /** To be called when it is durable. */
    committed(writes: Iterable<Write>): void {
        this.#changes++;
        for (const write of writes)
            if (this.#underWay.get(write.key) === true)
                this.#add(write.key, write.type === 'put' ? write.value : undefined);
        this.#underWay.clear();
    }

    /** To be called when it has failed: nobody knows what is there. */
    failed(): void {
        this.#underWay.clear();
        this.clear();
    }

    clear(): void {
        this.#changes++;
        for (const key of this.#underWay.keys()) this.#underWay.set(key, false);
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

// What merging found out about versions, kept between merges (spec 21 §14.3): without it each merge reads the whole history and
// computes all change logs anew.
//
//   1. Everything is named by the hash of its node and never changes: an entry cannot become wrong, only superfluous.
//   2. What a transaction found out is kept when it is durable. One that fails leaves nothing: its log of a version may rest
//      on objects that are not stored.
//   3. The history that was not asked for longest goes first, all of it. If a single one is larger than the cache, the part
//      that is kept already stays: every merge walks through all of it, so that dropping parts for others would drop each just
//      before it is needed.
import { MAX_HISTORY_CACHE_BYTES } from '../limits.ts';
import type { Transaction } from '../storage/store.ts';
import type { KnownVersions, Version } from './version-nodes.ts';

/** Bytes of a version besides its log: more than was measured in Node. */
const VERSION_COST = 320;

interface History {
    readonly versions: Map<string, Version>;
    bytes: number;
}

/** Histories by the ID hashes of their objects, of one `ObjectStore`. */
export class HistoryCache {
    readonly #maxBytes: number;
    /** The one that was not asked for longest is the first one. */
    readonly #histories = new Map<string, History>();
    #bytes = 0;

    constructor(maxBytes = MAX_HISTORY_CACHE_BYTES) {
        this.#maxBytes = maxBytes;
    }

    /** Estimated bytes. */
    get bytes(): number {
        return this.#bytes;
    }

    /** For one transaction: it finds what is kept, and what it has found out itself. */
    begin(transaction: Pick<Transaction, 'whenDurable'>): HistorySession {
        return new HistorySession(this, transaction);
    }

    /** What is kept of a history; from now on it is the one that was asked for last. */
    get(idHash: string): ReadonlyMap<string, Version> | undefined {
        const history = this.#histories.get(idHash);
        if (history === undefined) return undefined;
        this.#histories.delete(idHash);
        this.#histories.set(idHash, history);
        return history.versions;
    }

    /** Keeps what of it fits. */
    keep(idHash: string, versions: ReadonlyMap<string, Version>): void {
        this.get(idHash);
        const history = this.#histories.get(idHash) ?? { versions: new Map<string, Version>(), bytes: 0 };
        this.#histories.set(idHash, history);
        for (const [hash, version] of versions) {
            const before = history.versions.get(hash);
            if (before !== undefined && (before.log !== undefined || version.log === undefined)) continue;
            const bytes = sizeOf(version) - (before === undefined ? 0 : sizeOf(before));
            if (!this.#makeRoom(bytes, history)) break;
            history.versions.set(hash, version);
            history.bytes += bytes;
            this.#bytes += bytes;
        }
        if (history.versions.size === 0) this.#histories.delete(idHash);
    }

    /** @returns false if there is no room, even with nothing but this history */
    #makeRoom(bytes: number, kept: History): boolean {
        if (kept.bytes + bytes > this.#maxBytes) return false;
        // The kept one is the last: without all others there is room for it.
        for (const [idHash, history] of this.#histories) {
            if (this.#bytes + bytes <= this.#maxBytes) break;
            this.#histories.delete(idHash);
            this.#bytes -= history.bytes;
        }
        return true;
    }
}

/** What one transaction knows of versions. */
export class HistorySession {
    readonly #cache: HistoryCache;
    readonly #transaction: Pick<Transaction, 'whenDurable'>;
    readonly #found = new Map<string, Map<string, Version>>();

    constructor(cache: HistoryCache, transaction: Pick<Transaction, 'whenDurable'>) {
        this.#cache = cache;
        this.#transaction = transaction;
    }

    /** The versions of one ID. */
    of(idHash: string): KnownVersions {
        const kept = this.#cache.get(idHash);
        const found = this.#foundOf(idHash);
        return {
            get: hash => (found.size === 0 ? undefined : found.get(hash)) ?? kept?.get(hash),
            set: (hash, version) => found.set(hash, version),
        };
    }

    #foundOf(idHash: string): Map<string, Version> {
        let found = this.#found.get(idHash);
        if (found === undefined) {
            const versions = new Map<string, Version>();
            found = versions;
            this.#found.set(idHash, found);
            this.#transaction.whenDurable(() => this.#cache.keep(idHash, versions));
        }
        return found;
    }
}

function sizeOf({ log, predecessors }: Version): number {
    return VERSION_COST + 64 * predecessors.length + (log?.bytes ?? 0);
}

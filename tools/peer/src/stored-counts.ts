import { contentTypeOfText, ignoreBroken, type ObjectStore, type ObjectTransaction } from '@refinio/one.core';
import { PeerError } from './peer-error.ts';

/** Of one type. */
export interface StoredCount {
    readonly count: number;
    /** Milliseconds since 1970, when it was durable. */
    readonly first: number;
    readonly last: number;
}

interface Waiting {
    readonly type: string;
    readonly count: number;
    readonly resolve: (stored: StoredCount) => void;
}

/** What one transaction has stored. */
interface Noted {
    /** Types of what counts at once. */
    readonly types: string[];
    /** Versions by their hashes. */
    readonly versions: Map<string, string>;
    /** Versions that a version node names. */
    readonly placed: string[];
}

/** Bytes by which an object is told from a BLOB, and its type: no letter of either is beyond ASCII. */
const PREFIX = 256;
const ID_OBJECT = ' [ID]';
const VERSION_NODES = ['VersionNodeEdge', 'VersionNodeChange', 'VersionNodeMerge'];

/**
 * Counts what is stored for the first time, by types: own and received objects, and versions once each, also those that a merge
 * has made. BLOBs and CLOBs count as `BLOB`; ID objects do not count.
 *
 * A version counts when it is part of the history of its ID, so that whoever has waited for it finds it there: received ones
 * are stored before. One that was granted without its history never is.
 */
export class StoredCounts {
    readonly #counts = new Map<string, StoredCount>();
    /** Types of versions that are part of no history yet, by their hashes. */
    readonly #unplaced = new Map<string, string>();
    readonly #waiting = new Set<Waiting>();

    constructor(objects: ObjectStore) {
        // In the transaction, where it costs a look at what is still in memory.
        objects.derive((transaction, { stored }) => this.#note(transaction, stored));
    }

    get all(): Record<string, StoredCount> {
        return Object.fromEntries(this.#counts);
    }

    of(type: string): StoredCount | undefined {
        return this.#counts.get(type);
    }

    /** Resolves when so many were stored. @throws PeerError `PEER_TIMEOUT`, `PEER_ENDS` */
    async wait(type: string, count: number, timeoutMs: number, end: AbortSignal): Promise<StoredCount> {
        const now = this.of(type);
        if ((now?.count ?? 0) >= count) return now ?? { count: 0, first: 0, last: 0 };
        const { promise, resolve, reject } = Promise.withResolvers<StoredCount>();
        const waiting = { type, count, resolve };
        this.#waiting.add(waiting);
        const onEnd = (): void => reject(new PeerError('PEER_ENDS', 'The peer is being shut down'));
        if (end.aborted) onEnd();
        end.addEventListener('abort', onEnd);
        const timer = setTimeout(() => {
            const seen = this.of(type)?.count ?? 0;
            const message = `After ${timeoutMs} ms ${seen} instead of ${count} objects of the type "${type}" were stored`;
            reject(new PeerError('PEER_TIMEOUT', message));
        }, timeoutMs);
        try {
            return await promise;
        } finally {
            clearTimeout(timer);
            end.removeEventListener('abort', onEnd);
            this.#waiting.delete(waiting);
        }
    }

    async #note(objects: ObjectTransaction, stored: ReadonlySet<string>): Promise<void> {
        const { transaction, microdata, events } = objects;
        const noted: Noted = { types: [], versions: new Map(), placed: [] };
        // The events know most types; versions that were received, and BLOBs, have none.
        const known = new Map<string, string>();
        for (const event of events) {
            if (event.type === 'id') known.set(event.idHash, ID_OBJECT);
            else known.set(event.hash, event.obj.$type$);
            if (event.type !== 'unversioned' || event.status !== 'new') continue;
            if (VERSION_NODES.includes(event.obj.$type$)) noted.placed.push(String(event.obj['data']));
        }
        for (const hash of stored) {
            const type = known.get(hash) ?? typeOf(await transaction.get('objects', hash));
            if (type.endsWith(ID_OBJECT)) continue;
            if (microdata.recipes.has(type) && microdata.recipes.isVersioned(type)) noted.versions.set(hash, type);
            else noted.types.push(type);
        }
        transaction.whenDurable(() => this.#add(noted));
    }

    #add({ types, versions, placed }: Noted): void {
        for (const [hash, type] of versions) this.#unplaced.set(hash, type);
        const now = Date.now();
        for (const type of types) this.#count(type, now);
        for (const hash of placed) {
            const type = this.#unplaced.get(hash);
            if (type !== undefined && this.#unplaced.delete(hash)) this.#count(type, now);
        }
        for (const { type, count, resolve } of this.#waiting) {
            const stored = this.of(type);
            if (stored !== undefined && stored.count >= count) resolve(stored);
        }
    }

    #count(type: string, now: number): void {
        const { count = 0, first = now } = this.#counts.get(type) ?? {};
        this.#counts.set(type, { count: count + 1, first, last: now });
    }
}

/** @param bytes undefined for a BLOB that is a file */
function typeOf(bytes: Uint8Array | undefined): string {
    if (bytes === undefined) return 'BLOB';
    const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PREFIX)).toString('latin1');
    try {
        const type = contentTypeOfText(start);
        return type === 'CLOB' ? 'BLOB' : type;
    } catch (error) {
        // Only looks like an object.
        ignoreBroken(error);
        return 'BLOB';
    }
}

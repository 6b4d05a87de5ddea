import type { AccessGuard, AccessRequest } from '../access/create-access.ts';
import type { Typed } from '../hashes.ts';
import type { AnyObject, Microdata } from '../microdata/microdata.ts';
import type { Store } from '../storage/store.ts';
import { HistoryCache } from '../versions/history-cache.ts';
import { listVersionNodes, type ListedNode } from '../versions/version-nodes.ts';
import { ObjectStoreError } from './object-errors.ts';
import { ObjectEvents } from './object-events.ts';
import { ObjectReader } from './object-reader.ts';
import {
    ObjectTransaction,
    type ObjectChanges,
    type StoreAs,
    type UnversionedResult,
    type VersionedResult,
} from './object-transaction.ts';
import { EnabledReverseMaps } from './reverse-map.ts';
import type { StoreStatus } from './stored-text.ts';

export interface ObjectStoreOptions {
    readonly store: Store;
    readonly microdata: Microdata;
    /** Milliseconds since 1970; for the version nodes. */
    readonly now: () => number;
    /** Told when a listener of an event fails. */
    readonly onListenerError: (error: unknown) => void;
    /** Default: those that are always kept. */
    readonly reverseMaps?: EnabledReverseMaps;
    /**
     * Whether what a merge has made, and neither side had, is offered to peers as a version of its own (spec 21 §14.2). Deployed
     * peers can process it, but do not do it themselves. Default: false, as they do.
     */
    readonly offerMerged?: boolean;
}

/** Brings something up to date with what a transaction has changed, as a part of it. */
export type Derivation = (objects: ObjectTransaction, changes: ObjectChanges) => Promise<void>;

/** Objects, ID objects, versions and CLOBs of one instance (spec 20). Each store call is one transaction. */
export class ObjectStore extends ObjectReader {
    readonly store: Store;
    readonly events: ObjectEvents;
    /** Milliseconds since 1970. */
    readonly now: () => number;
    readonly #derivations: Derivation[] = [];
    readonly #guards = new Set<AccessGuard>();
    readonly #commitListeners = new Set<(journal: number) => void>();
    readonly #onListenerError: (error: unknown) => void;
    readonly #histories = new HistoryCache();
    readonly #offerMerged: boolean;
    #reverseMaps: EnabledReverseMaps;

    constructor({ store, microdata, now, onListenerError, reverseMaps, offerMerged }: ObjectStoreOptions) {
        super(store, microdata);
        this.store = store;
        this.now = now;
        this.#offerMerged = offerMerged ?? false;
        this.#reverseMaps = reverseMaps ?? new EnabledReverseMaps();
        this.#onListenerError = onListenerError;
        this.events = new ObjectEvents(onListenerError);
    }

    /** For the time from now on; what is stored already is not entered later (spec 22 §2.1). */
    enableReverseMaps(reverseMaps: EnabledReverseMaps): void {
        this.#reverseMaps = reverseMaps;
    }

    /** Has something kept up to date in every transaction from now on. */
    derive(derivation: Derivation): void {
        this.#derivations.push(derivation);
    }

    /**
     * Has every request of `createAccess` that names a person or group shown to a guard, before anything of it is stored and in
     * the same transaction. A guard refuses by throwing, and then nothing of the call is stored; it may read, but stores
     * nothing. What only takes away (`replace` by nobody) is never refused, and objects that are stored as Access or
     * IdAccess themselves do not pass here.
     * @returns ends the guarding
     */
    guardAccess(guard: AccessGuard): () => void {
        const own: AccessGuard = (objects, request) => guard(objects, request);
        this.#guards.add(own);
        return () => void this.#guards.delete(own);
    }

    /**
     * Tells a listener of every commit that has an entry in the journal, with the number of the entry, when it is durable: also
     * of those without events, such as BLOBs. It must only take note.
     * @returns ends the listening
     */
    onCommit(listener: (journal: number) => void): () => void {
        const own = (journal: number): void => listener(journal);
        this.#commitListeners.add(own);
        return () => void this.#commitListeners.delete(own);
    }

    /** @throws ObjectStoreError `SUO-SO1` */
    storeUnversionedObject(obj: Typed): Promise<UnversionedResult> {
        return this.transact(objects => objects.storeUnversioned(obj));
    }

    storeIdObject(obj: Typed): Promise<{ idHash: string; status: StoreStatus }> {
        return this.transact(objects => objects.storeId(obj));
    }

    /** @throws ObjectStoreError `SVO-SO2`; MergeError */
    storeVersionedObject(obj: Typed, storeAs: StoreAs = 'change'): Promise<VersionedResult> {
        return this.transact(objects => objects.storeVersioned(obj, storeAs));
    }

    /**
     * Merges a version of elsewhere, created at a time (spec 20 §7.3, remote). If that fails, nothing of it is stored.
     * @throws ObjectStoreError `SVO-SO2`; MergeError
     */
    importVersion(obj: Typed, creationTime: number): Promise<VersionedResult> {
        return this.transact(objects => objects.importVersion(obj, creationTime));
    }

    /** @throws ObjectStoreError `SB-STORE` for an empty text */
    storeUTF8Clob(text: string): Promise<{ hash: string; status: StoreStatus }> {
        return this.transact(objects => objects.storeUTF8Clob(text));
    }

    /** @throws ObjectStoreError `SB-READ2`; MicrodataError */
    getObject(hash: string): Promise<AnyObject> {
        return this.read(hash);
    }

    /** @throws as `getObject` */
    getIdObject(idHash: string): Promise<AnyObject> {
        return this.readId(idHash);
    }

    /** @throws ObjectStoreError `SB-READ2` if the ID has no version */
    async getObjectByIdHash(idHash: string): Promise<VersionedResult> {
        const head = await this.headNode(idHash);
        if (head === undefined) throw ObjectStoreError.missing('A version of', idHash);
        const { data, creationTime } = head.node;
        return { obj: await this.read(data), hash: data, idHash, status: 'exists', timestamp: creationTime };
    }

    /** The versions that peers are offered, roughly oldest first; undefined if there is none (spec 20 §7.5). */
    async getVersionsNodes(idHash: string, before?: string): Promise<ListedNode[] | undefined> {
        const head = await this.head(idHash);
        return head === undefined ? undefined : listVersionNodes(hash => this.read(hash), head, before);
    }

    /** Several store calls in one transaction; events are told when it is durable. */
    transact<T>(task: (objects: ObjectTransaction) => Promise<T>): Promise<T> {
        return this.store.transact(async transaction => {
            const objects = new ObjectTransaction(transaction, {
                microdata: this.microdata,
                now: this.now,
                reverseMaps: this.#reverseMaps,
                histories: this.#histories.begin(transaction),
                offerMerged: this.#offerMerged,
                derive: (objects, changes) => this.#derive(objects, changes),
                guardAccess: (objects, request) => this.#guardAccess(objects, request),
            });
            const result = await task(objects);
            const journal = await objects.complete();
            transaction.whenDurable(() => {
                this.events.emit(objects.events);
                if (journal !== undefined) this.#tellCommit(journal);
            });
            return result;
        });
    }

    async #derive(objects: ObjectTransaction, changes: ObjectChanges): Promise<void> {
        for (const derivation of this.#derivations) await derivation(objects, changes);
    }

    async #guardAccess(objects: ObjectTransaction, request: AccessRequest): Promise<void> {
        for (const guard of this.#guards) await guard(objects, request);
    }

    #tellCommit(journal: number): void {
        for (const listener of this.#commitListeners)
            try {
                listener(journal);
            } catch (error) {
                this.#onListenerError(error);
            }
    }
}

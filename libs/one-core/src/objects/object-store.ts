import { isHash, type Typed } from '../hashes.ts';
import type { AnyObject, Microdata } from '../microdata/microdata.ts';
import type { Store } from '../storage/store.ts';
import { listVersionNodes, type ListedNode } from '../versions/version-nodes.ts';
import { ObjectStoreError } from './object-errors.ts';
import { ObjectEvents } from './object-events.ts';
import {
    ObjectReader,
    ObjectTransaction,
    type StoreAs,
    type UnversionedResult,
    type VersionedResult,
} from './object-transaction.ts';
import { hashed, storeText, type StoreStatus } from './stored-text.ts';

export interface ObjectStoreOptions {
    readonly store: Store;
    readonly microdata: Microdata;
    /** Milliseconds since 1970; for the version nodes. */
    readonly now: () => number;
    /** Told when a listener of an event fails. */
    readonly onListenerError: (error: unknown) => void;
}

/** Objects, ID objects, versions and CLOBs of one instance (spec 20). Each store call is one transaction. */
export class ObjectStore {
    readonly events: ObjectEvents;
    readonly #options: ObjectStoreOptions;

    constructor(options: ObjectStoreOptions) {
        this.#options = options;
        this.events = new ObjectEvents(options.onListenerError);
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
        if (text === '') return Promise.reject(new ObjectStoreError('SB-STORE', 'A CLOB must not be empty'));
        return this.#options.store.transact(async transaction => {
            const clob = await hashed(text);
            return { hash: clob.hash, status: await storeText(transaction, clob) };
        });
    }

    /** @throws ObjectStoreError `SB-READ2`; MicrodataError */
    getObject(hash: string): Promise<AnyObject> {
        return this.#reader().read(hash);
    }

    /** Hash of the current version node; undefined if the ID has no version. */
    getCurrentVersionNodeHash(idHash: string): Promise<string | undefined> {
        return this.#reader().head(idHash);
    }

    /** @throws ObjectStoreError `SB-READ2` if the ID has no version */
    async getObjectByIdHash(idHash: string): Promise<VersionedResult> {
        const reader = this.#reader();
        const head = await reader.head(idHash);
        if (head === undefined) throw ObjectStoreError.missing('A version of', idHash);
        const { data, creationTime } = await reader.read(head);
        if (!isHash(data))
            throw new ObjectStoreError('VERSION_NODE_INVALID', `The head of ${idHash} is no version node`);
        return { obj: await reader.read(data), hash: data, idHash, status: 'exists', timestamp: Number(creationTime) };
    }

    /** The versions that peers are offered, roughly oldest first; undefined if there is none (spec 20 §7.5). */
    async getVersionsNodes(idHash: string, before?: string): Promise<ListedNode[] | undefined> {
        const reader = this.#reader();
        const head = await reader.head(idHash);
        return head === undefined ? undefined : listVersionNodes(hash => reader.read(hash), head, before);
    }

    /** Several store calls in one transaction; events are told when it is stored. */
    async transact<T>(task: (objects: ObjectTransaction) => Promise<T>): Promise<T> {
        const { store, microdata, now } = this.#options;
        const { result, objects } = await store.transact(async transaction => {
            const objects = new ObjectTransaction(transaction, microdata, now);
            return { result: await task(objects), objects };
        });
        this.events.emit(objects.events);
        return result;
    }

    #reader(): ObjectReader {
        return new ObjectReader(this.#options.store, this.#options.microdata);
    }
}

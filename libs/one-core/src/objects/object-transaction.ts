// Storing objects and versions (spec 20 §4–§7) as a part of one transaction: object, version node, head, reverse maps, journal
// and what is derived from them are there together or not at all.
import type { AccessRequest } from '../access/create-access.ts';
import { hashText } from '../crypto/hash.ts';
import type { Typed } from '../hashes.ts';
import type { AnyObject, Microdata, WriteOptions } from '../microdata/microdata.ts';
import type { VersionNode, VersionNodeChange, VersionNodeEdge, VersionNodeMerge } from '../recipes/core-recipes.ts';
import type { Transaction } from '../storage/store.ts';
import type { HistorySession } from '../versions/history-cache.ts';
import { mergeVersions } from '../versions/merge-versions.ts';
import type { ObjectAccess } from '../versions/object-access.ts';
import { isReachable } from '../versions/version-nodes.ts';
import { CommitNumbers, encodeRecords, JOURNAL, type JournalRecord } from './journal.ts';
import { ObjectStoreError } from './object-errors.ts';
import type { ObjectEvent } from './object-events.ts';
import { ObjectReader } from './object-reader.ts';
import { reverseMapName, type EnabledReverseMaps } from './reverse-map.ts';
import {
    hashed,
    hasObject,
    storeBytes,
    storeText,
    writeHead,
    type HashedText,
    type StoreStatus,
} from './stored-text.ts';

export interface UnversionedResult {
    readonly obj: AnyObject;
    readonly hash: string;
    readonly status: StoreStatus;
}

/** `obj` and `hash` are those of the resulting current version, which after a merge is not the one that was handed in. */
export interface VersionedResult extends UnversionedResult {
    readonly idHash: string;
    /** Milliseconds since 1970; absent for a local change (spec 20 §6.3). */
    readonly timestamp?: number | undefined;
}

/** `change`: on top of the current version; `merge`: as a version from elsewhere; `no-version-map`: without version graph. */
export type StoreAs = 'change' | 'merge' | 'no-version-map';

/** The head of an ID moved in this transaction. */
export interface HeadMove {
    readonly idHash: string;
    readonly type: string;
    /** The node that peers are offered from now on (spec 20 §7.5): an Edge or a Change, which is not always the head. */
    readonly listed: string;
    /** The resulting current version. */
    readonly obj: AnyObject;
}

/** What a transaction has done, for what is derived from it. */
export interface ObjectChanges {
    /** Hashes of objects, ID objects, CLOBs and BLOBs that were not there before. */
    readonly stored: ReadonlySet<string>;
    readonly heads: readonly HeadMove[];
}

export interface ObjectContext {
    readonly microdata: Microdata;
    /** Milliseconds since 1970; for the version nodes. */
    readonly now: () => number;
    readonly reverseMaps: EnabledReverseMaps;
    readonly histories: HistorySession;
    /** See `ObjectStoreOptions`. */
    readonly offerMerged: boolean;
    /** Brings what is derived from objects up to date, in the same commit; see `ObjectStore.derive`. */
    readonly derive: (objects: ObjectTransaction, changes: ObjectChanges) => Promise<void>;
    /** See `ObjectStore.guardAccess`. */
    readonly guardAccess: (objects: ObjectTransaction, request: AccessRequest) => Promise<void>;
}

/** A version, written once: its text and that of its ID object. */
interface Prepared {
    readonly obj: AnyObject;
    readonly version: HashedText;
    readonly id: HashedText;
}

/** The current version node of an ID. */
interface Head {
    readonly hash: string;
    readonly node: VersionNode;
}

/** The Edge of a version from elsewhere. */
interface Incoming {
    readonly hash: string;
    readonly data: string;
    readonly creationTime: number;
}

/** Stores objects; what is only written `lossy` (as deployed peers do) is refused unless it comes from elsewhere. */
export class ObjectTransaction extends ObjectReader {
    readonly transaction: Transaction;
    /** In the order in which they came about; told when the transaction is durable. */
    readonly events: ObjectEvent[] = [];
    readonly #context: ObjectContext;
    readonly #records: JournalRecord[] = [];
    readonly #stored = new Set<string>();
    readonly #heads: HeadMove[] = [];
    #numbers: CommitNumbers | undefined;

    constructor(transaction: Transaction, context: ObjectContext) {
        super(transaction, context.microdata);
        this.transaction = transaction;
        this.#context = context;
    }

    /** @throws ObjectStoreError `SUO-SO1` for a versioned type; ObjectRefusedError */
    async storeUnversioned(obj: Typed, options?: WriteOptions): Promise<UnversionedResult> {
        if (this.microdata.recipes.isVersioned(obj.$type$))
            throw new ObjectStoreError('SUO-SO1', `"${obj.$type$}" has versions; store it as a versioned object`);
        return this.#storeRecorded(obj, await hashed(this.microdata.write(obj, options)));
    }

    /** @throws ObjectRefusedError */
    async storeId(obj: Typed, options?: WriteOptions): Promise<{ idHash: string; status: StoreStatus }> {
        return this.#storeId(obj.$type$, await hashed(this.microdata.writeId(obj, options)));
    }

    /** @throws ObjectStoreError `SVO-SO2` for an unversioned type; ObjectRefusedError; MergeError */
    async storeVersioned(obj: Typed, storeAs: StoreAs, options?: WriteOptions): Promise<VersionedResult> {
        const prepared = await this.#prepare(obj, options);
        const head = await this.headNode(prepared.id.hash);
        const current = ifCurrent(prepared, head);
        if (current !== undefined) return current;
        const stored = await this.#storeRaw(prepared);
        return storeAs === 'no-version-map'
            ? stored
            : this.#join(stored, head, storeAs === 'merge' ? 'remote' : 'local');
    }

    /** A version of elsewhere, created at a time; stored if it is not there, then merged. @throws as `storeVersioned` */
    async importVersion(obj: Typed, creationTime: number): Promise<VersionedResult> {
        const prepared = await this.#prepare(obj, { lossy: true });
        const { hash } = prepared.version;
        const stored: VersionedResult = (await hasObject(this.transaction, hash))
            ? { obj: prepared.obj, hash, idHash: prepared.id.hash, status: 'exists' }
            : await this.#storeRaw(prepared);
        return this.#join({ ...stored, timestamp: creationTime }, await this.headNode(prepared.id.hash), 'remote');
    }

    /**
     * An object or ID object of elsewhere as it came, after text, hash and object were found to belong together. A version
     * gets its ID object, but no place in the version graph (spec 40 §6.3).
     */
    async storeReceived(kind: 'object' | 'id', obj: AnyObject, text: HashedText): Promise<StoreStatus> {
        if (kind === 'id') return (await this.#storeId(obj.$type$, text)).status;
        if (this.microdata.recipes.isVersioned(obj.$type$)) {
            const id = await hashed(this.microdata.writeId(obj, { lossy: true }));
            return (await this.#storeRaw({ obj, version: text, id })).status;
        }
        return (await this.#storeRecorded(obj, text)).status;
    }

    /** @throws ObjectStoreError `SB-STORE` for an empty text */
    async storeUTF8Clob(text: string): Promise<{ hash: string; status: StoreStatus }> {
        if (text === '') throw new ObjectStoreError('SB-STORE', 'A CLOB must not be empty');
        return this.storeBytes('clob', await hashText(text), utf8.encode(text));
    }

    /** A CLOB or BLOB that is small enough to be a value. */
    async storeBytes(
        kind: 'clob' | 'blob',
        hash: string,
        bytes: Uint8Array,
    ): Promise<{ hash: string; status: StoreStatus }> {
        const status = await storeBytes(this.transaction, hash, bytes);
        if (status === 'new') this.noteStored(kind, hash);
        return { hash, status };
    }

    /** A CLOB or BLOB is there from now on: for the journal and what is derived. */
    noteStored(kind: 'clob' | 'blob', hash: string): void {
        this.#stored.add(hash);
        this.#records.push({ kind, hash });
    }

    /** A number for an ordered list, greater than all that were ever given. */
    async nextNumber(): Promise<number> {
        return (await this.#commitNumbers()).next();
    }

    /** Shows a request that grants something to all guards. @throws what they refuse it with */
    guardAccess(request: AccessRequest): Promise<void> {
        return this.#context.guardAccess(this, request);
    }

    /**
     * Called once, when the task has ended: what is derived, then the entry of the journal.
     * @returns the number of the entry; undefined for a transaction without one
     */
    async complete(): Promise<number | undefined> {
        if (this.#stored.size > 0 || this.#heads.length > 0)
            await this.#context.derive(this, { stored: this.#stored, heads: this.#heads });
        // Numbers of ordered lists belong to an entry, even if there is nothing else to tell.
        if (this.#records.length === 0 && this.#numbers === undefined) return undefined;
        // The record of a version says everything that one of its raw storing would.
        const versions = new Set(this.#records.flatMap(record => (record.kind === 'version' ? [record.hash] : [])));
        const records = this.#records.filter(({ kind, hash }) => kind !== 'rawVersion' || !versions.has(hash));
        const { journal } = await this.#commitNumbers();
        this.transaction.append('logs', JOURNAL, journal, encodeRecords(records));
        return journal;
    }

    async #commitNumbers(): Promise<CommitNumbers> {
        this.#numbers ??= new CommitNumbers((await this.transaction.lastNumber('logs', JOURNAL)) + 1);
        return this.#numbers;
    }

    /** A version node; the record of its version names it. A node of a version that is new is new. */
    async #storeNode(node: Typed, isNew: boolean): Promise<UnversionedResult> {
        return this.#storeUnrecorded(node, await hashed(this.microdata.write(node)), isNew);
    }

    async #storeRecorded(obj: Typed, text: HashedText): Promise<UnversionedResult> {
        const result = await this.#storeUnrecorded(obj, text);
        if (result.status === 'new') this.#records.push({ kind: 'object', hash: result.hash });
        return result;
    }

    async #storeUnrecorded(obj: Typed, text: HashedText, isNew = false): Promise<UnversionedResult> {
        const status = await this.#storeObject('Object', obj.$type$, text, isNew);
        const result = { obj: obj as AnyObject, hash: text.hash, status };
        this.events.push({ type: 'unversioned', ...result });
        return result;
    }

    async #prepare(obj: Typed, options?: WriteOptions): Promise<Prepared> {
        if (!this.microdata.recipes.isVersioned(obj.$type$))
            throw new ObjectStoreError('SVO-SO2', `"${obj.$type$}" has no versions; store it as an unversioned object`);
        return {
            obj: obj as AnyObject,
            version: await hashed(this.microdata.write(obj, options)),
            id: await hashed(this.microdata.writeId(obj, options)),
        };
    }

    /** The ID object and this version, without version graph (spec 20 §6.1). */
    async #storeRaw({ obj, version, id }: Prepared): Promise<VersionedResult> {
        const { idHash, status: idStatus } = await this.#storeId(obj.$type$, id);
        // No version stands without its ID object.
        const status = await this.#storeObject('Object', obj.$type$, version, idStatus === 'new');
        if (status === 'new') this.#records.push({ kind: 'rawVersion', hash: version.hash });
        return { obj, hash: version.hash, status, idHash, timestamp: this.#context.now() };
    }

    async #storeId(type: string, id: HashedText): Promise<{ idHash: string; status: StoreStatus }> {
        const result = { idHash: id.hash, status: await this.#storeObject('IdObject', type, id) };
        if (result.status === 'new') this.#records.push({ kind: 'idObject', hash: id.hash });
        this.events.push({ type: 'id', ...result });
        return result;
    }

    /** A text and, if it is new, its reverse maps (spec 22 §2.1). */
    async #storeObject(
        kind: 'Object' | 'IdObject',
        type: string,
        text: HashedText,
        isNew = false,
    ): Promise<StoreStatus> {
        const status = await storeText(this.transaction, text, isNew);
        if (status === 'exists') return status;
        this.#stored.add(text.hash);
        const targets = this.#context.reverseMaps.targets(kind, type, text.text, this.microdata);
        for (const target of targets) {
            const name = reverseMapName(target, kind, type);
            this.transaction.append('rmaps', name, await this.nextNumber(), utf8.encode(text.hash));
        }
        return status;
    }

    /** Joins a stored version to the version graph of its ID (spec 20 §7.3). @throws MergeError */
    async #join(stored: VersionedResult, head: Head | undefined, kind: 'local' | 'remote'): Promise<VersionedResult> {
        const { hash, idHash } = stored;
        const creationTime = stored.timestamp ?? this.#context.now();
        if (head === undefined) {
            const edge = await this.#edge(hash, creationTime, stored.status === 'new');
            return this.#moveHead(edge.hash, edge.hash, { ...stored, status: 'new' });
        }
        if (kind === 'local') {
            const depth = head.node.depth + 1;
            const change = { $type$: 'VersionNodeChange', prev: head.hash, data: hash, depth, creationTime };
            const node = await this.#storeNode(change satisfies Loose<VersionNodeChange>, stored.status === 'new');
            const result = { ...stored, status: 'new', timestamp: undefined } as const;
            return this.#moveHead(node.hash, node.hash, result);
        }
        const incoming = await this.#edge(hash, creationTime, false);
        if (incoming.hash === head.hash) return stored;
        // A node that is new is in nobody's history.
        if (incoming.status === 'exists' && (await isReachable(this.#access(idHash), head.hash, incoming.hash))) {
            const { data } = head.node;
            return { obj: await this.read(data), hash: data, idHash, status: 'exists', timestamp: undefined };
        }
        if (incoming.status === 'new') this.#records.push({ kind: 'object', hash: incoming.hash });
        return this.#merge(idHash, head, { hash: incoming.hash, data: hash, creationTime });
    }

    async #merge(idHash: string, head: Head, incoming: Incoming): Promise<VersionedResult> {
        const { $type$ } = await this.read(head.node.data);
        // What came from elsewhere may be in it.
        const merge = await mergeVersions(this.#access(idHash), $type$, head.hash, incoming.hash);
        const prepared = await this.#prepare(merge, { lossy: true });
        const merged = ifCurrent(prepared, head) ?? (await this.#storeRaw(prepared));
        const node = {
            $type$: 'VersionNodeMerge',
            nodes: new Set([head.hash, incoming.hash]),
            data: merged.hash,
            depth: head.node.depth + 1,
            creationTime: Math.max(head.node.creationTime, incoming.creationTime),
        };
        const mergeNode = await this.#storeNode(node satisfies Loose<VersionNodeMerge>, false);
        const result = { ...merged, status: 'new' } as const;
        // Offering what another one has offered, two peers would never come to rest.
        const isOffered = this.#context.offerMerged && merged.hash !== head.node.data && merged.hash !== incoming.data;
        if (!isOffered) return this.#moveHead(mergeNode.hash, incoming.hash, result);
        if (mergeNode.status === 'new') this.#records.push({ kind: 'object', hash: mergeNode.hash });
        this.#heads.push({ idHash, type: $type$, listed: incoming.hash, obj: merged.obj });
        const { data, depth, creationTime } = node;
        const change = { $type$: 'VersionNodeChange', prev: mergeNode.hash, data, depth: depth + 1, creationTime };
        const changeNode = await this.#storeNode(change satisfies Loose<VersionNodeChange>, false);
        return this.#moveHead(changeNode.hash, changeNode.hash, result);
    }

    #moveHead(node: string, listed: string, result: VersionedResult): VersionedResult {
        const { idHash, hash, obj } = result;
        writeHead(this.transaction, idHash, node);
        this.#heads.push({ idHash, type: obj.$type$, listed, obj });
        this.#records.push({ kind: 'version', hash, idHash, node });
        this.events.push({ type: 'versioned', ...result, status: 'new' });
        return result;
    }

    /** What a merge reads and stores; referenced versions are stored without moving their own heads (spec 21 §6.4). */
    #access(idHash: string): ObjectAccess {
        const { recipes } = this.microdata;
        return {
            recipes,
            known: this.#context.histories.of(idHash),
            read: hash => this.read(hash),
            store: async object =>
                recipes.isVersioned(object.$type$)
                    ? (await this.#storeRaw(await this.#prepare(object, { lossy: true }))).hash
                    : (await this.storeUnversioned(object, { lossy: true })).hash,
            itemText: (itemType, value) => this.microdata.itemText(itemType, value),
        };
    }

    async #edge(data: string, creationTime: number, isNew: boolean): Promise<UnversionedResult> {
        const edge = { $type$: 'VersionNodeEdge', data, depth: 0, creationTime } satisfies Loose<VersionNodeEdge>;
        return this.#storeNode(edge, isNew);
    }
}

/** The current version if it is the same: then nothing is to be stored (spec 20 §6.2). */
function ifCurrent({ obj, version: { hash }, id }: Prepared, head: Head | undefined): VersionedResult | undefined {
    if (head === undefined || (head.node.data as string) !== hash) return undefined;
    return { obj, hash, idHash: id.hash, status: 'exists', timestamp: head.node.creationTime };
}

const utf8 = new TextEncoder();

/** A version node with plain texts for its hashes: whose objects they are is checked by who stored them. */
type Loose<T> = {
    readonly [K in keyof T]: T[K] extends ReadonlySet<unknown>
        ? ReadonlySet<string>
        : K extends 'data' | 'prev' | '$type$'
          ? string
          : T[K];
};

// Storing objects and versions (spec 20 §4–§7) as a part of one transaction: object, version node and head are there together
// or not at all.
import { isHash, type Typed } from '../hashes.ts';
import type { AnyObject, Microdata, WriteOptions } from '../microdata/microdata.ts';
import type { VersionNode, VersionNodeChange, VersionNodeEdge, VersionNodeMerge } from '../recipes/core-recipes.ts';
import type { StoreReader, Transaction } from '../storage/store.ts';
import { mergeVersions } from '../versions/merge-versions.ts';
import type { ObjectAccess } from '../versions/object-access.ts';
import { isReachable } from '../versions/version-nodes.ts';
import { ObjectStoreError } from './object-errors.ts';
import type { ObjectEvent } from './object-events.ts';
import { hashed, readHead, storeText, writeHead, type HashedText, type StoreStatus } from './stored-text.ts';

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

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what a store, or a transaction, holds. */
export class ObjectReader {
    readonly #reader: StoreReader;
    readonly #microdata: Microdata;

    constructor(reader: StoreReader, microdata: Microdata) {
        this.#reader = reader;
        this.#microdata = microdata;
    }

    /** @throws ObjectStoreError `SB-READ2` @throws MicrodataError if what is stored is damaged */
    async read(hash: string): Promise<AnyObject> {
        const bytes = await this.#reader.get('objects', hash);
        if (bytes === undefined) throw ObjectStoreError.missing('The object', hash);
        return this.#microdata.parse(decoder.decode(bytes));
    }

    /** Hash of the current version node of an ID; undefined if it has no version. */
    head(idHash: string): Promise<string | undefined> {
        return readHead(this.#reader, idHash);
    }
}

/** A version, written once: its text and that of its ID object. */
interface Prepared {
    readonly obj: AnyObject;
    readonly version: HashedText;
    readonly id: HashedText;
}

/** Stores objects; what is only written `lossy` (as deployed peers do) is refused unless it comes from elsewhere. */
export class ObjectTransaction extends ObjectReader {
    /** In the order in which they came about; told when the transaction is stored. */
    readonly events: ObjectEvent[] = [];
    readonly #transaction: Transaction;
    readonly #microdata: Microdata;
    readonly #now: () => number;

    constructor(transaction: Transaction, microdata: Microdata, now: () => number) {
        super(transaction, microdata);
        this.#transaction = transaction;
        this.#microdata = microdata;
        this.#now = now;
    }

    /** @throws ObjectStoreError `SUO-SO1` for a versioned type; ObjectRefusedError */
    async storeUnversioned(obj: Typed, options?: WriteOptions): Promise<UnversionedResult> {
        if (this.#microdata.recipes.isVersioned(obj.$type$))
            throw new ObjectStoreError('SUO-SO1', `"${obj.$type$}" has versions; store it as a versioned object`);
        const text = await hashed(this.#microdata.write(obj, options));
        const status = await storeText(this.#transaction, text);
        const result = { obj: obj as AnyObject, hash: text.hash, status };
        this.events.push({ type: 'unversioned', ...result });
        return result;
    }

    /** @throws ObjectRefusedError */
    async storeId(obj: Typed, options?: WriteOptions): Promise<{ idHash: string; status: StoreStatus }> {
        return this.#storeId(await hashed(this.#microdata.writeId(obj, options)));
    }

    /** @throws ObjectStoreError `SVO-SO2` for an unversioned type; ObjectRefusedError; MergeError */
    async storeVersioned(obj: Typed, storeAs: StoreAs, options?: WriteOptions): Promise<VersionedResult> {
        const prepared = await this.#prepare(obj, options);
        const current = await this.#ifCurrent(prepared);
        if (current !== undefined) return current;
        const stored = await this.#storeRaw(prepared);
        return storeAs === 'no-version-map' ? stored : this.#join(stored, storeAs === 'merge' ? 'remote' : 'local');
    }

    /** A version of elsewhere, created at a time; stored if it is not there, then merged. @throws as `storeVersioned` */
    async importVersion(obj: Typed, creationTime: number): Promise<VersionedResult> {
        const prepared = await this.#prepare(obj, { lossy: true });
        const { hash } = prepared.version;
        const exists = (await this.#transaction.get('objects', hash)) !== undefined;
        const stored: VersionedResult = exists
            ? { obj: prepared.obj, hash, idHash: prepared.id.hash, status: 'exists' }
            : await this.#storeRaw(prepared);
        return this.#join({ ...stored, timestamp: creationTime }, 'remote');
    }

    async #prepare(obj: Typed, options?: WriteOptions): Promise<Prepared> {
        if (!this.#microdata.recipes.isVersioned(obj.$type$))
            throw new ObjectStoreError('SVO-SO2', `"${obj.$type$}" has no versions; store it as an unversioned object`);
        return {
            obj: obj as AnyObject,
            version: await hashed(this.#microdata.write(obj, options)),
            id: await hashed(this.#microdata.writeId(obj, options)),
        };
    }

    /** The ID object and this version, without version graph (spec 20 §6.1). */
    async #storeRaw({ obj, version, id }: Prepared): Promise<VersionedResult> {
        const { idHash } = await this.#storeId(id);
        const status = await storeText(this.#transaction, version);
        return { obj, hash: version.hash, status, idHash, timestamp: this.#now() };
    }

    async #storeId(id: HashedText): Promise<{ idHash: string; status: StoreStatus }> {
        const result = { idHash: id.hash, status: await storeText(this.#transaction, id) };
        this.events.push({ type: 'id', ...result });
        return result;
    }

    /** Joins a stored version to the version graph of its ID (spec 20 §7.3). @throws MergeError */
    async #join(stored: VersionedResult, kind: 'local' | 'remote'): Promise<VersionedResult> {
        const { hash, idHash } = stored;
        const creationTime = stored.timestamp ?? this.#now();
        const headHash = await this.head(idHash);
        if (headHash === undefined) {
            writeHead(this.#transaction, idHash, await this.#edge(hash, creationTime));
            return this.#tell({ ...stored, status: 'new' });
        }
        const head = await this.#node(headHash);
        if (kind === 'local') {
            const depth = head.depth + 1;
            const change = { $type$: 'VersionNodeChange', prev: headHash, data: hash, depth, creationTime };
            const node = await this.storeUnversioned(change satisfies Loose<VersionNodeChange>);
            writeHead(this.#transaction, idHash, node.hash);
            return this.#tell({ ...stored, status: 'new', timestamp: undefined });
        }
        const incoming = await this.#edge(hash, creationTime);
        if (incoming === headHash) return stored;
        const read = (node: string) => this.read(node);
        if (await isReachable(read, headHash, incoming))
            return { obj: await this.read(head.data), hash: head.data, idHash, status: 'exists', timestamp: undefined };
        return this.#merge(idHash, { hash: headHash, node: head }, { hash: incoming, creationTime });
    }

    async #merge(
        idHash: string,
        head: { hash: string; node: VersionNode },
        incoming: { hash: string; creationTime: number },
    ): Promise<VersionedResult> {
        const { $type$ } = await this.read(head.node.data);
        // What came from elsewhere may be in it.
        const merge = await mergeVersions(this.#access(), $type$, head.hash, incoming.hash);
        const prepared = await this.#prepare(merge, { lossy: true });
        const merged = (await this.#ifCurrent(prepared)) ?? (await this.#storeRaw(prepared));
        const node = {
            $type$: 'VersionNodeMerge',
            nodes: new Set([head.hash, incoming.hash]),
            data: merged.hash,
            depth: head.node.depth + 1,
            creationTime: Math.max(head.node.creationTime, incoming.creationTime),
        };
        const mergeNode = await this.storeUnversioned(node satisfies Loose<VersionNodeMerge>);
        writeHead(this.#transaction, idHash, mergeNode.hash);
        return this.#tell({ ...merged, status: 'new' });
    }

    /** The current version if it is the same: then nothing is to be stored (spec 20 §6.2). */
    async #ifCurrent({ obj, version: { hash }, id }: Prepared): Promise<VersionedResult | undefined> {
        const headHash = await this.head(id.hash);
        if (headHash === undefined) return undefined;
        const { data, creationTime } = await this.#node(headHash);
        if ((data as string) !== hash) return undefined;
        return { obj, hash, idHash: id.hash, status: 'exists', timestamp: creationTime };
    }

    /** What a merge reads and stores; referenced versions are stored without moving their own heads (spec 21 §6.4). */
    #access(): ObjectAccess {
        const { recipes } = this.#microdata;
        return {
            recipes,
            read: hash => this.read(hash),
            store: async object =>
                recipes.isVersioned(object.$type$)
                    ? (await this.#storeRaw(await this.#prepare(object, { lossy: true }))).hash
                    : (await this.storeUnversioned(object, { lossy: true })).hash,
            itemText: (itemType, value) => this.#microdata.itemText(itemType, value),
        };
    }

    async #edge(data: string, creationTime: number): Promise<string> {
        const edge = { $type$: 'VersionNodeEdge', data, depth: 0, creationTime } satisfies Loose<VersionNodeEdge>;
        return (await this.storeUnversioned(edge)).hash;
    }

    async #node(hash: string): Promise<VersionNode> {
        const node = await this.read(hash);
        if (!isHash(node['data']) || typeof node['depth'] !== 'number' || typeof node['creationTime'] !== 'number')
            throw new ObjectStoreError('VERSION_NODE_INVALID', `A ${node.$type$} stands where a version node belongs`);
        return node as AnyObject & VersionNode;
    }

    #tell(result: VersionedResult): VersionedResult {
        this.events.push({ type: 'versioned', ...result, status: 'new' });
        return result;
    }
}

/** A version node with plain texts for its hashes: whose objects they are is checked by who stored them. */
type Loose<T> = {
    readonly [K in keyof T]: T[K] extends ReadonlySet<unknown>
        ? ReadonlySet<string>
        : K extends 'data' | 'prev' | '$type$'
          ? string
          : T[K];
};

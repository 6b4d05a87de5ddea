// Storing objects and versions (spec 20 §4–§7) as a part of one transaction: object, version node and head are there together
// or not at all.
import { hashText } from '../crypto/hash.ts';
import { isHash, type Typed } from '../hashes.ts';
import type { AnyObject, Microdata } from '../microdata/microdata.ts';
import type { VersionNode, VersionNodeChange, VersionNodeEdge, VersionNodeMerge } from '../recipes/core-recipes.ts';
import type { Transaction } from '../storage/store.ts';
import { mergeVersions } from '../versions/merge-versions.ts';
import type { ObjectAccess } from '../versions/object-access.ts';
import { isReachable } from '../versions/version-nodes.ts';
import { ObjectStoreError } from './object-errors.ts';
import type { ObjectEvent, StoreStatus } from './object-events.ts';

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

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ObjectTransaction {
    /** In the order in which they came about; told when the transaction is stored. */
    readonly events: ObjectEvent[] = [];
    readonly #transaction: Transaction;
    readonly #microdata: Microdata;
    readonly #now: () => number;

    constructor(transaction: Transaction, microdata: Microdata, now: () => number) {
        this.#transaction = transaction;
        this.#microdata = microdata;
        this.#now = now;
    }

    /** @throws ObjectStoreError `SB-READ2` @throws MicrodataError if what is stored is damaged */
    async read(hash: string): Promise<AnyObject> {
        const bytes = await this.#transaction.get('objects', hash);
        if (bytes === undefined) throw ObjectStoreError.missing('The object', hash);
        return this.#microdata.parse(decoder.decode(bytes));
    }

    /** Hash of the current version node of an ID; undefined if it has no version. */
    async head(idHash: string): Promise<string | undefined> {
        const head = await this.#transaction.get('vheads', idHash);
        return head === undefined ? undefined : decoder.decode(head);
    }

    /** @throws ObjectStoreError `SUO-SO1` for a versioned type */
    async storeUnversioned(obj: Typed): Promise<UnversionedResult> {
        if (this.#microdata.recipes.isVersioned(obj.$type$))
            throw new ObjectStoreError('SUO-SO1', `"${obj.$type$}" has versions; store it as a versioned object`);
        const result = { obj: obj as AnyObject, ...(await this.#write(this.#microdata.write(obj, { lossy: true }))) };
        this.events.push({ type: 'unversioned', ...result });
        return result;
    }

    async storeId(obj: Typed): Promise<{ idHash: string; status: StoreStatus }> {
        const { hash, status } = await this.#write(this.#microdata.writeId(obj, { lossy: true }));
        this.events.push({ type: 'id', idHash: hash, status });
        return { idHash: hash, status };
    }

    /** The ID object and this version, without version graph (spec 20 §6.1). */
    async storeRaw(obj: Typed): Promise<VersionedResult> {
        const { idHash } = await this.storeId(obj);
        const stored = await this.#write(this.#microdata.write(obj, { lossy: true }));
        return { obj: obj as AnyObject, ...stored, idHash, timestamp: this.#now() };
    }

    /** @throws ObjectStoreError `SVO-SO2` for an unversioned type; MergeError */
    async storeVersioned(obj: Typed, storeAs: StoreAs): Promise<VersionedResult> {
        this.#ensureVersioned(obj);
        const current = await this.#ifCurrent(obj);
        if (current !== undefined) return current;
        const stored = await this.storeRaw(obj);
        return storeAs === 'no-version-map' ? stored : this.#join(stored, storeAs === 'merge' ? 'remote' : 'local');
    }

    /** A version of elsewhere, created at a time; stored if it is not there, then merged. @throws as `storeVersioned` */
    async importVersion(obj: Typed, creationTime: number): Promise<VersionedResult> {
        this.#ensureVersioned(obj);
        const hash: string = await this.#microdata.hash(obj, { lossy: true });
        const exists = (await this.#transaction.get('objects', hash)) !== undefined;
        const stored: VersionedResult = exists
            ? {
                  obj: obj as AnyObject,
                  hash,
                  idHash: await this.#microdata.idHash(obj, { lossy: true }),
                  status: 'exists',
              }
            : await this.storeRaw(obj);
        return this.#join({ ...stored, timestamp: creationTime }, 'remote');
    }

    /** Joins a stored version to the version graph of its ID (spec 20 §7.3). @throws MergeError */
    async #join(stored: VersionedResult, kind: 'local' | 'remote'): Promise<VersionedResult> {
        const { hash, idHash } = stored;
        const creationTime = stored.timestamp ?? this.#now();
        const headHash = await this.head(idHash);
        if (headHash === undefined) {
            await this.#moveHead(idHash, await this.#edge(hash, creationTime));
            return this.#tell({ ...stored, status: 'new' });
        }
        const head = await this.#node(headHash);
        if (kind === 'local') {
            const depth = head.depth + 1;
            const change = { $type$: 'VersionNodeChange', prev: headHash, data: hash, depth, creationTime };
            await this.#moveHead(idHash, (await this.storeUnversioned(change satisfies Loose<VersionNodeChange>)).hash);
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
        const obj = await mergeVersions(this.#access(), $type$, head.hash, incoming.hash);
        const merged = (await this.#ifCurrent(obj)) ?? (await this.storeRaw(obj));
        const node = {
            $type$: 'VersionNodeMerge',
            nodes: new Set([head.hash, incoming.hash]),
            data: merged.hash,
            depth: head.node.depth + 1,
            creationTime: Math.max(head.node.creationTime, incoming.creationTime),
        };
        await this.#moveHead(idHash, (await this.storeUnversioned(node satisfies Loose<VersionNodeMerge>)).hash);
        return this.#tell({ ...merged, status: 'new' });
    }

    /** The current version if it equals `obj`: then nothing is to be stored (spec 20 §6.2). */
    async #ifCurrent(obj: Typed): Promise<VersionedResult | undefined> {
        const idHash = await this.#microdata.idHash(obj, { lossy: true });
        const headHash = await this.head(idHash);
        if (headHash === undefined) return undefined;
        const { data, creationTime } = await this.#node(headHash);
        const hash = await this.#microdata.hash(obj, { lossy: true });
        if (data !== (hash as string)) return undefined;
        return { obj: obj as AnyObject, hash, idHash, status: 'exists', timestamp: creationTime };
    }

    #ensureVersioned(obj: Typed): void {
        if (!this.#microdata.recipes.isVersioned(obj.$type$))
            throw new ObjectStoreError('SVO-SO2', `"${obj.$type$}" has no versions; store it as an unversioned object`);
    }

    /** What a merge reads and stores; referenced versions are stored without moving their own heads (spec 21 §6.4). */
    #access(): ObjectAccess {
        const { recipes } = this.#microdata;
        return {
            recipes,
            read: hash => this.read(hash),
            store: async object =>
                recipes.isVersioned(object.$type$)
                    ? (await this.storeRaw(object)).hash
                    : (await this.storeUnversioned(object)).hash,
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

    #moveHead(idHash: string, node: string): Promise<void> {
        this.#transaction.put('vheads', idHash, encoder.encode(node));
        return Promise.resolve();
    }

    #tell(result: VersionedResult): VersionedResult {
        this.events.push({ type: 'versioned', ...result, status: 'new' });
        return result;
    }

    /** Writes a text once under its hash. */
    async #write(text: string): Promise<{ hash: string; status: StoreStatus }> {
        const hash: string = await hashText(text);
        const exists = (await this.#transaction.get('objects', hash)) !== undefined;
        if (!exists) this.#transaction.put('objects', hash, encoder.encode(text));
        return { hash, status: exists ? 'exists' : 'new' };
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

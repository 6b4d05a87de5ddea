// Fetches an object with everything that it leads to (spec 40 §6.2), and stores it: in one commit, or in several if it is large,
// each after what it needs.
import type { Accessible } from '../access/accessible.ts';
import { IMPORT_COMMIT_BYTES, IMPORT_HELD_BYTES } from '../limits.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { ChumError } from './chum-errors.ts';
import type { Fetcher, Received } from './fetcher.ts';
import type { ChildObject } from './services.ts';
import type { Shown } from './shown.ts';
import { isVersionNode, markUnmerged } from './unmerged.ts';

export interface TreeImportOptions {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    readonly remotePerson: string;
    readonly fetcher: Fetcher;
    readonly shown: Shown;
    /** False: whatever is here may be part of what a peer sends. For comparison with deployed importers only. */
    readonly demandProof: boolean;
    /** Objects of one tree that are fetched before those that they need are looked at. */
    readonly lookAhead: number;
    readonly onStored: (type: ChildObject['type'], hash: string) => void;
}

/** A fetched tree without what is stored already; each behind what it needs. */
export interface FetchedTree {
    readonly root: Received;
    readonly rest: readonly Received[];
    /** What needs something that is pending: to be stored with it. */
    readonly deferred: readonly Received[];
}

/** What a tree is stored with, in the commit of its root. */
export type Finish = (objects: ObjectTransaction) => Promise<void>;

export class TreeImport {
    readonly #options: TreeImportOptions;
    /** UTF-16 units of all trees that are fetched and not stored. */
    #held = 0;

    constructor(options: TreeImportOptions) {
        this.#options = options;
    }

    /**
     * Fetches a tree; of a large one, parts are stored meanwhile.
     * @param pending objects that are fetched already, and stored later
     * @throws ChumError, RequestError, MicrodataError, StorageError; what was stored of the tree before is complete in itself
     */
    async fetch(
        kind: 'object' | 'id',
        hash: string,
        pending: ReadonlyMap<string, Received> = new Map(),
    ): Promise<FetchedTree> {
        const { fetcher } = this.#options;
        const list = (await fetcher.children(kind, hash)).reverse();
        // All that the root and its children may refer to.
        const allowed = new Set<string>();
        const deferred = new Map<string, Received>();
        let rest: Received[] = [];
        let size = 0;
        const ahead: Promise<Received | undefined>[] = [];
        let next = 0;
        try {
            for (const child of list) {
                // Whoever is at the front always goes on.
                const most = this.#held < IMPORT_HELD_BYTES ? this.#options.lookAhead : 1;
                for (const each of list.slice(next, next + Math.max(0, most - ahead.length))) {
                    const fetching = this.#child(each, pending);
                    next++;
                    // It is awaited in its turn; until then nobody hears of a failure.
                    fetching.catch(() => undefined);
                    ahead.push(fetching);
                }
                const received = await ahead.shift();
                allowed.add(nameOf(child));
                if (received === undefined) continue;
                await this.#ensureLinks(received, allowed, pending);
                this.#options.shown.add(received.hash, 'object');
                const isDeferred = received.links.some(link => pending.has(link.hash) || deferred.has(link.hash));
                if (isDeferred) deferred.set(received.hash, received);
                else rest.push(received);
                size += received.text.length;
                this.#held += received.text.length;
                if (size < IMPORT_COMMIT_BYTES) continue;
                await this.store(rest);
                this.#held -= size;
                [rest, size] = [[], 0];
            }
            const root = await fetcher.object(kind, hash);
            await this.#ensureLinks(root, allowed, pending);
            this.#options.shown.add(hash, 'object');
            return { root, rest, deferred: [...deferred.values()] };
        } finally {
            this.#held -= size;
        }
    }

    /** Stores objects after what they need, in one commit with what follows from them. */
    async store(received: readonly Received[], finish?: Finish): Promise<void> {
        const { objects, onStored, shown } = this.#options;
        const stored = await objects.transact(async transaction => {
            const fresh: Received[] = [];
            for (const each of received) {
                if ((await transaction.storeReceived(each.kind, each.obj, each)) !== 'new') continue;
                fresh.push(each);
                if (isVersionNode(each.obj)) markUnmerged(transaction.transaction, each.hash);
            }
            await finish?.(transaction);
            await shown.store(transaction.transaction);
            return fresh;
        });
        for (const { kind, hash } of stored) onStored(kind, hash);
    }

    /** Whether something is here as what it is said to be, with everything that it leads to. */
    async isHere({ type, hash }: ChildObject): Promise<boolean> {
        return isBytes(type) ? this.#options.blobs.has(hash) : this.#options.objects.has(hash, type);
    }

    /**
     * Whether a peer may make something of it that leads to what is here already. A peer that knows no more than its hash must
     * not get it back by linking it to something that is granted to it: it has to show that it has it, and what it leads to.
     */
    async mayName({ type, hash }: ChildObject): Promise<boolean> {
        const { shown, accessible, remotePerson, demandProof } = this.#options;
        if (!demandProof || (await shown.has(hash, 'object'))) return true;
        if (!isBytes(type)) return accessible.leads(remotePerson, hash);
        return (await shown.has(hash, 'bytes')) || (await accessible.has(remotePerson, hash));
    }

    /** @returns what is to be looked at, and stored if it is new; undefined for what is here, or will be before */
    async #child(child: ChildObject, pending: ReadonlyMap<string, Received>): Promise<Received | undefined> {
        const { type, hash } = child;
        if (pending.has(hash)) return undefined;
        const isHere = await this.isHere(child);
        if (isHere && (await this.mayName(child))) return undefined;
        const { fetcher, shown, onStored } = this.#options;
        if (!isBytes(type)) return fetcher.object(type, hash);
        await fetcher.bytes(type, hash);
        if (!isHere) onStored(type, hash);
        shown.add(hash, 'bytes');
        return undefined;
    }

    /** @throws ChumError `CI-ACO`, `CI-ACIDO` for a link to what was neither listed before nor is here */
    async #ensureLinks(
        { kind, hash, links }: Received,
        allowed: ReadonlySet<string>,
        pending: ReadonlyMap<string, Received>,
    ): Promise<void> {
        for (const link of links) {
            if (allowed.has(nameOf(link)) || (link.type === 'object' && pending.has(link.hash))) continue;
            const isHere = await this.isHere(link);
            if (isHere && (await this.mayName(link))) continue;
            if (!isHere && this.#options.fetcher.wasServed(link.hash)) await this.#fetchAgain(link, pending);
            else
                throw new ChumError(
                    kind === 'id' ? 'CI-ACIDO' : 'CI-ACO',
                    `The peer's list of children of something lacks ${link.hash}, which ${hash} links to`,
                );
        }
    }

    /** What a peer does not list, because it was fetched on this connection, may have been part of a tree that failed. */
    async #fetchAgain(child: ChildObject, pending: ReadonlyMap<string, Received>): Promise<void> {
        if (isBytes(child.type)) {
            await this.#child(child, pending);
            return;
        }
        const { root, rest } = await this.fetch(child.type, child.hash);
        await this.store([...rest, root]);
    }
}

/** By which links find what was listed: an object listed as a BLOB is none. */
function nameOf({ type, hash }: ChildObject): string {
    return `${isBytes(type) ? 'bytes' : type} ${hash}`;
}

function isBytes(type: ChildObject['type']): type is 'blob' | 'clob' {
    return type === 'blob' || type === 'clob';
}

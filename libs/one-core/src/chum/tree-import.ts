// Fetches an object with everything that it leads to (spec 40 §6.2), and stores it: in one commit, or in several if it is large,
// each after what it needs.
import type { Accessible } from '../access/accessible.ts';
import { IMPORT_COMMIT_BYTES, MAX_CHILDREN } from '../limits.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { ChumError } from './chum-errors.ts';
import type { Fetcher, Received } from './fetcher.ts';
import type { HashFilter } from './hash-filter.ts';
import type { ChildObject } from './services.ts';

export interface TreeImportOptions {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    readonly remotePerson: string;
    readonly fetcher: Fetcher;
    /** What this peer has shown to have. */
    readonly shown: HashFilter;
    /** Objects of one tree that are fetched before those that they need are looked at. */
    readonly lookAhead: number;
    readonly onStored: (type: ChildObject['type'], hash: string) => void;
}

/** What a tree is stored with, in the commit of its root. */
export type Finish = (objects: ObjectTransaction) => Promise<void>;

export class TreeImport {
    readonly #options: TreeImportOptions;

    constructor(options: TreeImportOptions) {
        this.#options = options;
    }

    /**
     * Fetches a tree and stores everything but its root.
     * @param pending objects that are fetched already, and stored later
     * @throws ChumError, RequestError, MicrodataError, StorageError; what was stored of the tree before is complete in itself
     */
    async fetch(
        kind: 'object' | 'id',
        hash: string,
        pending: ReadonlyMap<string, Received> = new Map(),
    ): Promise<{ root: Received; rest: readonly Received[] }> {
        const { fetcher, lookAhead } = this.#options;
        const list = (await fetcher.children(kind, hash)).reverse();
        if (list.length > MAX_CHILDREN)
            throw new ChumError('CHUM_TOO_LARGE', `An object leads to more than ${MAX_CHILDREN} others`);
        // All that the root and its children may refer to.
        const allowed = new Set<string>();
        let rest: Received[] = [];
        let size = 0;
        const ahead: Promise<Received | undefined>[] = [];
        let next = 0;
        for (const child of list) {
            for (const each of list.slice(next, next + lookAhead - ahead.length)) {
                const fetching = this.#child(each, pending);
                next++;
                // It is awaited in its turn; until then nobody hears of a failure.
                fetching.catch(() => undefined);
                ahead.push(fetching);
            }
            const received = await ahead.shift();
            if (received !== undefined) {
                await this.#ensureLinks(received, allowed, pending);
                rest.push(received);
                size += received.text.length;
            }
            allowed.add(child.hash);
            if (size < IMPORT_COMMIT_BYTES) continue;
            await this.store(rest);
            [rest, size] = [[], 0];
        }
        const root = await fetcher.object(kind, hash);
        await this.#ensureLinks(root, allowed, pending);
        this.#options.shown.add(hash);
        return { root, rest };
    }

    /** Stores objects after what they need, in one commit with what follows from them. */
    async store(received: readonly Received[], finish?: Finish): Promise<void> {
        const { objects, onStored } = this.#options;
        const stored = await objects.transact(async transaction => {
            const fresh: Received[] = [];
            for (const each of received)
                if ((await transaction.storeReceived(each.kind, each.obj, each)) === 'new') fresh.push(each);
            await finish?.(transaction);
            return fresh;
        });
        for (const { kind, hash } of stored) onStored(kind, hash);
    }

    /** Whether something is here, with everything that it leads to. */
    async isHere({ type, hash }: ChildObject): Promise<boolean> {
        return type === 'blob' || type === 'clob' ? this.#options.blobs.has(hash) : this.#options.objects.has(hash);
    }

    /** @returns what is to be stored; undefined if it is here already, or will be before */
    async #child(child: ChildObject, pending: ReadonlyMap<string, Received>): Promise<Received | undefined> {
        const { type, hash } = child;
        if (pending.has(hash)) return undefined;
        const isHere = await this.isHere(child);
        if (isHere && (await this.#mayName(child))) return undefined;
        if (type === 'blob' || type === 'clob') {
            await this.#options.fetcher.bytes(type, hash);
            if (!isHere) this.#options.onStored(type, hash);
        } else {
            const received = await this.#options.fetcher.object(type, hash);
            this.#options.shown.add(hash);
            return isHere ? undefined : received;
        }
        this.#options.shown.add(hash);
        return undefined;
    }

    /**
     * Whether a peer may make something of it that leads to what is here already. A peer that knows no more than its hash must
     * not get it back by linking it to something that is granted to it: it has to show that it has it. An ID object says what
     * somebody who knows its hash knows or can guess.
     */
    async #mayName({ type, hash }: ChildObject): Promise<boolean> {
        const { shown, accessible, remotePerson } = this.#options;
        return type === 'id' || shown.has(hash) || (await accessible.has(remotePerson, hash));
    }

    /** @throws ChumError `CI-ACO`, `CI-ACIDO` for a link to what was neither listed before nor is here */
    async #ensureLinks(
        { kind, hash, links }: Received,
        allowed: ReadonlySet<string>,
        pending: ReadonlyMap<string, Received>,
    ): Promise<void> {
        for (const link of links) {
            if (allowed.has(link.hash) || pending.has(link.hash)) continue;
            const isHere = await this.isHere(link);
            if (isHere && (await this.#mayName(link))) continue;
            if (!isHere && this.#options.shown.has(link.hash)) await this.#fetchAgain(link, pending);
            else
                throw new ChumError(
                    kind === 'id' ? 'CI-ACIDO' : 'CI-ACO',
                    `The peer's list of children of something lacks ${link.hash}, which ${hash} links to`,
                );
        }
    }

    /** What a peer does not list, because it was fetched on this connection, may have been part of a tree that failed. */
    async #fetchAgain(child: ChildObject, pending: ReadonlyMap<string, Received>): Promise<void> {
        if (child.type === 'blob' || child.type === 'clob') {
            await this.#child(child, pending);
            return;
        }
        const { root, rest } = await this.fetch(child.type, child.hash, pending);
        await this.store([...rest, root]);
    }
}

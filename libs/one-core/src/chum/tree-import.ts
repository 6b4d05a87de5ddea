// Fetches an object with everything that it leads to (spec 40 §6.2), and stores it: in one commit, or in several if it is large,
// each after what it needs.
import type { Accessible } from '../access/accessible.ts';
import { IMPORT_COMMIT_BYTES } from '../limits.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import type { Transaction } from '../storage/store.ts';
import { ChumError } from './chum-errors.ts';
import { notText, type Fetcher, type Received } from './fetcher.ts';
import { HashFilter } from './hash-filter.ts';
import { HeldTexts } from './held-texts.ts';
import { ImportBatch, unitsOf } from './import-batch.ts';
import { LinkedLists } from './linked-lists.ts';
import { LookAhead } from './look-ahead.ts';
import type { ChildObject } from './services.ts';
import type { Shown } from './shown.ts';
import { TextCheck } from './text-check.ts';
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
    readonly acceptObject?: AcceptObject | undefined;
}

/** An object of a peer that is about to be stored: unversioned, or a version, which is not merged by that. */
export interface IncomingObject {
    readonly hash: string;
    readonly obj: AnyObject;
    /** ID hash of the person on the other side. */
    readonly from: string;
}

export type AcceptObject = (object: IncomingObject) => boolean | Promise<boolean>;

/** What objects are stored with, in the same commit. */
export type Finish = (objects: ObjectTransaction) => Promise<void>;

/** Units that an entry of a list of children takes while its tree is fetched. */
const CHILD_COST = 256;
const costOf = (list: readonly ChildObject[]): number => CHILD_COST * list.length;

export class TreeImport {
    readonly #options: TreeImportOptions;
    readonly #held = new HeldTexts();
    readonly #lists: LinkedLists;
    /** CLOBs that are UTF-8. */
    readonly #texts = new HashFilter();

    constructor(options: TreeImportOptions) {
        this.#options = options;
        this.#lists = new LinkedLists(options.objects);
    }

    /** For one task, which ends it. */
    begin(): ImportBatch {
        return new ImportBatch(this.#held, batch => this.store(batch, batch.takeAll()));
    }

    /**
     * Fetches a tree; of a large one, parts are stored meanwhile.
     * @returns its root, which is counted but not in the batch; the rest of it is, or is stored already
     * @throws ChumError, RequestError, MicrodataError, StorageError; what was stored of the tree before is complete in itself
     */
    async fetch(kind: 'object' | 'id', hash: string, batch: ImportBatch): Promise<Received> {
        const { fetcher, lookAhead, shown } = this.#options;
        const listed = await batch.inTurn(() => fetcher.children(kind, hash), costOf);
        try {
            // All that the root and its children may refer to.
            const allowed = new Set<string>();
            // Others who ask for it just now have the same list.
            const ahead = new LookAhead(listed.toReversed(), {
                ...{ batch, held: this.#held, most: lookAhead },
                fetch: child => this.#child(child, batch),
            });
            for await (const [child, received] of ahead.entries()) {
                allowed.add(nameOf(child));
                if (received === undefined) continue;
                await this.#ensureSound(received, allowed, batch);
                shown.add(received.hash, 'object');
                batch.add(received);
                if (batch.units >= IMPORT_COMMIT_BYTES) await this.store(batch, batch.takeAll());
            }
            const root = await batch.inTurn(() => fetcher.object(kind, hash), unitsOf);
            await this.#ensureSound(root, allowed, batch);
            shown.add(hash, 'object');
            return root;
        } finally {
            batch.release(costOf(listed));
        }
    }

    /** Whether the lists in a version can be merged. @throws ChumError `CHUM_LIST_INVALID` */
    ensureLists(version: AnyObject, batch: ImportBatch): Promise<void> {
        return this.#lists.ensureLists(version, batch);
    }

    /** Stores what was taken from a batch, in one commit with what follows from it. */
    async store(batch: ImportBatch, received: readonly Received[], finish?: Finish): Promise<void> {
        await this.#store(received, finish);
        batch.stored(received);
    }

    async #store(received: readonly Received[], finish?: Finish): Promise<void> {
        const { objects, onStored, shown } = this.#options;
        const task = async (transaction: ObjectTransaction, storeShown: (to: Transaction) => Promise<void>) => {
            const fresh: Received[] = [];
            for (const each of received) {
                if ((await transaction.storeReceived(each.kind, each.obj, each)) !== 'new') continue;
                fresh.push(each);
                if (isVersionNode(each.obj)) markUnmerged(transaction.transaction, each.hash);
            }
            await finish?.(transaction);
            await storeShown(transaction.transaction);
            return fresh;
        };
        const stored = await shown.storeWith(store => objects.transact(transaction => task(transaction, store)));
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
    async #child(child: ChildObject, batch: ImportBatch): Promise<Received | undefined> {
        const { type, hash } = child;
        if (batch.hasLast(hash)) return undefined;
        const isHere = await this.isHere(child);
        if (isHere && (await this.mayName(child))) return undefined;
        const { fetcher, shown, onStored } = this.#options;
        if (!isBytes(type)) return fetcher.object(type, hash);
        batch.stepBack();
        await fetcher.bytes(type, hash);
        if (type === 'clob') this.#texts.add(hash);
        if (!isHere) onStored(type, hash);
        shown.add(hash, 'bytes');
        return undefined;
    }

    /** Of what was received, and is forgotten if it is not. */
    async #ensureSound(received: Received, allowed: ReadonlySet<string>, batch: ImportBatch): Promise<void> {
        try {
            await this.#ensureAccepted(received);
            for (const link of received.links) {
                await this.#ensureLink(link, received, allowed, batch);
                if (link.type === 'clob') await this.#ensureText(link.hash);
            }
            await this.#lists.ensureSound(received, batch);
        } catch (error) {
            batch.release(unitsOf(received));
            throw error;
        }
    }

    /** @throws ChumError `CHUM_OBJECT_REFUSED` */
    async #ensureAccepted({ kind, hash, obj }: Received): Promise<void> {
        const { acceptObject, remotePerson: from } = this.#options;
        if (kind === 'object' && (await acceptObject?.({ hash, obj, from })) === false)
            throw new ChumError('CHUM_OBJECT_REFUSED', `The ${obj.$type$} ${hash} is not taken over from this peer`);
    }

    /** @throws ChumError `CI-ACO`, `CI-ACIDO` for a link to what was neither listed before nor is here */
    async #ensureLink(
        link: ChildObject,
        { kind, hash }: Received,
        allowed: ReadonlySet<string>,
        batch: ImportBatch,
    ): Promise<void> {
        if (allowed.has(nameOf(link)) || (link.type === 'object' && batch.hasLast(link.hash))) return;
        if ((await this.isHere(link)) && (await this.mayName(link))) return;
        if (!this.#options.fetcher.wasAsked(link.hash))
            throw new ChumError(
                kind === 'id' ? 'CI-ACIDO' : 'CI-ACO',
                `The peer's list of children of something lacks ${link.hash}, which ${hash} links to`,
            );
        // What the peer does not list, because it has sent it on this connection, may have come too late, or with a tree that failed.
        if (isBytes(link.type)) await this.#child(link, batch);
        else {
            batch.add(await this.fetch(link.type, link.hash, batch));
            await this.store(batch, batch.takeReady());
        }
    }

    /** What came as a BLOB may be linked as a CLOB. @throws ChumError `CHUM_CLOB_NOT_TEXT` */
    async #ensureText(hash: string): Promise<void> {
        if (this.#texts.has(hash)) return;
        await using blob = await this.#options.blobs.open(hash);
        const check = new TextCheck();
        for await (const bytes of blob.stream()) if (!check.add(bytes)) throw notText(hash);
        if (!check.end()) throw notText(hash);
        this.#texts.add(hash);
    }
}

/** By which links find what was listed: an object listed as a BLOB is none. */
function nameOf({ type, hash }: ChildObject): string {
    return `${isBytes(type) ? 'bytes' : type} ${hash}`;
}

function isBytes(type: ChildObject['type']): type is 'blob' | 'clob' {
    return type === 'blob' || type === 'clob';
}

// Versions of one ID (spec 40 §6.4): all nodes that are new, then their merge. What could not be fetched, or merged, keeps nothing
// else from being merged.
import { LOCAL_TYPES, type AccessibleRoot } from '../access/accessible-roots.ts';
import { MAX_MERGES_AT_ONCE, MAX_MERGES_OF_RUN, MAX_NODES_ONE_BY_ONE } from '../limits.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { mergeNode, nodesToMerge, type MergeChoice } from '../versions/fetched-nodes.ts';
import { versionOf, type ListedNode } from '../versions/version-nodes.ts';
import { ChumError } from './chum-errors.ts';
import type { Received } from './fetcher.ts';
import type { ImportBatch } from './import-batch.ts';
import type { TreeImport } from './tree-import.ts';
import { isUnmerged, isVersionNode, markMerged } from './unmerged.ts';

/** Depth at which half as many versions are merged at once. */
const SHORT_HISTORY = 500;

export type VersionRoot = Extract<AccessibleRoot, { type: 'version_node' }>;

/** A version of a peer that is about to be merged. */
export interface IncomingVersion {
    readonly idHash: string;
    readonly obj: AnyObject;
    /** Milliseconds since 1970, as the peer says. */
    readonly creationTime: number;
    /** ID hash of the person on the other side. */
    readonly from: string;
}

export type AcceptVersion = (version: IncomingVersion) => boolean | Promise<boolean>;

export interface VersionImportOptions {
    readonly objects: ObjectReader;
    readonly tree: TreeImport;
    readonly choice: MergeChoice;
    readonly remotePerson: string;
    readonly acceptVersion?: AcceptVersion | undefined;
}

/** What has become of versions; of those that are not in it, that they are merged. */
export interface VersionOutcome {
    readonly failed: ReadonlyMap<VersionRoot, unknown>;
    /** Fetched, and to be merged by another run: others have their turn first. */
    readonly left: readonly VersionRoot[];
}

interface FetchedNode extends ListedNode {
    readonly root: VersionRoot;
}

/** Whether a version node is here, and part of the history of its ID or of what was merged into it. */
export async function isMerged(objects: ObjectReader, node: string): Promise<boolean> {
    return (await objects.has(node, 'object')) && !(await isUnmerged(objects.reader, node));
}

/** Imports versions of one ID once. */
export class VersionImport {
    readonly #options: VersionImportOptions;
    readonly #idHash: string;
    readonly #batch: ImportBatch;
    readonly #failed = new Map<VersionRoot, unknown>();

    private constructor(options: VersionImportOptions, idHash: string) {
        this.#options = options;
        this.#idHash = idHash;
        this.#batch = options.tree.begin();
    }

    /** @param roots of one ID, in the order of the list */
    static async run(options: VersionImportOptions, roots: readonly VersionRoot[]): Promise<VersionOutcome> {
        const versions = new VersionImport(options, roots[0]?.dataIdHash ?? '');
        try {
            return await versions.#run(roots);
        } finally {
            versions.#batch.end();
        }
    }

    async #run(roots: readonly VersionRoot[]): Promise<VersionOutcome> {
        const fresh: VersionRoot[] = [];
        for (const root of roots) if (!(await isMerged(this.#options.objects, root.node))) fresh.push(root);
        const nodes = new Map<string, AnyObject>();
        for (const root of inOrder(fresh))
            try {
                nodes.set(root.node, await this.#fetch(root));
            } catch (error) {
                this.#failed.set(root, error);
            }
        const fetched = fresh.flatMap((root): FetchedNode[] => {
            const node = nodes.get(root.node);
            return node === undefined ? [] : [{ root, hash: root.node, node }];
        });
        return { failed: this.#failed, left: await this.#merge(fetched) };
    }

    async #fetch(root: VersionRoot): Promise<AnyObject> {
        const { objects, tree } = this.#options;
        const { node: hash } = root;
        // Somebody else may have sent it: merged, it is part of what may be granted to this peer.
        if ((await objects.has(hash, 'object')) && (await tree.mayName({ type: 'object', hash }))) {
            const node = await objects.read(hash);
            await this.#ensureVersionOf(root, node);
            return node;
        }
        const received = await tree.fetch('object', hash, this.#batch);
        await tree.store(this.#batch, this.#batch.takeReady());
        await this.#ensureVersionOf(root, received.obj);
        // In one commit with its merge: it is seldom worth one of its own.
        this.#batch.addLast(received);
        return received.obj;
    }

    /** @throws ChumError `CI-CCI1`, `CI-CCI2`, `CIEC-FO3`, `CHUM_LIST_INVALID`, `CHUM_VERSION_REFUSED` */
    async #ensureVersionOf({ node: hash, dataType }: VersionRoot, node: AnyObject): Promise<void> {
        const { objects, tree, remotePerson: from, acceptVersion } = this.#options;
        const [idHash, dataHash] = [this.#idHash, String(node['data'])];
        const obj = this.#batch.find(dataHash)?.obj ?? (await objects.read(dataHash));
        const isVersion = isVersionNode(node) && objects.microdata.recipes.isVersioned(obj.$type$);
        if (!isVersion || (await objects.microdata.idHash(obj, { lossy: true })) !== (idHash as unknown))
            throw new ChumError('CI-CCI1', `The version node ${hash} is not one of the ID that it was listed for`);
        if (obj.$type$ !== dataType)
            throw new ChumError('CI-CCI2', `The version node ${hash} is not of the type that it was listed with`);
        if (LOCAL_TYPES.has(obj.$type$))
            throw new ChumError('CIEC-FO3', `The peer sent a version of type "${obj.$type$}", which is local`);
        await tree.ensureLists(obj, this.#batch);
        const { creationTime } = versionOf(node);
        if ((await acceptVersion?.({ idHash, obj, creationTime, from })) === false)
            throw new ChumError('CHUM_VERSION_REFUSED', `A version of ${idHash} is not taken over from this peer`);
    }

    /** @returns what is left */
    async #merge(fetched: readonly FetchedNode[]): Promise<readonly VersionRoot[]> {
        const heads = await this.#heads(fetched);
        const merged = heads.slice(0, MAX_MERGES_OF_RUN);
        for (let at = 0; at < merged.length;) {
            const count = await this.#mergesAtOnce();
            await this.#mergeSome(merged.slice(at, at + count));
            at += count;
        }
        const [failure] = heads.filter(({ root }) => this.#failed.has(root)).map(({ root }) => this.#failed.get(root));
        const open: FetchedNode[] = [];
        for (const each of fetched)
            if (!this.#failed.has(each.root) && !(await isMerged(this.#options.objects, each.hash))) open.push(each);
        if (heads.length > merged.length) return open.map(({ root }) => root);
        // They lead to heads, on ways that were merged before.
        if (failure === undefined && open.length > 0) await this.#commit([], open);
        else this.#fail(open, failure);
        return [];
    }

    /** Those that are not in the history of others. */
    async #heads(fetched: readonly FetchedNode[]): Promise<readonly FetchedNode[]> {
        const { objects, choice } = this.#options;
        const read = async (hash: string): Promise<AnyObject> => this.#batch.find(hash)?.obj ?? objects.read(hash);
        try {
            const heads = new Set(await nodesToMerge(read, { nodes: fetched, choice }));
            return fetched.filter(each => heads.has(each));
        } catch {
            // Something in the history of one is no version node: the others must not wait for it.
            return fetched;
        }
    }

    /** Each looks at the whole history, which is longer than its depth. */
    async #mergesAtOnce(): Promise<number> {
        const depth = (await this.#options.objects.headNode(this.#idHash))?.node.depth ?? 0;
        return Math.max(1, Math.floor((MAX_MERGES_AT_ONCE * SHORT_HISTORY) / (SHORT_HISTORY + depth)));
    }

    /** If they cannot be merged together, then each alone. */
    async #mergeSome(heads: readonly FetchedNode[], unstored = this.#batch.takeAll()): Promise<void> {
        try {
            await this.#commit(heads, heads, unstored);
        } catch (error) {
            if (heads.length === 1) this.#fail(heads, error);
            else await this.#mergeOneByOne(heads, unstored);
        }
    }

    async #mergeOneByOne(heads: readonly FetchedNode[], unstored: readonly Received[]): Promise<void> {
        try {
            await this.#options.tree.store(this.#batch, unstored);
        } catch (error) {
            this.#fail(heads, error);
            return;
        }
        for (const each of heads) await this.#mergeSome([each]);
    }

    #fail(nodes: readonly FetchedNode[], error: unknown): void {
        for (const { root } of nodes) this.#failed.set(root, error);
    }

    async #commit(
        heads: readonly FetchedNode[],
        merged: readonly FetchedNode[],
        unstored: readonly Received[] = [],
    ): Promise<void> {
        const { tree } = this.#options;
        await tree.store(this.#batch, unstored, async objects => {
            for (const { node } of heads) await mergeNode(objects, node);
            await markMerged(
                objects,
                this.#idHash,
                merged.map(({ hash }) => hash),
            );
        });
    }
}

/**
 * Oldest first, as they are listed. Of a long history the newest comes first: it leads to all others, so that one list of
 * children is enough.
 */
function inOrder(roots: readonly VersionRoot[]): readonly VersionRoot[] {
    const newest = roots.at(-1);
    return roots.length <= MAX_NODES_ONE_BY_ONE || newest === undefined ? roots : [newest, ...roots.slice(0, -1)];
}

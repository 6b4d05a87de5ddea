// What becomes of version nodes that were fetched from a peer (spec 21 §9, §14.1). Whoever fetched them has stored them with
// everything that they lead to.
import type { AnyObject } from '../microdata/microdata.ts';
import type { VersionedResult } from '../objects/object-transaction.ts';
import { predecessorsOf, versionOf, type ListedNode } from './version-nodes.ts';

/**
 * Which of the nodes of one ID that were fetched in one round are merged.
 * - `deepest`: the deepest one, as deployed peers do. What others of them say is lost if it is not in its history.
 * - `newest`: one after the other all that are not in the history of another one (spec 21 §14.1), so that nothing is lost that a
 *   hub had collected. Which objects arise is different from deployed peers, but these can process them.
 */
export type MergeChoice = 'deepest' | 'newest';

export interface FetchedNodes {
    /** In the order in which the peer listed them; all of one ID. */
    readonly nodes: readonly ListedNode[];
    /** Default: `deepest`. */
    readonly choice?: MergeChoice;
    /** Nodes that were here before the round: nothing that was fetched is in their history, so that it is not walked through. */
    readonly isOld?: (hash: string) => boolean;
}

/** An `ObjectStore`, for a transaction for each node, or the `ObjectTransaction` of all. */
export interface VersionImporter {
    read(hash: string): Promise<AnyObject>;
    importVersion(obj: AnyObject, creationTime: number): Promise<VersionedResult>;
}

/** Merges fetched nodes into the history of their ID, each as an Edge. @throws as `importVersion` */
export async function importFetched(objects: VersionImporter, fetched: FetchedNodes): Promise<VersionedResult[]> {
    const results: VersionedResult[] = [];
    for (const { node } of await nodesToMerge(hash => objects.read(hash), fetched))
        results.push(await mergeNode(objects, node));
    return results;
}

/** Merges one fetched node as an Edge. @throws as `importVersion` */
export async function mergeNode(objects: VersionImporter, node: AnyObject): Promise<VersionedResult> {
    const { data, creationTime } = versionOf(node);
    return objects.importVersion(await objects.read(data), creationTime);
}

/** Those of the fetched nodes that are to be merged, in the order of the list. @throws MergeError `MERGE_NODE_INVALID` */
export async function nodesToMerge(
    read: (hash: string) => Promise<AnyObject>,
    { nodes, choice = 'deepest', isOld }: FetchedNodes,
): Promise<readonly ListedNode[]> {
    const [first, ...more] = nodes;
    if (first === undefined || more.length === 0) return nodes;
    const depthOf = ({ node }: ListedNode): number => versionOf(node).depth;
    if (choice === 'deepest')
        return [more.reduce((deepest, node) => (depthOf(node) > depthOf(deepest) ? node : deepest), first)];

    const fetched = new Set(nodes.map(({ hash }) => hash));
    const leastDepth = nodes.reduce((least, node) => Math.min(least, depthOf(node)), Infinity);
    const ancestors = new Set<string>();
    const seen = new Set<string>();
    const open = nodes.flatMap(({ node }) => predecessorsOf(node));
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (seen.has(hash)) continue;
        seen.add(hash);
        if (fetched.has(hash)) {
            // What it follows is looked at anyway.
            ancestors.add(hash);
            continue;
        }
        if (isOld?.(hash) === true) continue;
        const node = await read(hash);
        if (versionOf(node).depth <= leastDepth) continue;
        for (const predecessor of predecessorsOf(node)) open.push(predecessor);
    }
    return nodes.filter(({ hash }) => !ancestors.has(hash));
}

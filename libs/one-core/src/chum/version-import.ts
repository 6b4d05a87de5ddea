// Versions of one ID (spec 40 §6.4): all nodes that are new, then their merge, in one commit with the nodes that nothing else
// needs. What could not be fetched keeps nothing else from being merged.
import { LOCAL_TYPES, type AccessibleRoot } from '../access/accessible-roots.ts';
import { MAX_NODES_ONE_BY_ONE } from '../limits.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { importFetched, type MergeChoice } from '../versions/fetched-nodes.ts';
import { ChumError } from './chum-errors.ts';
import type { Received } from './fetcher.ts';
import type { TreeImport } from './tree-import.ts';
import { isUnmerged, isVersionNode, markMerged } from './unmerged.ts';

export type VersionRoot = Extract<AccessibleRoot, { type: 'version_node' }>;

/**
 * @throws the first of what failed: ChumError, RequestError, MicrodataError for single nodes, after the others were merged;
 * MergeError, StorageError, and then nothing was merged
 */
export async function importVersions(
    objects: ObjectReader,
    tree: TreeImport,
    roots: readonly VersionRoot[],
    choice: MergeChoice,
): Promise<void> {
    const fresh: VersionRoot[] = [];
    for (const root of roots) if (!(await isMerged(objects, root.node))) fresh.push(root);
    const nodes = new Map<string, AnyObject>();
    /** Fetched, and stored at the end. */
    const last = new Map<string, Received>();
    let failure: { readonly error: unknown } | undefined;
    for (const root of inOrder(fresh))
        try {
            nodes.set(root.node, await fetchNode(objects, tree, root, last));
        } catch (error) {
            failure ??= { error };
        }
    const fetched = fresh.flatMap(({ node: hash }) => {
        const node = nodes.get(hash);
        return node === undefined ? [] : [{ hash, node }];
    });
    if (fetched.length > 0)
        await tree.store([...last.values()], async transaction => {
            await importFetched(transaction, { nodes: fetched, choice });
            await markMerged(transaction, [...nodes.keys()]);
        });
    if (failure !== undefined) throw failure.error;
}

/** Whether a version node is here, and part of the history of its ID or of what was merged into it. */
export async function isMerged(objects: ObjectReader, node: string): Promise<boolean> {
    return (await objects.has(node, 'object')) && !(await isUnmerged(objects.reader, node));
}

async function fetchNode(
    objects: ObjectReader,
    tree: TreeImport,
    root: VersionRoot,
    last: Map<string, Received>,
): Promise<AnyObject> {
    const { node: hash } = root;
    // Somebody else may have sent it: merged, it is part of what may be granted to this peer.
    if ((await objects.has(hash, 'object')) && (await tree.mayName({ type: 'object', hash }))) {
        const node = await objects.read(hash);
        await ensureVersionOf(objects, root, node);
        return node;
    }
    const { root: received, rest, deferred } = await tree.fetch('object', hash, last);
    await tree.store(rest);
    await ensureVersionOf(objects, root, received.obj);
    for (const each of [...deferred, received]) last.set(each.hash, each);
    return received.obj;
}

/**
 * Oldest first, as they are listed. Of a long history the newest comes first: it leads to all others, so that one list of
 * children is enough.
 */
function inOrder(roots: readonly VersionRoot[]): readonly VersionRoot[] {
    const newest = roots.at(-1);
    return roots.length <= MAX_NODES_ONE_BY_ONE || newest === undefined ? roots : [newest, ...roots.slice(0, -1)];
}

/** @throws ChumError `CI-CCI1`, `CI-CCI2`, `CIEC-FO3` */
async function ensureVersionOf(objects: ObjectReader, root: VersionRoot, node: AnyObject): Promise<void> {
    const data = await objects.read(String(node['data']));
    const isVersion = isVersionNode(node) && objects.microdata.recipes.isVersioned(data.$type$);
    if (!isVersion || (await objects.microdata.idHash(data, { lossy: true })) !== (root.dataIdHash as unknown))
        throw new ChumError('CI-CCI1', `The version node ${root.node} is not one of the ID that it was listed for`);
    if (data.$type$ !== root.dataType)
        throw new ChumError('CI-CCI2', `The version node ${root.node} is not of the type that it was listed with`);
    if (LOCAL_TYPES.has(data.$type$))
        throw new ChumError('CIEC-FO3', `The peer sent a version of type "${data.$type$}", which is local`);
}

// Versions of one ID (spec 40 §6.4): all nodes that are new, then their merge. The nodes that nothing else needs and the merge
// are one commit, so that no merge is ever left over.
import type { AccessibleRoot } from '../access/accessible-roots.ts';
import { MAX_NODES_ONE_BY_ONE } from '../limits.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { importFetched, type MergeChoice } from '../versions/fetched-nodes.ts';
import { ChumError } from './chum-errors.ts';
import type { Received } from './fetcher.ts';
import type { TreeImport } from './tree-import.ts';

export type VersionRoot = Extract<AccessibleRoot, { type: 'version_node' }>;

/** @throws ChumError, RequestError, MicrodataError, MergeError, StorageError; then nothing was merged */
export async function importVersions(
    objects: ObjectReader,
    tree: TreeImport,
    roots: readonly VersionRoot[],
    choice: MergeChoice,
): Promise<void> {
    const fresh: VersionRoot[] = [];
    for (const root of roots) if (!(await objects.has(root.node))) fresh.push(root);
    if (fresh.length === 0) return;
    const nodes = new Map<string, AnyObject>();
    /** Fetched, and stored at the end. */
    const last = new Map<string, Received>();
    for (const root of inOrder(fresh)) {
        const { node: hash } = root;
        if (await objects.has(hash)) nodes.set(hash, await objects.read(hash));
        else {
            const { root: received, rest } = await tree.fetch('object', hash, last);
            await tree.store(rest);
            last.set(hash, received);
            nodes.set(hash, received.obj);
        }
        await ensureVersionOf(objects, root, nodes.get(hash));
    }
    const fetched = fresh.flatMap(({ node: hash }) => {
        const node = nodes.get(hash);
        return node === undefined ? [] : [{ hash, node }];
    });
    await tree.store([...last.values()], async transaction => {
        await importFetched(transaction, { nodes: fetched, choice });
    });
}

/**
 * Oldest first, as they are listed. Of a long history the newest comes first: it leads to all others, so that one list of
 * children is enough.
 */
function inOrder(roots: readonly VersionRoot[]): readonly VersionRoot[] {
    const newest = roots.at(-1);
    return roots.length <= MAX_NODES_ONE_BY_ONE || newest === undefined ? roots : [newest, ...roots.slice(0, -1)];
}

/** @throws ChumError `CI-CCI1`, `CI-CCI2` */
async function ensureVersionOf(objects: ObjectReader, root: VersionRoot, node: AnyObject | undefined): Promise<void> {
    const data = await objects.read(String(node?.['data']));
    const isVersion =
        node?.$type$.startsWith('VersionNode') === true && objects.microdata.recipes.isVersioned(data.$type$);
    if (!isVersion || (await objects.microdata.idHash(data, { lossy: true })) !== (root.dataIdHash as unknown))
        throw new ChumError('CI-CCI1', `The version node ${root.node} is not one of the ID that it was listed for`);
    if (data.$type$ !== root.dataType)
        throw new ChumError('CI-CCI2', `The version node ${root.node} is not of the type that it was listed with`);
}

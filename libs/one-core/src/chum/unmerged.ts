// Version nodes that came as a part of something else, and were not merged into the history of their ID: nodes of a history whose
// fetching was interrupted, or that somebody linked to. They are merged when a peer lists them (spec 40 §6.4).
//
//   state/unmerged.<node>    present until it, or a later one, was merged
import type { AnyObject } from '../microdata/microdata.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import type { Transaction } from '../storage/store.ts';
import { predecessorsOf } from '../versions/version-nodes.ts';

const PRESENT = Uint8Array.of(1);
const unmergedKey = (node: string): string => `unmerged.${node}`;

export function isVersionNode({ $type$ }: AnyObject): boolean {
    return $type$ === 'VersionNodeEdge' || $type$ === 'VersionNodeChange' || $type$ === 'VersionNodeMerge';
}

export function markUnmerged(transaction: Transaction, node: string): void {
    transaction.put('state', unmergedKey(node), PRESENT);
}

export async function isUnmerged(reader: Pick<StorageReader, 'get'>, node: string): Promise<boolean> {
    return (await reader.get('state', unmergedKey(node))) !== undefined;
}

/**
 * To be called in the commit that merges them: with them, what they follow is merged. A node may say that it follows one of
 * another ID, which is merged by nothing of this one.
 * @param nodes of this ID
 */
export async function markMerged(objects: ObjectTransaction, idHash: string, nodes: readonly string[]): Promise<void> {
    const isListed = new Set(nodes);
    const open = [...nodes];
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (!(await isUnmerged(objects.transaction, hash))) continue;
        const node = await objects.read(hash);
        if (!isListed.has(hash) && (await idHashOf(objects, node)) !== idHash) continue;
        objects.transaction.delete('state', unmergedKey(hash));
        open.push(...predecessorsOf(node));
    }
}

/** Of the object of a version node. */
async function idHashOf(objects: ObjectTransaction, node: AnyObject): Promise<string | undefined> {
    const data = await objects.read(String(node['data']));
    if (!objects.microdata.recipes.isVersioned(data.$type$)) return undefined;
    return objects.microdata.idHash(data, { lossy: true });
}

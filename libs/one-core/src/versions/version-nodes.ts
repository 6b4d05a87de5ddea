// Walking the history of an ID (spec 20 §7.5).
import type { AnyObject } from '../microdata/microdata.ts';

/** A node of the list of versions. */
export interface ListedNode {
    readonly hash: string;
    readonly node: AnyObject;
}

/**
 * Edges and Changes reachable from a head, roughly oldest first; what a merge made is listed only if a local change sits on it.
 * This is what peers are offered.
 * @param before the walk stops there
 */
export async function listVersionNodes(
    read: (hash: string) => Promise<AnyObject>,
    head: string,
    before?: string,
): Promise<ListedNode[]> {
    const listed: ListedNode[] = [];
    const open = [head];
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (hash === before) continue;
        const node = await read(hash);
        if (node.$type$ === 'VersionNodeMerge') {
            open.push(...[...(node['nodes'] as ReadonlySet<string>)].sort().reverse());
            continue;
        }
        listed.push({ hash, node });
        if (node.$type$ === 'VersionNodeChange' && typeof node['prev'] === 'string') open.push(node['prev']);
    }
    return listed.reverse();
}

/** Whether a node is in the history of a head. */
export async function isReachable(
    read: (hash: string) => Promise<AnyObject>,
    head: string,
    wanted: string,
): Promise<boolean> {
    const seen = new Set<string>();
    const open = [head];
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (hash === wanted) return true;
        if (seen.has(hash)) continue;
        seen.add(hash);
        const node = await read(hash);
        if (node.$type$ === 'VersionNodeMerge') open.push(...(node['nodes'] as ReadonlySet<string>));
        else if (typeof node['prev'] === 'string') open.push(node['prev']);
    }
    return false;
}

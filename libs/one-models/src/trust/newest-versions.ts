import { ensureHash, type ObjectReader } from '@refinio/one.core';
import { MAX_NEWEST_VERSIONS } from '../limits.ts';

/**
 * Hashes of the newest versions of an ID that no merge has made. Peers are offered only these, and what was before
 * them; of several, a deployed peer takes over one (spec 21 §9, 32-C.5 #8).
 */
export async function newestVersions(objects: ObjectReader, idHash: string): Promise<string[]> {
    return walk(objects, idHash, MAX_NEWEST_VERSIONS, false);
}

/** The same, and those before them, newest first, of a number of nodes. */
export async function versionsFrom(objects: ObjectReader, idHash: string, maxNodes: number): Promise<string[]> {
    return walk(objects, idHash, maxNodes, true);
}

async function walk(objects: ObjectReader, idHash: string, maxNodes: number, goesOn: boolean): Promise<string[]> {
    const head = await objects.head(idHash);
    const seen = new Set(head === undefined ? [] : [head]);
    const versions = new Set<string>();
    const add = (hash: string): void => {
        if (seen.size < maxNodes) seen.add(hash);
    };
    // Entries that are added are visited, too: the nearest ones first.
    for (const hash of seen) {
        const node = await objects.node(hash);
        if (node.$type$ === 'VersionNodeMerge') [...node.nodes].sort().forEach(add);
        else {
            versions.add(node.data);
            if (goesOn && node.$type$ === 'VersionNodeChange') add(ensureHash(node.prev));
        }
    }
    return [...versions];
}

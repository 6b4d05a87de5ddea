// Version nodes, and walking the history of an ID (spec 20 §7). All walks are loops that see each node once: histories are long,
// and a folder written by others may hold any graph.
import type { AnyObject } from '../microdata/microdata.ts';
import type { ChangeLog } from './change-log.ts';
import { MergeError } from './merge-errors.ts';

type Read = (hash: string) => Promise<AnyObject>;

/** A version node as walking and merging need it. */
export interface Version {
    readonly kind: 'root' | 'change' | 'merge';
    readonly depth: number;
    readonly creationTime: number;
    /** Hash of the object. */
    readonly data: string;
    /** Hashes of the nodes that it follows, in ascending order. */
    readonly predecessors: readonly string[];
    /** What it changed, as far as somebody asked for it; merges change nothing. */
    readonly log?: ChangeLog;
}

/** Versions by the hashes of their nodes, so that nothing in it ever becomes wrong. A plain Map does. */
export interface KnownVersions {
    get(hash: string): Version | undefined;
    set(hash: string, version: Version): void;
}

/** What walking histories needs. */
export interface VersionReader {
    /** What is known already, to which is added what is found out. */
    readonly known: KnownVersions;
    /** @throws if the object is missing */
    readonly read: Read;
}

/** A node of the list of versions. */
export interface ListedNode {
    readonly hash: string;
    readonly node: AnyObject;
}

/** @throws MergeError `MERGE_NODE_INVALID` */
export function versionOf(node: AnyObject): Version {
    return {
        kind: kindOf(node),
        depth: Number(node['depth']),
        creationTime: Number(node['creationTime']),
        data: String(node['data']),
        predecessors: predecessorsOf(node),
    };
}

function kindOf({ $type$ }: AnyObject): Version['kind'] {
    switch ($type$) {
        case 'VersionNodeEdge':
            return 'root';
        case 'VersionNodeChange':
            return 'change';
        case 'VersionNodeMerge':
            return 'merge';
        default:
            throw new MergeError('MERGE_NODE_INVALID', `A ${$type$} stands where a version node belongs`);
    }
}

/** Hashes of the nodes that a version node follows, in ascending order. */
export function predecessorsOf(node: AnyObject): readonly string[] {
    if (node.$type$ === 'VersionNodeMerge') return [...(node['nodes'] as ReadonlySet<string>)].sort();
    return node.$type$ === 'VersionNodeChange' && typeof node['prev'] === 'string' ? [node['prev']] : [];
}

/** @throws MergeError `MERGE_NODE_INVALID`, and if it is missing */
export async function readVersion(read: Read, known: KnownVersions, hash: string): Promise<Version> {
    let version = known.get(hash);
    if (version === undefined) known.set(hash, (version = versionOf(await read(hash))));
    return version;
}

/**
 * Edges and Changes reachable from a head, roughly oldest first; what a merge made is listed only if a local change sits on it.
 * This is what peers are offered.
 * @param before the walk stops there
 */
export async function listVersionNodes(read: Read, head: string, before?: string): Promise<ListedNode[]> {
    const listed: ListedNode[] = [];
    const seen = new Set(before === undefined ? [] : [before]);
    const open = [head];
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (seen.has(hash)) continue;
        seen.add(hash);
        const node = await read(hash);
        if (node.$type$ !== 'VersionNodeMerge') listed.push({ hash, node });
        for (const predecessor of [...predecessorsOf(node)].reverse()) open.push(predecessor);
    }
    return listed.reverse();
}

/** Whether a node is in the history of a head. @throws as `readVersion` */
export async function isReachable({ read, known }: VersionReader, head: string, wanted: string): Promise<boolean> {
    const seen = new Set<string>();
    const open = [head];
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (hash === wanted) return true;
        if (seen.has(hash)) continue;
        seen.add(hash);
        const version = known.get(hash) ?? (await readVersion(read, known, hash));
        for (const predecessor of version.predecessors) open.push(predecessor);
    }
    return false;
}

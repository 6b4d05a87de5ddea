// The graph that a merge looks at (spec 21 §2, §5).
import type { AnyObject } from '../microdata/microdata.ts';
import type { Recipe } from '../recipes/grammar.ts';
import { changeLog, type ChangeLog, type Operation } from './change-log.ts';
import { MergeError } from './merge-errors.ts';
import { valueAt, type ObjectAccess, type TypedValue } from './object-access.ts';

/** A version node, or EMPTY: virtual, without data, below everything. */
export interface GraphNode {
    readonly hash: string;
    readonly kind: 'root' | 'change' | 'merge' | 'empty';
    readonly depth: number;
    readonly creationTime: number;
    readonly object: AnyObject | undefined;
    /** Of roots and changes. */
    readonly log: ChangeLog | undefined;
    readonly predecessors: readonly GraphNode[];
}

export interface MergeGraph {
    /** In the order of the construction; restrictions keep it. */
    readonly nodes: readonly GraphNode[];
    readonly first: GraphNode;
    readonly second: GraphNode;
    readonly base: GraphNode;
    /** Nodes that may be walked to: predecessors outside of it do not count. */
    readonly members: ReadonlySet<GraphNode>;
}

const EMPTY: GraphNode = {
    hash: '',
    kind: 'empty',
    depth: -1,
    creationTime: 0,
    object: undefined,
    log: undefined,
    predecessors: [],
};

/** Builds the graph of two version nodes, and the change logs of all nodes above its base. @throws MergeError */
export async function buildGraph(
    access: ObjectAccess,
    recipe: Recipe,
    firstHash: string,
    secondHash: string,
): Promise<MergeGraph> {
    const nodes = new Map<string, GraphNode>([['', EMPTY]]);
    const queue: { hash: string; node: AnyObject | undefined; depth: number }[] = [];
    const queued = new Set<string>();
    const enqueue = async (hash: string): Promise<void> => {
        if (queued.has(hash)) return;
        queued.add(hash);
        const node = hash === '' ? undefined : await access.read(hash);
        queue.push({ hash, node, depth: node === undefined ? EMPTY.depth : Number(node['depth']) });
    };
    await enqueue(firstHash);
    await enqueue(secondHash);
    const order: { hash: string; node: AnyObject | undefined; isBase: boolean }[] = [];
    while (queue.length > 0) {
        let next = 0;
        for (let i = 1; i < queue.length; i++) if ((queue[i]?.depth ?? 0) > (queue[next]?.depth ?? 0)) next = i;
        const [taken] = queue.splice(next, 1);
        if (taken === undefined) break;
        const isBase = queue.length === 0 && order.length > 0;
        order.push({ ...taken, isBase });
        if (isBase) break;
        for (const predecessor of predecessorsOf(taken.node)) await enqueue(predecessor);
    }

    // Deepest first in `order`: built from its end, every node finds its predecessors.
    for (const { hash, node, isBase } of [...order].reverse())
        if (node !== undefined) nodes.set(hash, await graphNode(access, recipe, hash, node, isBase, nodes));
    const list = order.map(({ hash }) => nodes.get(hash) ?? EMPTY);
    const [first, second] = [nodes.get(firstHash) ?? EMPTY, nodes.get(secondHash) ?? EMPTY];
    return { nodes: list, first, second, base: list.at(-1) ?? EMPTY, members: new Set(list) };
}

function predecessorsOf(node: AnyObject | undefined): readonly string[] {
    if (node === undefined) return [];
    switch (node.$type$) {
        case 'VersionNodeEdge':
            return [''];
        case 'VersionNodeChange':
            return [typeof node['prev'] === 'string' ? node['prev'] : ''];
        case 'VersionNodeMerge':
            return [...(node['nodes'] as ReadonlySet<string>)].sort();
        default:
            throw new MergeError('MERGE_NODE_INVALID', `A ${node.$type$} stands where a version node belongs`);
    }
}

/** The base is the state to compare with: its own changes are none. */
async function graphNode(
    access: ObjectAccess,
    recipe: Recipe,
    hash: string,
    node: AnyObject,
    isBase: boolean,
    known: ReadonlyMap<string, GraphNode>,
): Promise<GraphNode> {
    const object = await access.read(String(node['data']));
    const predecessors = predecessorsOf(node).flatMap(predecessor => known.get(predecessor) ?? []);
    const isMerge = node.$type$ === 'VersionNodeMerge';
    return {
        hash,
        kind: isMerge ? 'merge' : node.$type$ === 'VersionNodeEdge' ? 'root' : 'change',
        depth: Number(node['depth']),
        creationTime: Number(node['creationTime']),
        object,
        log: isMerge || isBase ? undefined : await changeLog(access, recipe, predecessors[0]?.object, object),
        predecessors: isBase ? [] : predecessors,
    };
}

/** On each way back, the first node that logged something; nodes of different ways are all kept. */
export function nearest(graph: MergeGraph, from: GraphNode, test: (log: ChangeLog) => boolean): GraphNode[] {
    const found: GraphNode[] = [];
    const seen = new Set<GraphNode>();
    const open = [from];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
        if (seen.has(node) || !graph.members.has(node)) continue;
        seen.add(node);
        if (node.log !== undefined && test(node.log)) found.push(node);
        else open.push(...[...node.predecessors].reverse());
    }
    return found;
}

/** Whether the operations of a log hold one of these kinds. */
export function logged(operations: readonly Operation[], ...types: readonly Operation['type'][]): boolean {
    return operations.some(({ type }) => types.includes(type));
}

/** Positive if `a` is later: by time, then by hash. */
export function compareTime(a: GraphNode, b: GraphNode): number {
    return a.creationTime - b.creationTime || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0);
}

/** The latest node; undefined for none. */
export function best(nodes: readonly GraphNode[]): GraphNode | undefined {
    return nodes.reduce<GraphNode | undefined>(
        (latest, node) => (latest === undefined || compareTime(node, latest) > 0 ? node : latest),
        undefined,
    );
}

/** The value of a node at a path; undefined if it is absent. */
export async function valueOf(access: ObjectAccess, node: GraphNode, path: string): Promise<TypedValue | undefined> {
    return node.object === undefined ? undefined : valueAt(access, node.object, path);
}

/** The nodes that have one of `start` in their history, `start` included; logs are kept. */
export function restrict(graph: MergeGraph, start: readonly GraphNode[]): MergeGraph {
    const members = new Set<GraphNode>(start);
    // Predecessors come later in the order, so that one pass from its end is enough.
    for (const node of [...graph.nodes].reverse())
        if (node.predecessors.some(predecessor => members.has(predecessor))) members.add(node);
    const nodes = graph.nodes.filter(node => members.has(node));
    const inside = (node: GraphNode) => node.predecessors.filter(predecessor => members.has(predecessor));
    const succeeded = new Set(nodes.flatMap(inside));
    const heads = nodes.filter(node => !succeeded.has(node));
    const [only] = heads;
    const [first, second] = heads.length === 1 && only !== undefined ? [only, only] : [graph.first, graph.second];
    const roots = nodes.filter(node => inside(node).length === 0);
    const base = (roots.length === 1 ? roots[0] : undefined) ?? EMPTY;
    return { nodes, first, second, base, members };
}

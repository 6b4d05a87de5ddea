// The graph that a merge looks at (spec 21 §2, §5). Everything here is a loop over all versions of a history: what a version
// needs is looked up, and nothing is read or computed for it that was known already.
import type { AnyObject } from '../microdata/microdata.ts';
import type { Recipe } from '../recipes/grammar.ts';
import { bitOf, changeLog, type Change, type ChangeLog } from './change-log.ts';
import { NodeQueue } from './node-queue.ts';
import { valueAt, type ObjectAccess, type TypedValue } from './object-access.ts';
import { readVersion, type Version } from './version-nodes.ts';

/** A version node, or EMPTY: virtual, without data, below everything. */
export interface GraphNode {
    /** Place in the order of the construction. */
    readonly index: number;
    readonly hash: string;
    readonly kind: Version['kind'] | 'empty';
    readonly depth: number;
    readonly creationTime: number;
    /** Hash of the object. */
    readonly data: string | undefined;
    /** Of roots and changes above the base. */
    readonly log: ChangeLog | undefined;
    readonly predecessors: readonly GraphNode[];
}

const EMPTY: GraphNode = {
    index: -1,
    hash: '',
    kind: 'empty',
    depth: -1,
    creationTime: 0,
    data: undefined,
    log: undefined,
    predecessors: [],
};

/** A node that has no place yet. Without version it is EMPTY. */
type NewNode = Omit<GraphNode, 'index' | 'log' | 'predecessors'> & {
    readonly version: Version | undefined;
    index: number;
    log: ChangeLog | undefined;
    readonly predecessors: GraphNode[];
};

/** Builds the graph of two version nodes, and the change logs of all nodes above its base. @throws MergeError */
export async function buildGraph(
    access: ObjectAccess,
    recipe: Recipe,
    first: string,
    second: string,
): Promise<MergeGraph> {
    const found = new Map<string, NewNode>();
    const nodes = await inOrder(access, [first, second], found);
    const base = nodes.at(-1);
    // Deepest first: from the end, every node comes after its predecessors.
    for (let index = nodes.length - 1; index >= 0; index--) {
        const node = nodes[index];
        const version = node?.version;
        // The base is the state to compare with: its own changes are none.
        if (node === undefined || version === undefined || node === base) continue;
        for (const hash of predecessorsOf(version)) {
            const predecessor = found.get(hash);
            if (predecessor !== undefined && predecessor.index > index) node.predecessors.push(predecessor);
        }
        if (version.kind === 'merge') continue;
        const isKnown = version.log?.recipe === recipe;
        node.log = isKnown ? version.log : await newLog(access, recipe, node.hash, version, node.predecessors[0]?.data);
    }
    return new MergeGraph(wholeOf(nodes, found.get(first), found.get(second)));
}

/** Greatest depth first; what is left alone at last is the base. */
async function inOrder(
    { read, known }: ObjectAccess,
    heads: readonly string[],
    found: Map<string, NewNode>,
): Promise<NewNode[]> {
    const queue = new NodeQueue<NewNode>();
    const order: NewNode[] = [];
    for (let next = heads; ;) {
        for (const hash of next) {
            if (found.has(hash)) continue;
            const version = hash === '' ? undefined : (known.get(hash) ?? (await readVersion(read, known, hash)));
            const node = newNode(hash, version);
            found.set(hash, node);
            queue.add(node);
        }
        const taken = queue.take();
        if (taken === undefined) return order;
        taken.index = order.length;
        order.push(taken);
        if (queue.size === 0 && order.length > 1) return order;
        next = taken.version === undefined ? [] : predecessorsOf(taken.version);
    }
}

function newNode(hash: string, version: Version | undefined): NewNode {
    const { kind, depth, creationTime, data } = version ?? EMPTY;
    return { version, index: -1, hash, kind, depth, creationTime, data, log: undefined, predecessors: [] };
}

const ONLY_EMPTY = [''];

/** EMPTY is what a version without predecessor follows. */
function predecessorsOf({ kind, predecessors }: Version): readonly string[] {
    return predecessors.length === 0 && kind !== 'merge' ? ONLY_EMPTY : predecessors;
}

async function newLog(
    access: ObjectAccess,
    recipe: Recipe,
    hash: string,
    version: Version,
    before: string | undefined,
): Promise<ChangeLog> {
    const old = before === undefined ? undefined : await access.read(before);
    const log = await changeLog(access, recipe, old, await access.read(version.data));
    access.known.set(hash, { ...version, log });
    return log;
}

/** A byte for each node of each: a map of many entries would make one for each entry. */
const KEPT_RESTRICTIONS = 16;

/** What all restrictions of one graph share. */
interface Whole {
    readonly nodes: readonly GraphNode[];
    readonly first: GraphNode;
    readonly second: GraphNode;
    /** Of the fields that each node logged. */
    readonly bits: Int32Array;
    /** 1 for nodes that several ones follow. */
    readonly shared: Uint8Array;
    /** For each node, the number of the walk that saw it last. */
    readonly seen: Uint32Array;
    walks: number;
    /** The last ones, by the places of the nodes that they start with: most properties ask for the same. */
    readonly restricted: Map<string, MergeGraph>;
}

function wholeOf(nodes: readonly GraphNode[], first = EMPTY, second = EMPTY): Whole {
    const [followed, shared] = [new Uint8Array(nodes.length), new Uint8Array(nodes.length)];
    for (const { predecessors } of nodes)
        for (const { index } of predecessors) {
            if (followed[index] === 1) shared[index] = 1;
            followed[index] = 1;
        }
    const bits = Int32Array.from(nodes, ({ log }) => log?.bits ?? 0);
    return { nodes, first, second, bits, shared, seen: new Uint32Array(nodes.length), walks: 0, restricted: new Map() };
}

/** Which nodes a restriction has, and where it begins and ends. */
interface Part {
    readonly first: GraphNode;
    readonly second: GraphNode;
    readonly base: GraphNode;
    /** 1 for those that belong to it. */
    readonly members: Uint8Array;
}

/** The nodes of two histories, or those of them that have certain nodes in their own history. */
export class MergeGraph {
    readonly first: GraphNode;
    readonly second: GraphNode;
    readonly base: GraphNode;
    readonly #whole: Whole;
    readonly #members: Uint8Array;

    constructor(whole: Whole, part?: Part) {
        this.#whole = whole;
        this.first = (part ?? whole).first;
        this.second = (part ?? whole).second;
        this.base = part === undefined ? (whole.nodes.at(-1) ?? EMPTY) : part.base;
        this.#members = part === undefined ? new Uint8Array(whole.nodes.length).fill(1) : part.members;
    }

    /** Whether nodes may be walked to. */
    has({ index }: GraphNode): boolean {
        return this.#members[index] === 1;
    }

    /** Whether several nodes follow it. */
    isShared({ index }: GraphNode): boolean {
        return this.#whole.shared[index] === 1;
    }

    /** Next segments below a path that any log mentions, in the order of the construction, and of the logs. */
    changedSegments(path: string): Set<string> {
        const segments = new Set<string>();
        for (const node of this.#whole.nodes) if (this.has(node)) node.log?.addSegments(path, segments);
        return segments;
    }

    /** On each way back, the first node that logged something of this kind; nodes of different ways are all kept. */
    nearest(from: GraphNode, field: string, test: (change: Change) => boolean): GraphNode[] {
        const { seen, bits } = this.#whole;
        const bit = bitOf(field);
        const walk = ++this.#whole.walks;
        const found: GraphNode[] = [];
        const open = [from];
        for (let node = open.pop(); node !== undefined; node = open.pop()) {
            if (seen[node.index] === walk || !this.has(node)) continue;
            seen[node.index] = walk;
            const change = ((bits[node.index] ?? 0) & bit) === 0 ? undefined : node.log?.at(field);
            if (change !== undefined && test(change)) found.push(node);
            else for (const predecessor of node.predecessors) open.push(predecessor);
        }
        return found;
    }

    /** The nodes that have one of `start` in their history, `start` included; logs are kept. */
    restrict(start: readonly GraphNode[]): MergeGraph {
        // Whoever has a node of this graph in its history belongs to it: that this one is restricted makes no difference.
        const places = Uint32Array.from(start, ({ index }) => index).sort();
        const name = places.join();
        const { restricted } = this.#whole;
        let graph = restricted.get(name);
        if (graph === undefined) {
            if (restricted.size >= KEPT_RESTRICTIONS) restricted.clear();
            restricted.set(name, (graph = new MergeGraph(this.#whole, this.#restrict(places))));
        }
        return graph;
    }

    #restrict(places: Uint32Array): Part {
        const { nodes, first, second } = this.#whole;
        const [members, followed] = [new Uint8Array(nodes.length), new Uint8Array(nodes.length)];
        for (const place of places) members[place] = 1;
        const roots: GraphNode[] = [];
        // Predecessors come later in the order, so that one pass from its end is enough.
        for (let index = places.at(-1) ?? -1; index >= 0; index--) {
            const node = nodes[index];
            if (node === undefined) continue;
            let isRoot = true;
            for (const predecessor of node.predecessors) {
                if (members[predecessor.index] !== 1) continue;
                members[index] = followed[predecessor.index] = 1;
                isRoot = false;
            }
            if (isRoot && members[index] === 1) roots.push(node);
        }
        const heads = [first, second].filter(({ index }) => members[index] === 1 && followed[index] !== 1);
        const [only = first] = heads;
        const ends = heads.length === 1 ? { first: only, second: only } : { first, second };
        return { ...ends, base: (roots.length === 1 ? roots[0] : undefined) ?? EMPTY, members };
    }
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
    return node.data === undefined ? undefined : valueAt(access, await access.read(node.data), path);
}

/** The object of a node; undefined for EMPTY. */
export async function objectOf(access: ObjectAccess, { data }: GraphNode): Promise<AnyObject | undefined> {
    return data === undefined ? undefined : access.read(data);
}

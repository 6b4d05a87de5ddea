// Merging as spec 21 has it, word by word, for tests: everything is read and computed anew, nothing is shared or remembered.
// What `mergeVersions` and `isReachable` do faster has to give the same. A file of its own over all algorithms, so that
// nothing of the faster code can make both wrong.
import { ensureHash } from '../hashes.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { ItemType, Recipe, Rule } from '../recipes/grammar.ts';
import { mergeAlgorithm, type MergedKind } from '../recipes/merge-algorithm.ts';
import { mergeLists } from './algorithms/linked-list.ts';
import type { ObjectAccess } from './object-access.ts';

interface Entry {
    readonly path: string;
    readonly algorithm: string;
    readonly operations: readonly (readonly ['set' | 'delete'] | readonly ['add' | 'remove', string])[];
}
interface Node {
    readonly hash: string;
    readonly creationTime: number;
    readonly object: AnyObject | undefined;
    readonly log: readonly Entry[];
    readonly predecessors: readonly Node[];
}
interface Graph {
    readonly nodes: readonly Node[];
    readonly first: Node;
    readonly second: Node;
    readonly base: Node;
}
type Access = Omit<ObjectAccess, 'known'>;

const EMPTY: Node = { hash: '', creationTime: 0, object: undefined, log: [], predecessors: [] };
const STRING: ItemType = { type: 'string' };

/** The merged object of two version nodes of one ID. */
export async function plainMerge(access: Access, type: string, first: string, second: string): Promise<AnyObject> {
    const recipe = access.recipes.get(type);
    const graph = await buildGraph(access, recipe, first, second);
    const start = (graph.base === EMPTY ? graph.first : graph.base).object;
    const merge = new PlainMerge(access, recipe);
    return { ...(await merge.object(access.recipes.rulesOf(type), graph, '', start)), $type$: type };
}

/** Whether a node is in the history of a head. */
export async function plainReachable(access: Access, head: string, wanted: string): Promise<boolean> {
    if (head === wanted) return true;
    for (const hash of predecessorsOf(await access.read(head)))
        if (hash !== '' && (await plainReachable(access, hash, wanted))) return true;
    return false;
}

async function buildGraph(access: Access, recipe: Recipe, first: string, second: string): Promise<Graph> {
    let queue: string[] = [...new Set([first, second])];
    const queued = new Set(queue);
    const read = async (hash: string) => (hash === '' ? undefined : access.read(hash));
    const order: string[] = [];
    while (queue.length > 1 || order.length === 0) {
        const depths = await Promise.all(queue.map(async hash => Number((await read(hash))?.['depth'] ?? -1)));
        const taken = queue[depths.indexOf(Math.max(...depths))] ?? '';
        queue = queue.filter(hash => hash !== taken);
        order.push(taken);
        for (const hash of predecessorsOf(await read(taken))) if (!queued.has(hash)) queue.push(hash);
        for (const hash of queue) queued.add(hash);
    }
    order.push(...queue);
    const base = order.at(-1) ?? '';
    const nodes = new Map<string, Node>([['', EMPTY]]);
    for (const hash of [...order].reverse()) {
        const node = await read(hash);
        if (node === undefined) continue;
        const object = await access.read(String(node['data']));
        const predecessors = hash === base ? [] : predecessorsOf(node).flatMap(each => nodes.get(each) ?? []);
        const hasLog = hash !== base && node.$type$ !== 'VersionNodeMerge';
        const log = hasLog ? await plainLog(access, recipe, predecessors[0]?.object, object) : [];
        nodes.set(hash, { hash, creationTime: Number(node['creationTime']), object, log, predecessors });
    }
    const at = (hash: string): Node => nodes.get(hash) ?? EMPTY;
    return { nodes: order.map(at), first: at(first), second: at(second), base: at(base) };
}

function predecessorsOf(node: AnyObject | undefined): string[] {
    if (node === undefined) return [];
    if (node.$type$ === 'VersionNodeMerge') return [...(node['nodes'] as ReadonlySet<string>)].sort();
    return [node.$type$ === 'VersionNodeChange' ? String(node['prev']) : ''];
}

const below = (path: string, segment: string): string => (path === '' ? segment : `${path}.${segment}`);

/** Own property of an object. */
function member(object: unknown, name: string): unknown {
    return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
        ? ((object as Readonly<Record<string, unknown>>)[name] ?? undefined)
        : undefined;
}

/** The change log of §3. */
async function plainLog(
    access: Access,
    recipe: Recipe,
    before: AnyObject | undefined,
    after: AnyObject,
): Promise<Entry[]> {
    const log: Entry[] = [];
    const add = (path: string, kind: MergedKind, operations: Entry['operations']): void => {
        if (operations.length > 0) log.push({ path, algorithm: mergeAlgorithm(recipe, path, kind), operations });
    };
    const texts = (itemType: ItemType, list: unknown): Set<string> =>
        new Set(Array.from((list ?? []) as Iterable<unknown>, item => access.itemText(itemType, item)));

    async function properties(rules: readonly Rule[], old: unknown, now: unknown, prefix: string): Promise<void> {
        for (const { itemprop, optional, itemtype = STRING } of rules) {
            const path = below(prefix, itemprop);
            const [x, y] = [member(old, itemprop), member(now, itemprop)];
            if (optional === true) presence('objectProperty', x, y, path);
            if (y !== undefined) await value(itemtype, x, y, path);
        }
    }
    function presence(kind: MergedKind, x: unknown, y: unknown, path: string): void {
        if (x === undefined && y !== undefined) add(path, kind, [['set']]);
        if (x !== undefined && y === undefined) add(path, kind, [['delete']]);
    }
    async function value(itemType: ItemType, x: unknown, y: unknown, path: string): Promise<void> {
        if (itemType.type === 'object') return properties(itemType.rules, x, y, path);
        if (itemType.type === 'map') {
            const [old, now] = [(x ?? new Map()) as Map<unknown, unknown>, y as Map<unknown, unknown>];
            for (const key of new Set([...old.keys(), ...now.keys()])) {
                const entry = below(path, String(key));
                presence('mapEntry', old.get(key), now.get(key), entry);
                if (!now.has(key)) break;
                await value(itemType.value, old.get(key), now.get(key), entry);
            }
            return;
        }
        if (itemType.type === 'referenceToObj') return reference(x, y, path);
        if ('item' in itemType && mergeAlgorithm(recipe, path, itemType.type) === 'Set') {
            const [old, now] = [texts(itemType.item, x), texts(itemType.item, y)];
            add(path, itemType.type, [
                ...[...old].filter(text => !now.has(text)).map(text => ['remove', text] as const),
                ...[...now].filter(text => !old.has(text)).map(text => ['add', text] as const),
            ]);
        } else if (x === undefined || access.itemText(itemType, x) !== access.itemText(itemType, y))
            add(path, itemType.type, [['set']]);
    }
    async function reference(x: unknown, y: unknown, path: string): Promise<void> {
        if (mergeAlgorithm(recipe, path, 'referenceToObj') === 'LinkedListCrdtAlgorithm') {
            if (x !== y) add(path, 'referenceToObj', [['set']]);
            return;
        }
        const old = x === undefined ? undefined : await access.read(ensureHash(x));
        const now = await access.read(ensureHash(y));
        const otherType = old !== undefined && old.$type$ !== now.$type$;
        if (old === undefined || otherType) add(path, 'referenceToObj', [['set']]);
        if (!otherType) await properties(access.recipes.rulesOf(now.$type$), old, now, path);
    }
    await properties(access.recipes.rulesOf(after.$type$), before, after, '');
    return log;
}

/** The operations of an algorithm at exactly this path; of equal entries, the last one. */
function operationsOf({ log }: Node, algorithm: string, path: string): Entry['operations'] {
    return log.findLast(entry => entry.algorithm === algorithm && entry.path === path)?.operations ?? [];
}

function nearest(graph: Graph, from: Node, test: (node: Node) => boolean): Node[] {
    if (!graph.nodes.includes(from)) return [];
    return test(from) ? [from] : from.predecessors.flatMap(node => nearest(graph, node, test));
}

const later = (a: Node, b: Node): boolean =>
    a.creationTime > b.creationTime || (a.creationTime === b.creationTime && a.hash > b.hash);

function best(nodes: readonly Node[]): Node | undefined {
    return nodes.find(node => !nodes.some(other => later(other, node)));
}

function restrict(graph: Graph, start: readonly Node[]): Graph {
    const reaches = (node: Node): boolean => start.includes(node) || node.predecessors.some(reaches);
    const nodes = graph.nodes.filter(reaches);
    const inside = (node: Node): Node[] => node.predecessors.filter(each => nodes.includes(each));
    const heads = nodes.filter(node => !nodes.some(other => inside(other).includes(node)));
    const roots = nodes.filter(node => inside(node).length === 0);
    const [first = graph.first, second = first] = heads.length === 1 ? heads : [graph.first, graph.second];
    return { nodes, first, second, base: (roots.length === 1 ? roots[0] : undefined) ?? EMPTY };
}

class PlainMerge {
    readonly #access: Access;
    readonly #recipe: Recipe;

    constructor(access: Access, recipe: Recipe) {
        this.#access = access;
        this.#recipe = recipe;
    }

    /** §7.1 */
    async object(rules: readonly Rule[], graph: Graph, path: string, start: unknown): Promise<Record<string, unknown>> {
        const result: Record<string, unknown> = { ...(start as object | undefined) };
        const changed = changedSegments(graph, path);
        for (const { itemprop, optional, itemtype = STRING } of rules) {
            const at = below(path, itemprop);
            if (!changed.has(itemprop)) continue;
            const inner = optional === true ? await this.#presence(graph, at) : graph;
            if (inner === undefined) Reflect.deleteProperty(result, itemprop);
            else result[itemprop] = await this.#value(itemtype, inner, at);
        }
        return result;
    }

    async #value(itemType: ItemType, graph: Graph, path: string): Promise<unknown> {
        switch (itemType.type) {
            case 'object': {
                const start = await this.#at(graph.base === EMPTY ? graph.first : graph.base, path);
                return this.object(itemType.rules, graph, path, start);
            }
            case 'map':
                return this.#map(itemType, graph, path);
            case 'referenceToObj':
                return this.#reference(graph, path);
        }
        if ('item' in itemType && mergeAlgorithm(this.#recipe, path, itemType.type) === 'Set')
            return this.#elements(itemType, graph, path);
        return this.#register(graph, path);
    }

    /** §6.1 */
    async #register(graph: Graph, path: string): Promise<unknown> {
        const [a, b] = this.#setters(graph, 'Register', path);
        const winner = a && b ? (later(b, a) ? b : a) : graph.base;
        const value = await this.#at(winner, path);
        if (value === undefined) throw new Error(`No value at ${path}`);
        return value;
    }

    #setters(graph: Graph, algorithm: string, path: string): (Node | undefined)[] {
        const isSet = (node: Node) => operationsOf(node, algorithm, path).some(([type]) => type === 'set');
        return [graph.first, graph.second].map(from => best(nearest(graph, from, isSet)));
    }

    /** §6.2 */
    async #elements(itemType: ItemType & { readonly item: ItemType }, graph: Graph, path: string): Promise<unknown> {
        const elements = async (node: Node): Promise<Map<string, unknown>> => {
            const distinct = new Map<string, unknown>();
            for (const item of ((await this.#at(node, path)) ?? []) as Iterable<unknown>) {
                const text = this.#access.itemText(itemType.item, item);
                if (!distinct.has(text)) distinct.set(text, item);
            }
            return distinct;
        };
        const [first, second] = [await elements(graph.first), await elements(graph.second)];
        const base = await elements(graph.base);
        const did = (node: Node, text: string) =>
            operationsOf(node, 'Set', path).find(([, element]) => element === text)?.[0];
        const keeps = (text: string): boolean => {
            if (first.has(text) && second.has(text)) return true;
            const candidates = [graph.first, graph.second].flatMap(from =>
                nearest(graph, from, node => did(node, text) !== undefined),
            );
            if (candidates.length === 0) return base.has(text);
            return candidates.some(node => did(node, text) === 'add');
        };
        const all = [...first, ...[...second].filter(([text]) => !first.has(text))];
        const kept = all.filter(([text]) => keeps(text)).map(([, item]) => item);
        return itemType.type === 'set' ? new Set(kept) : kept;
    }

    /** §6.3; undefined: absent. */
    async #presence(graph: Graph, path: string): Promise<Graph | undefined> {
        const operations = (node: Node) => operationsOf(node, 'OptionalValue', path);
        const changed = [graph.first, graph.second].flatMap(from =>
            nearest(graph, from, node => operations(node).length > 0),
        );
        const set = changed.filter(node => operations(node).some(([type]) => type === 'set'));
        if (set.length > 0) return restrict(graph, set);
        return (await this.#at(graph.base, path)) === undefined ? undefined : graph;
    }

    /** §6.4, §6.5 */
    async #reference(graph: Graph, path: string): Promise<unknown> {
        if (mergeAlgorithm(this.#recipe, path, 'referenceToObj') === 'LinkedListCrdtAlgorithm')
            return mergeLists(
                { ...this.#access, known: new Map() },
                await this.#at(graph.first, path),
                await this.#at(graph.second, path),
            );
        const [a, b] = this.#setters(graph, 'ReferenceToObj', path);
        if (a !== b) return this.#at(a && (!b || later(a, b)) ? graph.first : graph.second, path);
        if (a !== undefined && a === graph.first) return this.#at(graph.first, path);
        const inner = a === undefined ? graph : restrict(graph, [a]);
        const before = await this.#at(inner.base === EMPTY ? inner.first : inner.base, path);
        // The text does not say what one is that was removed, but comes back: as it was.
        const { $type$ } = await this.#access.read(ensureHash((await this.#at(inner.first, path)) ?? before));
        const start = await this.#access.read(ensureHash(before));
        const merged = await this.object(this.#access.recipes.rulesOf($type$), inner, path, start);
        return this.#access.store({ ...merged, $type$ });
    }

    /** §7.2 */
    async #map(itemType: ItemType & { type: 'map' }, graph: Graph, path: string): Promise<Map<unknown, unknown>> {
        const start = await this.#at(graph.base === EMPTY ? graph.first : graph.base, path);
        const result = new Map(start as Map<unknown, unknown> | undefined);
        const keys = new Map<string, unknown>();
        for (const node of graph.nodes)
            for (const key of ((await this.#at(node, path)) as Map<unknown, unknown> | undefined)?.keys() ?? [])
                keys.set(String(key), key);
        for (const segment of changedSegments(graph, path)) {
            const at = below(path, segment);
            const key = keys.has(segment) ? keys.get(segment) : segment;
            const inner = await this.#presence(graph, at);
            if (inner === undefined) result.delete(key);
            else result.set(key, await this.#value(itemType.value, inner, at));
        }
        return result;
    }

    /** The value of a node at a path, through references. */
    async #at({ object }: Node, path: string): Promise<unknown> {
        let [holder, rules]: [unknown, readonly Rule[]] = [
            object,
            this.#access.recipes.rulesOf(object?.$type$ ?? 'Person'),
        ];
        let type: ItemType = { type: 'object', rules };
        for (const segment of path.split('.')) {
            if (holder === undefined) return undefined;
            if (type.type === 'referenceToObj') {
                const target = await this.#access.read(ensureHash(holder));
                rules = this.#access.recipes.rulesOf(target.$type$);
                [holder, type] = [target, { type: 'object', rules }];
            }
            if (type.type === 'map') {
                const entries = [...(holder as Map<unknown, unknown>)];
                holder = entries.find(([key]) => String(key) === segment)?.[1];
                type = type.value;
            } else if (type.type === 'object') {
                const rule: Rule | undefined = type.rules.find(({ itemprop }) => itemprop === segment);
                if (rule === undefined) return undefined;
                holder = member(holder, segment);
                type = rule.itemtype ?? STRING;
            } else return undefined;
        }
        return holder;
    }
}

/** The segments of all log paths that follow a path, in the order of nodes and logs; keys end at the first `.` or `#`. */
function changedSegments(graph: Graph, path: string): Set<string> {
    const prefix = path === '' ? '' : `${path}.`;
    return new Set(
        graph.nodes.flatMap(({ log }) =>
            log.flatMap(entry =>
                entry.path.startsWith(prefix) ? (entry.path.slice(prefix.length).split(/[.#]/, 1)[0] ?? '') : [],
            ),
        ),
    );
}

// Set (spec 21 §6.2) for sets, bags and arrays: elements are told apart by their texts; adding wins over removing, whatever
// the times. Duplicates disappear; arrays have the order of the current version, then what is new.
import type { ItemType } from '../../recipes/grammar.ts';
import { fieldOf } from '../change-log.ts';
import { valueOf, type GraphNode, type MergeGraph } from '../merge-graph.ts';
import type { MergeContext } from '../merge-versions.ts';

type ElementChange = 'add' | 'remove';

export async function mergeElements(
    { access }: MergeContext,
    itemType: ItemType & { readonly item: ItemType },
    graph: MergeGraph,
    path: string,
): Promise<Set<unknown> | unknown[]> {
    /** Elements of a version by their texts; an absent collection is an empty one. */
    const elements = async (node: GraphNode): Promise<Map<string, unknown>> => {
        const list = (await valueOf(access, node, path))?.value as Iterable<unknown> | undefined;
        const texts = new Map<string, unknown>();
        for (const item of list ?? []) {
            const text = access.itemText(itemType.item, item);
            if (!texts.has(text)) texts.set(text, item);
        }
        return texts;
    };
    const first = await elements(graph.first);
    const second = graph.second === graph.first ? first : await elements(graph.second);
    const base = await elements(graph.base);

    const all = new Map([...first, ...[...second].filter(([text]) => !first.has(text))]);
    const doubtful = [...all.keys()].filter(text => !first.has(text) || !second.has(text));
    const changes = changesOf(doubtful, graph, fieldOf('Set', path));
    const keeps = (text: string): boolean => {
        if (first.has(text) && second.has(text)) return true;
        const change = changes.get(text);
        return change === undefined ? base.has(text) : change === 'add';
    };
    const kept = Array.from(all).flatMap(([text, item]) => (keeps(text) ? [item] : []));
    return itemType.type === 'set' ? new Set(kept) : kept;
}

/**
 * What happened to elements last: on each way back from `first` and `second` the first change of an element counts, and among
 * these a single `add` wins. All elements are looked for in one walk; one walk for each would cost their product.
 */
function changesOf(elements: readonly string[], graph: MergeGraph, field: string): ReadonlyMap<string, ElementChange> {
    const changes = new Map<string, ElementChange>();
    /** What was looked for from nodes that several ways lead to. */
    const followed = new Map<GraphNode, Set<string>>();
    const open = [...new Set([graph.first, graph.second])].map(node => ({ node, wanted: new Set(elements) }));
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
        const { node, wanted } = step;
        if (graph.isShared(node)) {
            const before = followed.get(node) ?? new Set();
            for (const element of before) wanted.delete(element);
            followed.set(node, new Set([...before, ...wanted]));
        }
        for (const [element, change] of changed(node, field, wanted)) {
            if (changes.get(element) !== 'add') changes.set(element, change);
            wanted.delete(element);
        }
        if (wanted.size === 0) continue;
        const [next, ...others] = node.predecessors.filter(predecessor => graph.has(predecessor));
        for (const other of others) open.push({ node: other, wanted: new Set(wanted) });
        if (next !== undefined) open.push({ node: next, wanted });
    }
    return changes;
}

/** The changes of these elements in one version; takes as long as the shorter of the two. */
function changed({ log }: GraphNode, field: string, wanted: ReadonlySet<string>): [string, ElementChange][] {
    const change = log?.at(field);
    if (typeof change !== 'object') return [];
    if (change.size < wanted.size) return [...change].filter(([element]) => wanted.has(element));
    return [...wanted].flatMap(element => {
        const type = change.get(element);
        return type === undefined ? [] : [[element, type] as [string, ElementChange]];
    });
}

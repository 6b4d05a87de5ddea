// Set (spec 21 §6.2) for sets, bags and arrays: elements are told apart by their texts; adding wins over removing, whatever
// the times. Duplicates disappear; arrays have the order of the current version, then what is new.
import type { ItemType } from '../../recipes/grammar.ts';
import type { ChangeLog } from '../change-log.ts';
import { compareTime, nearest, valueOf, type GraphNode, type MergeGraph } from '../merge-graph.ts';
import type { MergeContext } from '../merge-versions.ts';

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
    const [first, second, base] = [
        await elements(graph.first),
        await elements(graph.second),
        await elements(graph.base),
    ];

    const kept: unknown[] = [];
    for (const [text, item] of new Map([...first, ...[...second].filter(([element]) => !first.has(element))])) {
        const inBoth = first.has(text) && second.has(text);
        if (inBoth || keeps(graph, path, text, base.has(text))) kept.push(item);
    }
    return itemType.type === 'set' ? new Set(kept) : kept;
}

function keeps(graph: MergeGraph, path: string, element: string, inBase: boolean): boolean {
    const did = (node: GraphNode): 'add' | 'remove' | undefined => {
        for (const operation of node.log?.operations('Set', path) ?? [])
            if ('element' in operation && operation.element === element) return operation.type;
        return undefined;
    };
    const changed = (log: ChangeLog): boolean =>
        log.operations('Set', path).some(operation => 'element' in operation && operation.element === element);
    const candidates = [graph.first, graph.second].flatMap(from => nearest(graph, from, changed));
    if (candidates.length === 0) return inBase;
    const winner = candidates.reduce((preferred, node) => {
        const [one, other] = [did(preferred), did(node)];
        if (one !== other) return one === 'add' ? preferred : node;
        return compareTime(node, preferred) > 0 ? node : preferred;
    });
    return did(winner) === 'add';
}

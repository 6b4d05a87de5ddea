// OptionalValue (spec 21 §6.3): whether an optional property or an entry of a map is there. Setting wins over removing and
// over absence; times play no role.
import { logged, nearest, restrict, valueOf, type MergeGraph } from '../merge-graph.ts';
import type { MergeContext } from '../merge-versions.ts';

/** The graph in which its content is merged, or `absent`. */
export async function presence(
    { access }: MergeContext,
    graph: MergeGraph,
    path: string,
): Promise<MergeGraph | 'absent'> {
    const changed = [graph.first, graph.second].flatMap(from =>
        nearest(graph, from, log => logged(log.operations('OptionalValue', path), 'set', 'delete')),
    );
    const set = changed.filter(({ log }) => logged(log?.operations('OptionalValue', path) ?? [], 'set'));
    if (set.length > 0) return restrict(graph, set);
    return (await valueOf(access, graph.base, path)) === undefined ? 'absent' : graph;
}

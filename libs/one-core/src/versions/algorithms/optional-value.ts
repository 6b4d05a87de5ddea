// OptionalValue (spec 21 §6.3): whether an optional property or an entry of a map is there. Setting wins over removing and
// over absence; times play no role.
import { fieldOf } from '../change-log.ts';
import { valueOf, type MergeGraph } from '../merge-graph.ts';
import type { MergeContext } from '../merge-versions.ts';

/** The graph in which its content is merged, or `absent`. */
export async function presence(
    { access }: MergeContext,
    graph: MergeGraph,
    path: string,
): Promise<MergeGraph | 'absent'> {
    const field = fieldOf('OptionalValue', path);
    const changed = [graph.first, graph.second].flatMap(from =>
        graph.nearest(from, field, change => change === 'set' || change === 'delete'),
    );
    const set = changed.filter(({ log }) => log?.at(field) === 'set');
    if (set.length > 0) return graph.restrict(set);
    return (await valueOf(access, graph.base, path)) === undefined ? 'absent' : graph;
}

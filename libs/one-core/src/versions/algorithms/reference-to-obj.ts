// ReferenceToObj (spec 21 §6.4): which object a reference means, or that the referenced objects are merged themselves.
import { fieldOf } from '../change-log.ts';
import { best, compareTime, valueOf, type GraphNode, type MergeGraph } from '../merge-graph.ts';
import type { MergeContext } from '../merge-versions.ts';

export type ReferenceChoice =
    | { readonly type: 'value'; readonly value: unknown }
    /** Merge the objects, in the graph restricted to what came after `start`. */
    | { readonly type: 'merge'; readonly start: GraphNode | undefined };

export async function chooseReference(
    { access }: MergeContext,
    graph: MergeGraph,
    path: string,
): Promise<ReferenceChoice> {
    const field = fieldOf('ReferenceToObj', path);
    const setBy = (from: GraphNode) => best(graph.nearest(from, field, change => change === 'set'));
    const [a, b] = [setBy(graph.first), setBy(graph.second)];
    const current = async (side: GraphNode) =>
        ({ type: 'value', value: (await valueOf(access, side, path))?.value }) as const;
    if (a !== undefined && a === b) return a === graph.first ? current(a) : { type: 'merge', start: a };
    if (a === undefined && b === undefined) return { type: 'merge', start: undefined };
    // QUIRK: the current reference of the side that won, not the one that was set there.
    const firstWins = a !== undefined && (b === undefined || compareTime(a, b) > 0);
    return current(firstWins ? graph.first : graph.second);
}

// Register (spec 21 §6.1): the value of the node that set it last. An imported Edge has set everything at its time.
import { fieldOf } from '../change-log.ts';
import { MergeError } from '../merge-errors.ts';
import { best, compareTime, valueOf, type GraphNode, type MergeGraph } from '../merge-graph.ts';
import type { MergeContext } from '../merge-versions.ts';

/** @throws MergeError `MERGE_NO_VALUE` if nobody set it and there is no common version */
export async function register({ access }: MergeContext, graph: MergeGraph, path: string): Promise<unknown> {
    const field = fieldOf('Register', path);
    const setBy = (from: GraphNode) => best(graph.nearest(from, field, change => change === 'set'));
    const [a, b] = [setBy(graph.first), setBy(graph.second)];
    // QUIRK: set on one side only, the value of the base counts.
    const winner = a !== undefined && b !== undefined ? (compareTime(a, b) >= 0 ? a : b) : graph.base;
    const value = await valueOf(access, winner, path);
    if (value === undefined) throw new MergeError('MERGE_NO_VALUE', `No version has a value at "${path}"`);
    return value.value;
}

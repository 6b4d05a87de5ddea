// Merging two versions (spec 21): the change logs of both histories decide, property path by property path. Roles count:
// `first` is the head, `second` the incoming version.
import type { AnyObject } from '../microdata/microdata.ts';
import type { ItemType, Recipe, Rule } from '../recipes/grammar.ts';
import { algorithmFor } from './change-log.ts';
import { mergeLists } from './algorithms/linked-list.ts';
import { presence } from './algorithms/optional-value.ts';
import { chooseReference } from './algorithms/reference-to-obj.ts';
import { register } from './algorithms/register.ts';
import { mergeElements } from './algorithms/set.ts';
import { buildGraph, restrict, valueOf, type MergeGraph } from './merge-graph.ts';
import { below, nextSegment, STRING, type ObjectAccess } from './object-access.ts';

/** What merging one object is about. */
export interface MergeContext {
    readonly access: ObjectAccess;
    /** Of the merged type: its configuration counts everywhere, inside of references, too. */
    readonly recipe: Recipe;
}

/** The merged object of the version nodes `first` and `second` of one ID. @throws MergeError, and if an object is missing */
export async function mergeVersions(
    access: ObjectAccess,
    type: string,
    first: string,
    second: string,
): Promise<AnyObject> {
    const context: MergeContext = { access, recipe: access.recipes.get(type) };
    const graph = await buildGraph(access, context.recipe, first, second);
    const start = (graph.base.kind === 'empty' ? graph.first : graph.base).object;
    const merged = await mergeObject(context, access.recipes.rulesOf(type), graph, '', start);
    return { ...merged, $type$: type };
}

/** The properties of an object at `path` (spec 21 §7.1); everything that nobody changed is taken from `start`. */
async function mergeObject(
    context: MergeContext,
    rules: readonly Rule[],
    graph: MergeGraph,
    path: string,
    start: unknown,
): Promise<Record<string, unknown>> {
    const result: Record<string, unknown> = { ...(start as object | undefined) };
    const changed = changedSegments(graph, path);
    for (const rule of rules) {
        const { itemprop, optional, itemtype = STRING } = rule;
        if (!changed.has(itemprop)) continue;
        const at = below(path, itemprop);
        const inner = optional === true ? await presence(context, graph, at) : graph;
        if (inner === 'absent') Reflect.deleteProperty(result, itemprop);
        else result[itemprop] = await mergeValue(context, itemtype, inner, at);
    }
    return result;
}

/** Next segments below a path that any log mentions, in the order of nodes and logs. */
function changedSegments(graph: MergeGraph, path: string): Set<string> {
    const segments = new Set<string>();
    for (const { log } of graph.nodes)
        for (const changed of log?.paths() ?? []) {
            const segment = nextSegment(changed, path);
            if (segment !== undefined) segments.add(segment);
        }
    return segments;
}

async function mergeValue(
    context: MergeContext,
    itemType: ItemType,
    graph: MergeGraph,
    path: string,
): Promise<unknown> {
    switch (itemType.type) {
        case 'object':
            return mergeObject(context, itemType.rules, graph, path, (await startOf(context, graph, path))?.value);
        case 'map':
            return mergeMap(context, itemType, graph, path);
        case 'referenceToObj':
            return mergeReference(context, graph, path);
    }
    const algorithm = algorithmFor(context.recipe, path, itemType.type);
    if (algorithm === 'Set' && 'item' in itemType) return mergeElements(context, itemType, graph, path);
    return register(context, graph, path);
}

function startOf({ access }: MergeContext, graph: MergeGraph, path: string) {
    return valueOf(access, graph.base.kind === 'empty' ? graph.first : graph.base, path);
}

/** Entries keep their places, new ones are appended in the order of the logs (spec 21 §7.2). */
async function mergeMap(
    context: MergeContext,
    itemType: ItemType & { type: 'map' },
    graph: MergeGraph,
    path: string,
): Promise<Map<unknown, unknown>> {
    const start = (await startOf(context, graph, path))?.value;
    const result = new Map<unknown, unknown>(start instanceof Map ? start : []);
    const keys = await keysOf(context, graph, path);
    for (const segment of changedSegments(graph, path)) {
        const at = below(path, segment);
        const key = keys.has(segment) ? keys.get(segment) : segment;
        const inner = await presence(context, graph, at);
        if (inner === 'absent') result.delete(key);
        else result.set(key, await mergeValue(context, itemType.value, inner, at));
    }
    return result;
}

/** Keys of any version by their segments: a path has texts, a map may have numbers. */
async function keysOf({ access }: MergeContext, graph: MergeGraph, path: string): Promise<Map<string, unknown>> {
    const keys = new Map<string, unknown>();
    for (const node of graph.nodes) {
        const map = (await valueOf(access, node, path))?.value;
        if (map instanceof Map) for (const key of map.keys() as Iterable<unknown>) keys.set(String(key), key);
    }
    return keys;
}

async function mergeReference(context: MergeContext, graph: MergeGraph, path: string): Promise<unknown> {
    const { access, recipe } = context;
    if (algorithmFor(recipe, path, 'referenceToObj') === 'LinkedListCrdtAlgorithm') {
        const [first, second] = [await valueOf(access, graph.first, path), await valueOf(access, graph.second, path)];
        return mergeLists(access, first?.value, second?.value);
    }
    const choice = await chooseReference(context, graph, path);
    if (choice.type === 'value') return choice.value;
    const inner = choice.start === undefined ? graph : restrict(graph, [choice.start]);
    const current = await access.read(String((await valueOf(access, inner.first, path))?.value));
    const base = inner.base.kind === 'empty' ? inner.first : inner.base;
    const start = await access.read(String((await valueOf(access, base, path))?.value));
    const merged = await mergeObject(context, access.recipes.rulesOf(current.$type$), inner, path, start);
    return access.store({ ...merged, $type$: current.$type$ });
}

// Merging two versions (spec 21): the change logs of both histories decide, property path by property path. Roles count:
// `first` is the head, `second` the incoming version.
import type { AnyObject } from '../microdata/microdata.ts';
import { ensureHash } from '../hashes.ts';
import type { ItemType, Recipe, Rule } from '../recipes/grammar.ts';
import { algorithmFor } from './change-log.ts';
import { mergeLists } from './algorithms/linked-list.ts';
import { presence } from './algorithms/optional-value.ts';
import { chooseReference } from './algorithms/reference-to-obj.ts';
import { register } from './algorithms/register.ts';
import { mergeElements } from './algorithms/set.ts';
import { buildGraph, objectOf, valueOf, type GraphNode, type MergeGraph } from './merge-graph.ts';
import { MergeError } from './merge-errors.ts';
import { below, keyOf, remembering, STRING, type ObjectAccess } from './object-access.ts';

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
    const context: MergeContext = { access: remembering(access), recipe: access.recipes.get(type) };
    const graph = await buildGraph(context.access, context.recipe, first, second);
    const start = await objectOf(context.access, startOf(graph));
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
    const changed = graph.changedSegments(path);
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

async function mergeValue(
    context: MergeContext,
    itemType: ItemType,
    graph: MergeGraph,
    path: string,
): Promise<unknown> {
    switch (itemType.type) {
        case 'object':
            return mergeObject(context, itemType.rules, graph, path, await startAt(context, graph, path));
        case 'map':
            return mergeMap(context, itemType, graph, path);
        case 'referenceToObj':
            return mergeReference(context, graph, path);
    }
    const algorithm = algorithmFor(context.recipe, path, itemType.type);
    if (algorithm === 'Set' && 'item' in itemType) return mergeElements(context, itemType, graph, path);
    return register(context, graph, path);
}

/** The node whose values count where nobody changed anything. */
function startOf(graph: MergeGraph): GraphNode {
    return graph.base.kind === 'empty' ? graph.first : graph.base;
}

async function startAt({ access }: MergeContext, graph: MergeGraph, path: string): Promise<unknown> {
    return (await valueOf(access, startOf(graph), path))?.value;
}

/** Entries keep their places, new ones are appended in the order of the logs (spec 21 §7.2). */
async function mergeMap(
    context: MergeContext,
    itemType: ItemType & { type: 'map' },
    graph: MergeGraph,
    path: string,
): Promise<Map<unknown, unknown>> {
    const start = await startAt(context, graph, path);
    const result = new Map<unknown, unknown>(start instanceof Map ? start : []);
    for (const segment of graph.changedSegments(path)) {
        const at = below(path, segment);
        const key = keyOf(itemType.key, segment);
        const inner = await presence(context, graph, at);
        if (inner === 'absent') result.delete(key);
        else result.set(key, await mergeValue(context, itemType.value, inner, at));
    }
    return result;
}

async function mergeReference(context: MergeContext, graph: MergeGraph, path: string): Promise<unknown> {
    const { access, recipe } = context;
    if (algorithmFor(recipe, path, 'referenceToObj') === 'LinkedListCrdtAlgorithm') {
        const [first, second] = [await valueOf(access, graph.first, path), await valueOf(access, graph.second, path)];
        return mergeLists(access, first?.value, second?.value);
    }
    const choice = await chooseReference(context, graph, path);
    if (choice.type === 'value') return choice.value;
    const inner = choice.start === undefined ? graph : graph.restrict([choice.start]);
    const start = await startAt(context, inner, path);
    // One that was removed, but comes back with the object that it is in (vector `ref-current-only`), is as it was.
    const current = (await valueOf(access, inner.first, path))?.value ?? start;
    if (current === undefined || start === undefined)
        throw new MergeError('MERGE_NO_VALUE', `No version has an object at "${path}"`);
    const { $type$ } = await access.read(ensureHash(current));
    const object = await access.read(ensureHash(start));
    const merged = await mergeObject(context, access.recipes.rulesOf($type$), inner, path, object);
    return access.store({ ...merged, $type$ });
}

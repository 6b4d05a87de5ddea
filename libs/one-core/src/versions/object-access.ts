import { ensureHash } from '../hashes.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { ItemType, Rule } from '../recipes/grammar.ts';
import type { RecipeRegistry } from '../recipes/recipe-registry.ts';

/** What merging needs of the object store. */
export interface ObjectAccess {
    readonly recipes: RecipeRegistry;
    /** @throws if the object is missing */
    read(hash: string): Promise<AnyObject>;
    /** Stores an object that a merge has made: an unversioned one, or a version without version graph. */
    store(object: AnyObject): Promise<string>;
    /** Text of a value as an item of a list: equal texts are equal values. */
    itemText(itemType: ItemType, value: unknown): string;
}

/** A value with its item type. */
export interface TypedValue {
    readonly value: unknown;
    readonly itemType: ItemType;
}

export const STRING: ItemType = { type: 'string' };

/** Segments end at these characters, in keys of maps as well (spec 21 §7.2). */
const SEGMENT_END = /[.#]/;

/** Path of a property or entry below another path; the empty path is the object itself. */
export function below(path: string, segment: string): string {
    return path === '' ? segment : `${path}.${segment}`;
}

/** The segment of `longer` that follows `path`; undefined if it is not below it. */
export function nextSegment(longer: string, path: string): string | undefined {
    if (path === '') return longer.split(SEGMENT_END, 1)[0];
    return longer.startsWith(`${path}.`) ? longer.slice(path.length + 1).split(SEGMENT_END, 1)[0] : undefined;
}

/** Own property of an object; undefined and null count as absent. */
export function memberOf(object: unknown, name: string): unknown {
    if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined;
    return (object as Readonly<Record<string, unknown>>)[name] ?? undefined;
}

/** The value at a path of an object, following references where the path goes on behind them; undefined if it is absent. */
export async function valueAt(access: ObjectAccess, object: AnyObject, path: string): Promise<TypedValue | undefined> {
    let rules: readonly Rule[] = access.recipes.rulesOf(object.$type$);
    let holder: unknown = object;
    const segments = path.split('.');
    for (let i = 0; ;) {
        const rule = rules.find(({ itemprop }) => itemprop === segments[i]);
        if (rule === undefined) return undefined;
        let current: TypedValue = { value: memberOf(holder, rule.itemprop), itemType: rule.itemtype ?? STRING };
        while (current.value !== undefined && ++i < segments.length && current.itemType.type === 'map')
            current = { value: entryOf(current.value, segments[i]), itemType: current.itemType.value };
        if (current.value === undefined) return undefined;
        if (i >= segments.length) return current;
        if (current.itemType.type === 'object') {
            rules = current.itemType.rules;
            holder = current.value;
        } else if (current.itemType.type === 'referenceToObj') {
            const target = await access.read(ensureHash(current.value));
            rules = access.recipes.rulesOf(target.$type$);
            holder = target;
        } else return undefined;
    }
}

function entryOf(map: unknown, segment: string | undefined): unknown {
    if (!(map instanceof Map)) return undefined;
    for (const [key, value] of map as Map<unknown, unknown>) if (String(key) === segment) return value;
    return undefined;
}

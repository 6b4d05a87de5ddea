import { ensureHash } from '../hashes.ts';
import type { AnyObject } from '../microdata/microdata.ts';
import type { ItemType, Rule } from '../recipes/grammar.ts';
import type { RecipeRegistry } from '../recipes/recipe-registry.ts';
import type { VersionReader } from './version-nodes.ts';

/** What merging needs of the object store. */
export interface ObjectAccess extends VersionReader {
    readonly recipes: RecipeRegistry;
    /** Stores an object that a merge has made: an unversioned one, or a version without version graph. */
    store(object: AnyObject): Promise<string>;
    /** Text of a value as an item of a list: equal texts are equal values. */
    itemText(itemType: ItemType, value: unknown): string;
}

/** Objects that one merge keeps: both sides, and those that a path leads to, are looked at for each property. */
const REMEMBERED_OBJECTS = 32;

/** The same, but what was read lately is not read again. */
export function remembering(access: ObjectAccess): ObjectAccess {
    const recent = new Map<string, AnyObject>();
    const read = async (hash: string): Promise<AnyObject> => {
        const object = recent.get(hash) ?? (await access.read(hash));
        // The oldest one is the first of a Map.
        recent.delete(hash);
        recent.set(hash, object);
        for (const oldest of recent.keys()) {
            if (recent.size <= REMEMBERED_OBJECTS) break;
            recent.delete(oldest);
        }
        return object;
    };
    return { ...access, read };
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
    const isTop = path === '';
    if (!isTop && !(longer.startsWith(path) && longer[path.length] === '.')) return undefined;
    const rest = isTop ? longer : longer.slice(path.length + 1);
    const end = rest.search(SEGMENT_END);
    return end < 0 ? rest : rest.slice(0, end);
}

/** Own property of an object; undefined and null count as absent. */
export function memberOf(object: unknown, name: string): unknown {
    if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined;
    return (object as Readonly<Record<string, unknown>>)[name] ?? undefined;
}

/** The value at a path of an object, following references where the path goes on behind them; undefined if it is absent. */
export async function valueAt(
    access: Pick<ObjectAccess, 'recipes' | 'read'>,
    object: AnyObject,
    path: string,
): Promise<TypedValue | undefined> {
    let rules: readonly Rule[] = access.recipes.rulesOf(object.$type$);
    let holder: unknown = object;
    const segments = path.split('.');
    for (let i = 0; ;) {
        const rule = rules.find(({ itemprop }) => itemprop === segments[i]);
        if (rule === undefined) return undefined;
        let current: TypedValue = { value: memberOf(holder, rule.itemprop), itemType: rule.itemtype ?? STRING };
        while (current.value !== undefined && ++i < segments.length && current.itemType.type === 'map')
            current = { value: entryOf(current, segments[i]), itemType: current.itemType.value };
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

function entryOf({ value, itemType }: TypedValue, segment = ''): unknown {
    if (!(value instanceof Map) || itemType.type !== 'map') return undefined;
    return (value as Map<unknown, unknown>).get(keyOf(itemType.key, segment));
}

/** The key of a map that has this text in paths. */
export function keyOf(keyType: ItemType, segment: string): unknown {
    switch (keyType.type) {
        case 'integer':
        case 'number':
            return Number(segment);
        case 'boolean':
            return segment === 'true';
        default:
            return segment;
    }
}

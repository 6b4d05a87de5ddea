// What a version changed against the one before (spec 21 §3): entries of path, algorithm and operations. The quirks of the
// deployed logs decide which object a merge gives, and are kept.
import type { AnyObject } from '../microdata/microdata.ts';
import type { ItemType, Recipe, Rule } from '../recipes/grammar.ts';
import { mergeAlgorithm, type MergedKind } from '../recipes/merge-algorithm.ts';
import { ensureHash } from '../hashes.ts';
import { MergeError } from './merge-errors.ts';
import { below, memberOf, nextSegment, STRING, type ObjectAccess } from './object-access.ts';

export type Algorithm = 'Register' | 'Set' | 'OptionalValue' | 'ReferenceToObj' | 'LinkedListCrdtAlgorithm';

/** Which algorithms may merge which kinds; `object` and `map` are traversed, not merged. */
const suitable: Readonly<Record<MergedKind, readonly string[]>> = {
    string: ['Register'],
    integer: ['Register'],
    number: ['Register'],
    boolean: ['Register'],
    stringifiable: ['Register'],
    referenceToId: ['Register'],
    referenceToBlob: ['Register'],
    referenceToClob: ['Register'],
    referenceToObj: ['ReferenceToObj', 'LinkedListCrdtAlgorithm'],
    array: ['Set', 'Register'],
    bag: ['Set', 'Register'],
    set: ['Set', 'Register'],
    mapEntry: ['OptionalValue'],
    objectProperty: ['OptionalValue'],
    map: ['NotAvailable'],
    object: ['NotAvailable'],
};
const known = new Set(Object.values(suitable).flat());

/** The algorithm for a path, always by the configuration of the merged type. @throws MergeError */
export function algorithmFor(recipe: Recipe, path: string, kind: MergedKind): Algorithm {
    const name = mergeAlgorithm(recipe, path, kind);
    if (!known.has(name))
        throw new MergeError(
            'MERGE_ALGORITHM_UNKNOWN',
            `The recipe "${recipe.name}" asks for the unknown algorithm "${name}"`,
        );
    if (!suitable[kind].includes(name))
        throw new MergeError(
            'MERGE_ALGORITHM_UNSUITABLE',
            `"${name}" cannot merge a ${kind}, at "${path}" of "${recipe.name}"`,
        );
    return name as Algorithm;
}

/** What happened at a path: the value or its presence was set, it was deleted, or elements came and went. */
export type Change = 'set' | 'delete' | ReadonlyMap<string, 'add' | 'remove'>;

/** Names what an algorithm logs at exactly this path. */
export function fieldOf(algorithm: Algorithm, path: string): string {
    return `${algorithm} ${path}`;
}

/**
 * One of 32 bits for a field. A version of whose fields none has this bit did not log it: most versions are passed by without
 * looking into their logs.
 */
export function bitOf(field: string): number {
    let sum = 0;
    for (let i = 0; i < field.length; i++) sum = Math.imul(sum ^ field.charCodeAt(i), 0x9e3779b1);
    // The highest five bits: all others went into them.
    return 1 << (sum >>> 27);
}

/** Estimated bytes of an entry of a log, and of an element in it, besides their texts: for limits, not for accounts. */
const ENTRY_COST = 160;
const ELEMENT_COST = 64;

/** The changes of one version, in their order. */
export class ChangeLog {
    /** By whose configuration the algorithms were chosen. */
    readonly recipe: Recipe;
    /** Estimated size in memory. */
    bytes = ENTRY_COST;
    /** The bits of all fields. */
    bits = 0;
    readonly #changes = new Map<string, { readonly path: string; readonly change: Change }>();
    readonly #topSegments: string[] = [];

    constructor(recipe: Recipe) {
        this.recipe = recipe;
    }

    /** Adds the segments that follow a path, in the order in which they were logged. */
    addSegments(path: string, segments: Set<string>): void {
        // Asked of every version in every merge.
        if (path === '') for (const segment of this.#topSegments) segments.add(segment);
        else if (this.#topSegments.includes(nextSegment(path, '') ?? ''))
            for (const { path: logged } of this.#changes.values()) {
                const segment = nextSegment(logged, path);
                if (segment !== undefined) segments.add(segment);
            }
    }

    /** @param field see `fieldOf` */
    at(field: string): Change | undefined {
        return this.#changes.get(field)?.change;
    }

    add(algorithm: Algorithm, path: string, change: Change): void {
        const field = fieldOf(algorithm, path);
        this.#changes.set(field, { path, change });
        this.bits |= bitOf(field);
        const top = nextSegment(path, '');
        if (top !== undefined && this.#topSegments.at(-1) !== top) this.#topSegments.push(top);
        this.bytes += ENTRY_COST + 2 * path.length;
        if (typeof change === 'string') return;
        for (const element of change.keys()) this.bytes += ELEMENT_COST + element.length;
    }
}

/** The changes from `before` (undefined: none was before) to `after`, both of the type of `recipe`. @throws MergeError */
export async function changeLog(
    access: ObjectAccess,
    recipe: Recipe,
    before: AnyObject | undefined,
    after: AnyObject,
): Promise<ChangeLog> {
    const log = new ChangeLog(recipe);

    async function properties(rules: readonly Rule[], old: unknown, now: unknown, prefix: string): Promise<void> {
        for (const rule of rules) {
            const path = below(prefix, rule.itemprop);
            const [x, y] = [memberOf(old, rule.itemprop), memberOf(now, rule.itemprop)];
            const presence = algorithmFor(recipe, path, 'objectProperty');
            if (rule.optional === true) logPresence(presence, path, x, y);
            if (y !== undefined) await value(rule.itemtype ?? STRING, x, y, path);
        }
    }

    function logPresence(algorithm: Algorithm, path: string, x: unknown, y: unknown): void {
        if ((x === undefined) === (y === undefined)) return;
        log.add(algorithm, path, x === undefined ? 'set' : 'delete');
    }

    async function value(itemType: ItemType, x: unknown, y: unknown, path: string): Promise<void> {
        switch (itemType.type) {
            case 'object':
                return properties(itemType.rules, x, y, path);
            case 'map':
                return map(itemType.key, itemType.value, x, y, path);
            case 'referenceToObj':
                return reference(x, String(y), path);
        }
        const algorithm = algorithmFor(recipe, path, itemType.type);
        if (algorithm === 'Set') elements(itemType, x, y, path);
        else if (x === undefined || access.itemText(itemType, x) !== access.itemText(itemType, y))
            log.add(algorithm, path, 'set');
    }

    function elements(itemType: ItemType, x: unknown, y: unknown, path: string): void {
        if (!('item' in itemType)) return;
        const texts = (list: unknown): Set<string> =>
            new Set(Array.from((list ?? []) as Iterable<unknown>, item => access.itemText(itemType.item, item)));
        const [old, now] = [texts(x), texts(y)];
        const change = new Map<string, 'add' | 'remove'>();
        for (const element of old) if (!now.has(element)) change.set(element, 'remove');
        for (const element of now) if (!old.has(element)) change.set(element, 'add');
        if (change.size > 0) log.add('Set', path, change);
    }

    /** QUIRK: the first key that was removed ends the log of the map. */
    async function map(keyType: ItemType, itemType: ItemType, x: unknown, y: unknown, path: string): Promise<void> {
        const [old, now] = [x instanceof Map ? x : new Map<unknown, unknown>(), y as Map<unknown, unknown>];
        const added = [...now.keys()].filter(key => !old.has(key));
        for (const key of [...old.keys(), ...added] as unknown[]) {
            const entry = below(path, String(key));
            const presence = algorithmFor(recipe, entry, 'mapEntry');
            logPresence(presence, entry, old.get(key), now.get(key));
            if (!now.has(key)) return;
            await value(itemType, old.get(key), now.get(key), entry);
        }
    }

    /** A new reference to an object of the same type logs the inner differences only. */
    async function reference(x: unknown, y: string, path: string): Promise<void> {
        const algorithm = algorithmFor(recipe, path, 'referenceToObj');
        if (algorithm !== 'ReferenceToObj') {
            if (x !== y) log.add(algorithm, path, 'set');
            return;
        }
        const [old, now] = [x === undefined ? undefined : await access.read(ensureHash(x)), await access.read(y)];
        const otherType = old !== undefined && old.$type$ !== now.$type$;
        if (old === undefined || otherType) log.add(algorithm, path, 'set');
        if (!otherType) await properties(access.recipes.rulesOf(now.$type$), old, now, path);
    }

    await properties(access.recipes.rulesOf(after.$type$), before, after, '');
    return log;
}

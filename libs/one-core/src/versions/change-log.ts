// What a version changed against the one before (spec 21 §3): entries of path, algorithm and operations. The quirks of the
// deployed logs decide which object a merge gives, and are kept.
import type { AnyObject } from '../microdata/microdata.ts';
import type { ItemType, Recipe, Rule } from '../recipes/grammar.ts';
import { mergeAlgorithm, type MergedKind } from '../recipes/merge-algorithm.ts';
import { ensureHash } from '../hashes.ts';
import { MergeError } from './merge-errors.ts';
import { below, memberOf, STRING, type ObjectAccess } from './object-access.ts';

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

export type Operation =
    { readonly type: 'set' | 'delete' } | { readonly type: 'add' | 'remove'; readonly element: string };

interface Entry {
    readonly path: string;
    readonly algorithm: Algorithm;
    readonly operations: readonly Operation[];
}

/** The changes of one version, in their order. */
export class ChangeLog {
    readonly #entries = new Map<string, Entry>();

    /** All paths, in the order in which they were logged. */
    *paths(): Iterable<string> {
        for (const { path } of this.#entries.values()) yield path;
    }

    /** What an algorithm logged at exactly this path. */
    operations(algorithm: Algorithm, path: string): readonly Operation[] {
        return this.#entries.get(`${algorithm} ${path}`)?.operations ?? [];
    }

    add(entry: Entry): void {
        this.#entries.set(`${entry.algorithm} ${entry.path}`, entry);
    }
}

/** The changes from `before` (undefined: none was before) to `after`, both of the type of `recipe`. @throws MergeError */
export async function changeLog(
    access: ObjectAccess,
    recipe: Recipe,
    before: AnyObject | undefined,
    after: AnyObject,
): Promise<ChangeLog> {
    const log = new ChangeLog();

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
        log.add({ path, algorithm, operations: [{ type: x === undefined ? 'set' : 'delete' }] });
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
            log.add({ path, algorithm, operations: [{ type: 'set' }] });
    }

    function elements(itemType: ItemType, x: unknown, y: unknown, path: string): void {
        if (!('item' in itemType)) return;
        const texts = (list: unknown): Set<string> =>
            new Set(Array.from((list ?? []) as Iterable<unknown>, item => access.itemText(itemType.item, item)));
        const [old, now] = [texts(x), texts(y)];
        const operations = [
            ...[...old].filter(element => !now.has(element)).map(element => ({ type: 'remove', element }) as const),
            ...[...now].filter(element => !old.has(element)).map(element => ({ type: 'add', element }) as const),
        ];
        if (operations.length > 0) log.add({ path, algorithm: 'Set', operations });
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
            if (x !== y) log.add({ path, algorithm, operations: [{ type: 'set' }] });
            return;
        }
        const [old, now] = [x === undefined ? undefined : await access.read(ensureHash(x)), await access.read(y)];
        const otherType = old !== undefined && old.$type$ !== now.$type$;
        if (old === undefined || otherType) log.add({ path, algorithm, operations: [{ type: 'set' }] });
        if (!otherType) await properties(access.recipes.rulesOf(now.$type$), old, now, path);
    }

    await properties(access.recipes.rulesOf(after.$type$), before, after, '');
    return log;
}

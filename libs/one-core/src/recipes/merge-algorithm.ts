import type { ItemTypeName, Recipe } from './grammar.ts';

/** What is merged at a path: a value of an item type, the entry of a map, or the property of an object. */
export type MergedKind = ItemTypeName | 'mapEntry' | 'objectProperty';

const defaults: Readonly<Record<MergedKind, string>> = {
    string: 'Register',
    integer: 'Register',
    number: 'Register',
    boolean: 'Register',
    stringifiable: 'Register',
    referenceToId: 'Register',
    referenceToClob: 'Register',
    referenceToBlob: 'Register',
    referenceToObj: 'ReferenceToObj',
    bag: 'Set',
    array: 'Set',
    set: 'Set',
    mapEntry: 'OptionalValue',
    objectProperty: 'OptionalValue',
    map: 'NotAvailable',
    object: 'NotAvailable',
};

/**
 * Name of the algorithm that merges what is at `path` (property names, map keys and list indexes joined by `.`), as the
 * `crdtConfig` of the recipe or the default for the kind says (spec 10 §3.5).
 */
export function mergeAlgorithm(recipe: Recipe, path: string, kind: MergedKind): string {
    const { crdtConfig } = recipe;
    return (
        crdtConfig?.get(`${path}#${kind}`) ??
        crdtConfig?.get(path) ??
        byPattern(crdtConfig ?? new Map<string, string>(), path.split('.'), kind) ??
        defaults[kind]
    );
}

/** Among entries of equal length: the most special last segment wins, the first entry among equals. */
function byPattern(config: ReadonlyMap<string, string>, path: readonly string[], kind: MergedKind): string | undefined {
    const last = path.at(-1) ?? '';
    const ranking = ['*', last, `*#${kind}`, `${last}#${kind}`];
    let best: { rank: number; algorithm: string } | undefined;
    for (const [pattern, algorithm] of config) {
        const segments = pattern.split('.');
        const rank = ranking.indexOf(segments.at(-1) ?? '');
        const fits =
            segments.length === path.length &&
            segments.slice(0, -1).every((segment, i) => segment === '*' || segment === path[i]);
        if (fits && rank >= 0 && rank > (best?.rank ?? -1)) best = { rank, algorithm };
    }
    return best?.algorithm;
}

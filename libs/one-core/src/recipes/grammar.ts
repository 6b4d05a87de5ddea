// The grammar of recipes (spec 10 §3). A *definition* is what a developer writes and what comes out of storage: types as
// arrays, regular expressions as text. A *recipe* is its validated, normalized form.

/** Names of the item types in the order of spec 10 §2. */
export const itemTypeNames = [
    'string',
    'integer',
    'number',
    'boolean',
    'stringifiable',
    'referenceToObj',
    'referenceToId',
    'referenceToBlob',
    'referenceToClob',
    'map',
    'bag',
    'array',
    'set',
    'object',
] as const;

export type ItemTypeName = (typeof itemTypeNames)[number];

/** Item type object (spec 10 §3.3). */
export type ItemTypeDefinition =
    | { readonly type: 'string'; readonly regexp?: RegExp | string | undefined }
    | { readonly type: 'integer'; readonly min?: number | undefined; readonly max?: number | undefined }
    | { readonly type: 'number'; readonly min?: number | undefined; readonly max?: number | undefined }
    | { readonly type: 'boolean' | 'stringifiable' | 'referenceToBlob' | 'referenceToClob' }
    | {
          readonly type: 'referenceToObj' | 'referenceToId';
          /** Names of types, or `*` for any. Used by merging and integrity checks, not by writing and parsing. */
          readonly allowedTypes: readonly string[] | ReadonlySet<string>;
      }
    | { readonly type: 'map'; readonly key: ItemTypeDefinition; readonly value: ItemTypeDefinition }
    | { readonly type: 'bag' | 'array' | 'set'; readonly item: ItemTypeDefinition }
    | { readonly type: 'object'; readonly rules: readonly RuleDefinition[] };

/** The rule of one property (spec 10 §3.2). */
export interface RuleDefinition {
    readonly itemprop: string;
    /** Default: `{ type: 'string' }`. */
    readonly itemtype?: ItemTypeDefinition | undefined;
    /** Default: `false`. */
    readonly optional?: boolean | undefined;
    /** Part of the ID; only at the top level. A type with such a rule is versioned. */
    readonly isId?: boolean | undefined;
    /** `"Recipe.itemprop"`: what this rule does not say itself is taken from there (spec 10 §3.4). */
    readonly inheritFrom?:
        string | { readonly rule: string; readonly extract: 'CollectionItemType' | 'MapItemType' } | undefined;
}

/**
 * A recipe as it is written down or read from storage; `RecipeRegistry.register` and `validateRecipe` normalize it, which must
 * come before it is written as an object: its hash depends on it. Regular expressions have no flags.
 */
export interface RecipeDefinition {
    readonly $type$: 'Recipe';
    readonly name: string;
    /** Property path → name of a merge algorithm (spec 10 §3.5). An empty map is not the same as none. */
    readonly crdtConfig?: ReadonlyMap<string, string> | undefined;
    /** The order of the rules is the order of the properties in microdata: part of the wire format. */
    readonly rule: readonly RuleDefinition[];
}

/** Item type of a validated recipe: `allowedTypes` are Sets, regular expressions are compiled, without flags. */
export type ItemType =
    | { readonly type: 'string'; readonly regexp?: RegExp | undefined }
    | { readonly type: 'integer'; readonly min?: number | undefined; readonly max?: number | undefined }
    | { readonly type: 'number'; readonly min?: number | undefined; readonly max?: number | undefined }
    | { readonly type: 'boolean' | 'stringifiable' | 'referenceToBlob' | 'referenceToClob' }
    | { readonly type: 'referenceToObj' | 'referenceToId'; readonly allowedTypes: ReadonlySet<string> }
    | { readonly type: 'map'; readonly key: ItemType; readonly value: ItemType }
    | { readonly type: 'bag' | 'array' | 'set'; readonly item: ItemType }
    | { readonly type: 'object'; readonly rules: readonly Rule[] };

/** Rule of a validated recipe. */
export interface Rule extends RuleDefinition {
    readonly itemtype?: ItemType | undefined;
}

/**
 * A validated and normalized recipe; only `validateRecipe` makes one. Frozen but for Sets, Maps and regular expressions, which
 * nobody may change either.
 */
export interface Recipe extends RecipeDefinition {
    readonly rule: readonly Rule[];
}

/**
 * Marks the definition of a recipe so that TypeScript keeps its literal types: `ObjectOf<typeof X>` is inferred from them.
 *
 * ```ts
 * const NoteRecipe = defineRecipe({
 *     $type$: 'Recipe',
 *     name: 'Note',
 *     rule: [{ itemprop: 'id', isId: true }, { itemprop: 'tags', itemtype: { type: 'set', item: { type: 'string' } } }],
 * });
 * type Note = ObjectOf<typeof NoteRecipe>; // { $type$: 'Note'; id: string; tags: ReadonlySet<string> }
 * ```
 */
export function defineRecipe<const R extends RecipeDefinition>(recipe: R): R {
    return recipe;
}

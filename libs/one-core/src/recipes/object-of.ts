// Object types inferred from recipe definitions: the recipe is the only place where a type is written down.
import type { BLOB, CLOB, SHA256Hash, SHA256IdHash, Typed } from '../hashes.ts';
import type { ItemTypeDefinition, RecipeDefinition, RuleDefinition } from './grammar.ts';

/** Shows a mapped type as one object type in messages and editors. */
type Flat<T> = { [K in keyof T]: T[K] };

/** A value for a rule of item type `stringifiable`: anything that canonical JSON can express (spec 10 §8). */
export type Stringifiable = unknown;

/**
 * The object type that a recipe describes. Properties are readonly: objects are immutable, a change is a new object.
 * `Known` are the recipes from which its rules inherit (a union of `typeof XRecipe`), besides itself; a property that
 * inherits from an unknown one has the type `never`, so that no object of the type can be made.
 */
export type ObjectOf<R extends RecipeDefinition, Known extends RecipeDefinition = never> = R extends RecipeDefinition
    ? Flat<Typed<R['name']> & Properties<R['rule'][number], R | Known, true>>
    : never;

/** The ID properties of a versioned type: what names the thing, without any version of it (spec 10 §6). */
export type IdObjectOf<R extends RecipeDefinition, Known extends RecipeDefinition = never> = R extends RecipeDefinition
    ? Flat<Typed<R['name']> & Properties<Extract<R['rule'][number], { readonly isId: true }>, R | Known, true>>
    : never;

/** `Walk`: whether nested rules inherit, too. They do not inside of an inherited item type (spec 10 §3.4). */
type Properties<R extends RuleDefinition, Known extends RecipeDefinition, Walk extends boolean> = {
    readonly [Rule in R as IsOptional<Rule, Known, Walk> extends true ? never : Rule['itemprop']]: Value<
        Rule,
        Known,
        Walk
    >;
} & {
    readonly [Rule in R as IsOptional<Rule, Known, Walk> extends true ? Rule['itemprop'] : never]?:
        Value<Rule, Known, Walk> | undefined;
};

type IsOptional<R extends RuleDefinition, Known extends RecipeDefinition, Walk extends boolean> = [R] extends [never]
    ? false
    : R extends { readonly optional: infer Optional extends boolean }
      ? Optional
      : Walk extends false
        ? false
        : R extends { readonly inheritFrom: infer From extends Source }
          ? IsOptional<Target<From, Known>, Known, true>
          : false;

/** What `inheritFrom` says if it is not undefined. */
type Source = string | { readonly rule: string };

type Value<R extends RuleDefinition, Known extends RecipeDefinition, Walk extends boolean> = Walk extends false
    ? ValueOf<ItemTypeIn<R>, Known, false>
    : R extends { readonly inheritFrom: infer From extends Source }
      ? ValueOf<Inherited<R, From, Known>, Known, false>
      : ValueOf<ItemTypeIn<R>, Known, true>;

type ItemTypeIn<R extends RuleDefinition> = R extends { readonly itemtype: infer I extends ItemTypeDefinition }
    ? I
    : { readonly type: 'string' };

/** Item type of a rule with `inheritFrom`: its own one or that of the target, then `extract`. */
type Inherited<R extends RuleDefinition, From, Known extends RecipeDefinition> = Extracted<
    From,
    'itemtype' extends keyof R
        ? ItemTypeIn<R>
        : Target<From, Known> extends infer T extends RuleDefinition
          ? [T] extends [never]
              ? never
              : T extends { readonly inheritFrom: infer Next extends Source }
                ? Inherited<T, Next, Known>
                : ItemTypeIn<T>
          : never
>;

type Extracted<From, I> = From extends { readonly extract: 'CollectionItemType' }
    ? I extends { readonly item: infer Item extends ItemTypeDefinition }
        ? Item
        : I
    : I;

/** The rule that a path names: recipe and property; further segments are ignored. */
type Target<From, Known extends RecipeDefinition> = From extends { readonly rule: infer Path }
    ? Target<Path, Known>
    : From extends `${infer Name}.${infer Rest}`
      ? Extract<Extract<Known, { readonly name: Name }>['rule'][number], { readonly itemprop: FirstSegment<Rest> }>
      : never;

type FirstSegment<Path extends string> = Path extends `${infer First}.${string}` ? First : Path;

type ValueOf<I, Known extends RecipeDefinition, Walk extends boolean> = I extends { readonly type: infer Type }
    ? Type extends 'string'
        ? string
        : Type extends 'integer' | 'number'
          ? number
          : Type extends 'boolean'
            ? boolean
            : Type extends 'stringifiable'
              ? Stringifiable
              : Type extends 'referenceToObj'
                ? SHA256Hash<Typed<AllowedTypes<I>>>
                : Type extends 'referenceToId'
                  ? SHA256IdHash<Typed<AllowedTypes<I>>>
                  : Type extends 'referenceToBlob'
                    ? SHA256Hash<BLOB>
                    : Type extends 'referenceToClob'
                      ? SHA256Hash<CLOB>
                      : CollectionValue<I, Known, Walk>
    : never;

type CollectionValue<I, Known extends RecipeDefinition, Walk extends boolean> = I extends {
    readonly type: 'array' | 'bag';
    readonly item: infer Item;
}
    ? readonly ValueOf<Item, Known, Walk>[]
    : I extends { readonly type: 'set'; readonly item: infer Item }
      ? ReadonlySet<ValueOf<Item, Known, Walk>>
      : I extends { readonly type: 'map'; readonly key: infer Key; readonly value: infer Item }
        ? ReadonlyMap<ValueOf<Key, Known, Walk>, ValueOf<Item, Known, Walk>>
        : I extends { readonly type: 'object'; readonly rules: infer Rules extends readonly RuleDefinition[] }
          ? Flat<Properties<Rules[number], Known, Walk>>
          : never;

type AllowedTypes<I> = I extends { readonly allowedTypes: infer Allowed }
    ? Allowed extends readonly (infer Name extends string)[]
        ? AnyOr<Name>
        : Allowed extends ReadonlySet<infer Name extends string>
          ? AnyOr<Name>
          : string
    : string;

/** `*` among the names stands for all of them. */
type AnyOr<Name extends string> = '*' extends Name ? string : Name;

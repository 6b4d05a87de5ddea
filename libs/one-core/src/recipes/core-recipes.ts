// The eleven recipes that every instance knows (spec 11), in the order of their registration.
import { defineRecipe } from './grammar.ts';
import type { IdObjectOf, ObjectOf } from './object-of.ts';

const personReferences = {
    type: 'bag',
    item: { type: 'referenceToId', allowedTypes: ['Person'] },
} as const;
const groupReferences = { type: 'bag', item: { type: 'referenceToId', allowedTypes: ['Group'] } } as const;
const anyObjects = { type: 'bag', item: { type: 'referenceToObj', allowedTypes: ['*'] } } as const;
const anyIdObjects = { type: 'bag', item: { type: 'referenceToId', allowedTypes: ['*'] } } as const;
const blobs = { type: 'bag', item: { type: 'referenceToBlob' } } as const;
const clobs = { type: 'bag', item: { type: 'referenceToClob' } } as const;
const namesByType = {
    type: 'map',
    key: { type: 'string' },
    value: { type: 'set', item: { type: 'string' } },
} as const;
const anyObject = { type: 'referenceToObj', allowedTypes: ['*'] } as const;
const versionNode = {
    type: 'referenceToObj',
    allowedTypes: ['VersionNodeChange', 'VersionNodeEdge', 'VersionNodeMerge'],
} as const;
/** Wider than hexadecimal, as it always was; writers use lower case hexadecimal only (spec 31 §1.1). */
const publicKey = { type: 'string', regexp: /^[A-Za-z0-9+/]{64}$/ } as const;

export const AccessRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Access',
    rule: [
        { itemprop: 'object', isId: true, itemtype: anyObject },
        { itemprop: 'person', itemtype: personReferences },
        { itemprop: 'group', itemtype: groupReferences },
    ],
});
/** Grants persons and groups one object and everything it references. Private to an instance. */
export type Access = ObjectOf<typeof AccessRecipe>;

export const IdAccessRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'IdAccess',
    rule: [
        { itemprop: 'id', isId: true, itemtype: { type: 'referenceToId', allowedTypes: ['*'] } },
        { itemprop: 'person', itemtype: personReferences },
        { itemprop: 'group', itemtype: groupReferences },
    ],
});
/** Grants persons and groups an ID object: all its versions, future ones included. Private to an instance. */
export type IdAccess = ObjectOf<typeof IdAccessRecipe>;

export const ChumRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Chum',
    rule: [
        { itemprop: 'name', isId: true },
        { itemprop: 'instance', isId: true, itemtype: { type: 'array', item: { type: 'string' } } },
        {
            itemprop: 'person',
            isId: true,
            itemtype: { type: 'array', item: { type: 'string', regexp: /^(undefined|[0-9a-f]{64})$/ } },
        },
        { itemprop: 'highestRemoteTimestamp', itemtype: { type: 'integer' } },
        { itemprop: 'AtoBObjects', itemtype: anyObjects },
        { itemprop: 'AtoBIdObjects', itemtype: anyIdObjects },
        { itemprop: 'AtoBBlob', itemtype: blobs },
        { itemprop: 'AtoBClob', itemtype: clobs },
        { itemprop: 'BtoAObjects', itemtype: anyObjects },
        { itemprop: 'BtoAIdObjects', itemtype: anyIdObjects },
        { itemprop: 'BtoABlob', itemtype: blobs },
        { itemprop: 'BtoAClob', itemtype: clobs },
        { itemprop: 'BtoAExists', itemtype: { type: 'integer' } },
        { itemprop: 'statistics', itemtype: { type: 'stringifiable' }, optional: true },
        { itemprop: 'errors', itemtype: { type: 'stringifiable' }, optional: true },
    ],
});
/** Local log of one finished synchronization session. */
export type Chum = ObjectOf<typeof ChumRecipe>;

export const GroupRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Group',
    rule: [
        { itemprop: 'name', isId: true },
        { itemprop: 'person', itemtype: personReferences },
    ],
});
/** Persons that are granted something together. Private to an instance. */
export type Group = ObjectOf<typeof GroupRecipe>;

export const InstanceRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Instance',
    rule: [
        { itemprop: 'name', isId: true },
        { itemprop: 'owner', isId: true, itemtype: { type: 'referenceToId', allowedTypes: ['Person'] } },
        {
            itemprop: 'recipe',
            itemtype: { type: 'set', item: { type: 'referenceToObj', allowedTypes: ['Recipe'] } },
        },
        { itemprop: 'enabledReverseMapTypes', itemtype: namesByType },
        { itemprop: 'enabledReverseMapTypesForIdObjects', itemtype: namesByType },
    ],
});
/** One device of a person: its application recipes and the reverse maps it keeps (type → property names). */
export type Instance = ObjectOf<typeof InstanceRecipe>;
export type InstanceId = IdObjectOf<typeof InstanceRecipe>;

export const KeysRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Keys',
    rule: [
        { itemprop: 'owner', itemtype: { type: 'referenceToId', allowedTypes: ['Instance', 'Person'] } },
        { itemprop: 'publicKey', itemtype: publicKey },
        { itemprop: 'publicSignKey', itemtype: publicKey },
    ],
});
/** Public keys of a person or an instance, 64 lower case hex digits each. Binds nothing: anybody can make one. */
export type Keys = ObjectOf<typeof KeysRecipe>;

export const PersonRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Person',
    rule: [
        { itemprop: 'email', isId: true },
        { itemprop: 'name', optional: true },
    ],
});
/** A person; `email` is any text and alone decides who it is. */
export type Person = ObjectOf<typeof PersonRecipe>;
export type PersonId = IdObjectOf<typeof PersonRecipe>;

export const RecipeRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Recipe',
    rule: [
        { itemprop: 'name', isId: true },
        {
            itemprop: 'crdtConfig',
            itemtype: { type: 'map', key: { type: 'string' }, value: { type: 'string' } },
            optional: true,
        },
        {
            itemprop: 'rule',
            itemtype: {
                type: 'array',
                item: {
                    type: 'object',
                    rules: [
                        { itemprop: 'itemprop' },
                        { itemprop: 'optional', itemtype: { type: 'boolean' }, optional: true },
                        { itemprop: 'isId', itemtype: { type: 'boolean' }, optional: true },
                        { itemprop: 'itemtype', itemtype: { type: 'stringifiable' }, optional: true },
                        { itemprop: 'inheritFrom', itemtype: { type: 'stringifiable' }, optional: true },
                    ],
                },
            },
        },
    ],
});
/** A recipe as a stored object; `RecipeRegistry.register` revives it to a `Recipe`. */
export type RecipeObject = ObjectOf<typeof RecipeRecipe>;

export const VersionNodeChangeRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'VersionNodeChange',
    rule: [
        { itemprop: 'prev', itemtype: versionNode, optional: true },
        { itemprop: 'data', itemtype: anyObject },
        { itemprop: 'depth', itemtype: { type: 'number' } },
        { itemprop: 'creationTime', itemtype: { type: 'number' } },
    ],
});
/** A local change on top of a known version. `prev` is always given, although the recipe does not ask for it. */
export type VersionNodeChange = ObjectOf<typeof VersionNodeChangeRecipe>;

export const VersionNodeEdgeRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'VersionNodeEdge',
    rule: [
        { itemprop: 'data', itemtype: anyObject },
        { itemprop: 'depth', itemtype: { type: 'number' } },
        { itemprop: 'creationTime', itemtype: { type: 'number' } },
    ],
});
/** A version without known history. `creationTime` in milliseconds since 1970. */
export type VersionNodeEdge = ObjectOf<typeof VersionNodeEdgeRecipe>;

export const VersionNodeMergeRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'VersionNodeMerge',
    rule: [
        { itemprop: 'nodes', itemtype: { type: 'set', item: versionNode } },
        { itemprop: 'data', itemtype: anyObject },
        { itemprop: 'depth', itemtype: { type: 'number' } },
        { itemprop: 'creationTime', itemtype: { type: 'number' } },
    ],
});
/** Joins several version nodes. */
export type VersionNodeMerge = ObjectOf<typeof VersionNodeMergeRecipe>;

export type VersionNode = VersionNodeChange | VersionNodeEdge | VersionNodeMerge;

/** All core recipes, in the order of their registration (spec 11). They are never stored as objects on their own. */
export const coreRecipes = [
    AccessRecipe,
    IdAccessRecipe,
    ChumRecipe,
    GroupRecipe,
    InstanceRecipe,
    KeysRecipe,
    PersonRecipe,
    RecipeRecipe,
    VersionNodeChangeRecipe,
    VersionNodeEdgeRecipe,
    VersionNodeMergeRecipe,
] as const;

export type CoreRecipe = (typeof coreRecipes)[number];

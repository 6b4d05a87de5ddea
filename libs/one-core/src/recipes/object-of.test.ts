// Types are checked by the compiler: a line that should be refused but is not fails the build (@ts-expect-error), and so
// does `same<A, B>()` for types that differ. The objects are written as well, so that types and recipes cannot part.
import { describe, expect, test } from '@jest/globals';
import {
    ensureHash,
    ensureIdHash,
    type BLOB,
    type CLOB,
    type SHA256Hash,
    type SHA256IdHash,
    type Typed,
} from '../hashes.ts';
import { Microdata } from '../microdata/microdata.ts';
import type { Access, Instance, Keys, Person, RecipeObject, VersionNodeMerge } from './core-recipes.ts';
import { defineRecipe } from './grammar.ts';
import type { IdObjectOf, ObjectOf } from './object-of.ts';
import { RecipeRegistry } from './recipe-registry.ts';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- two deferred types are equal only if A and B are
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {
    expect(true).toBe(true);
}

const hash = 'a'.repeat(64);

const EverythingRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Everything',
    rule: [
        { itemprop: 'id', isId: true },
        {
            itemprop: 'owner',
            isId: true,
            optional: true,
            itemtype: { type: 'referenceToId', allowedTypes: ['Person'] },
        },
        { itemprop: 'text', itemtype: { type: 'string', regexp: /^t/ } },
        { itemprop: 'count', itemtype: { type: 'integer', min: 0 } },
        { itemprop: 'size', itemtype: { type: 'number' }, optional: true },
        { itemprop: 'flag', itemtype: { type: 'boolean' } },
        { itemprop: 'json', itemtype: { type: 'stringifiable' } },
        { itemprop: 'list', itemtype: { type: 'array', item: { type: 'integer' } } },
        { itemprop: 'bag', itemtype: { type: 'bag', item: { type: 'string' } } },
        { itemprop: 'set', itemtype: { type: 'set', item: { type: 'referenceToBlob' } } },
        {
            itemprop: 'map',
            itemtype: {
                type: 'map',
                key: { type: 'referenceToObj', allowedTypes: ['Keys', 'Group'] },
                value: { type: 'array', item: { type: 'boolean' } },
            },
        },
        { itemprop: 'any', itemtype: { type: 'referenceToObj', allowedTypes: ['*'] } },
        { itemprop: 'clob', itemtype: { type: 'referenceToClob' } },
        {
            itemprop: 'nested',
            itemtype: {
                type: 'object',
                rules: [{ itemprop: 'a' }, { itemprop: 'b', itemtype: { type: 'number' }, optional: true }],
            },
        },
    ],
});
type Everything = ObjectOf<typeof EverythingRecipe>;

const BaseRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Base',
    rule: [
        { itemprop: 'list', itemtype: { type: 'array', item: { type: 'integer' } }, optional: true },
        { itemprop: 'map', itemtype: { type: 'map', key: { type: 'string' }, value: { type: 'integer' } } },
    ],
});
const HeirRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Heir',
    rule: [
        { itemprop: 'list', inheritFrom: 'Base.list' },
        { itemprop: 'mandatory', inheritFrom: 'Base.list', optional: false },
        { itemprop: 'item', inheritFrom: { rule: 'Base.list', extract: 'CollectionItemType' }, optional: false },
        { itemprop: 'map', inheritFrom: { rule: 'Base.map', extract: 'MapItemType' } },
        { itemprop: 'own', inheritFrom: 'Base.map', itemtype: { type: 'boolean' } },
        { itemprop: 'chain', inheritFrom: 'Heir.mandatory' },
        {
            itemprop: 'nested',
            itemtype: { type: 'object', rules: [{ itemprop: 'inner', inheritFrom: 'Base.list' }] },
        },
    ],
});
type Heir = ObjectOf<typeof HeirRecipe, typeof BaseRecipe>;

const TreeRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Tree',
    rule: [
        {
            itemprop: 'item',
            itemtype: {
                type: 'array',
                item: {
                    type: 'object',
                    rules: [{ itemprop: 'id' }, { itemprop: 'item', inheritFrom: 'Tree.item', optional: true }],
                },
            },
        },
    ],
});

const recipes = new RecipeRegistry();
for (const recipe of [EverythingRecipe, BaseRecipe, HeirRecipe, TreeRecipe]) recipes.register(recipe);
const microdata = new Microdata(recipes);

const everything: Everything = {
    $type$: 'Everything',
    id: 'x',
    text: 't',
    count: 1,
    flag: true,
    json: { any: ['thing'] },
    list: [1],
    bag: ['b'],
    set: new Set([ensureHash<BLOB>(hash)]),
    map: new Map([[ensureHash<Keys>(hash), [true]]]),
    any: ensureHash<Person>(hash),
    clob: ensureHash<CLOB>(hash),
    nested: { a: '' },
};

describe('object types are inferred from recipes', () => {
    test('core types', () => {
        same<Person, { readonly $type$: 'Person'; readonly email: string; readonly name?: string | undefined }>(true);
        same<Keys['owner'], SHA256IdHash<Typed<'Person' | 'Instance'>>>(true);
        same<Access['object'], SHA256Hash<Typed>>(true);
        same<Instance['enabledReverseMapTypes'], ReadonlyMap<string, ReadonlySet<string>>>(true);
        same<RecipeObject['rule'][number]['isId'], boolean | undefined>(true);
        same<VersionNodeMerge['depth'], number>(true);
    });

    test('every item type', () => {
        same<Everything['owner'], SHA256IdHash<Person> | undefined>(true);
        same<Everything['size'], number | undefined>(true);
        same<Everything['json'], unknown>(true);
        same<Everything['list'], readonly number[]>(true);
        same<Everything['set'], ReadonlySet<SHA256Hash<BLOB>>>(true);
        same<Everything['map'], ReadonlyMap<SHA256Hash<Typed<'Keys' | 'Group'>>, readonly boolean[]>>(true);
        same<Everything['nested'], { readonly a: string; readonly b?: number | undefined }>(true);
        same<IdObjectOf<typeof EverythingRecipe>['id'], string>(true);
        same<keyof IdObjectOf<typeof EverythingRecipe>, '$type$' | 'id' | 'owner'>(true);
        expect(microdata.parseAs(EverythingRecipe, microdata.write(everything))).toEqual(everything);
        const id: IdObjectOf<typeof EverythingRecipe> = microdata.parseIdAs(
            EverythingRecipe,
            microdata.writeId(everything),
        );
        expect(id).toEqual({ $type$: 'Everything', id: 'x' });
    });

    test('inherited items', () => {
        same<Heir['list'], readonly number[] | undefined>(true);
        same<Heir['mandatory'], readonly number[]>(true);
        same<Heir['item'], number>(true);
        same<Heir['map'], ReadonlyMap<string, number>>(true);
        same<Heir['own'], boolean>(true);
        same<Heir['chain'], readonly number[]>(true);
        same<Heir['nested'], { readonly inner?: readonly number[] | undefined }>(true);
        const heir: Heir = {
            $type$: 'Heir',
            mandatory: [1],
            item: 2,
            map: new Map([['a', 1]]),
            own: true,
            chain: [3],
            nested: { inner: [4] },
        };
        const read: Heir = microdata.parseAs(HeirRecipe, microdata.write(heir), BaseRecipe);
        expect(read).toEqual(heir);
    });

    test('recursive types, two levels deep', () => {
        const tree: ObjectOf<typeof TreeRecipe> = {
            $type$: 'Tree',
            item: [{ id: '1', item: [{ id: '2', item: 'text' }] }],
        };
        expect(microdata.parse(microdata.write(tree))).toEqual(tree);
    });
});

test('what a rule does not inherit after all', () => {
    const odd = defineRecipe({
        $type$: 'Recipe',
        name: 'Odd',
        rule: [
            { itemprop: 'a', inheritFrom: undefined },
            { itemprop: 'b', itemtype: undefined, inheritFrom: 'Base.map' },
            { itemprop: 'c', inheritFrom: 'Base.typo' },
        ],
    });
    type Odd = ObjectOf<typeof odd, typeof BaseRecipe>;
    same<Odd['a'], string>(true);
    same<Odd['b'], string>(true);
    same<Odd['c'], never>(true);
    expect(() => recipes.register(odd)).not.toThrow();
    expect(() => recipes.rulesOf('Odd')).toThrow('has no property "typo"');
});

test('a wrong property does not compile, and is refused at run time', () => {
    const refused = (value: Typed): void => expect(() => microdata.write(value)).toThrow('Cannot write');
    // @ts-expect-error -- a property that the recipe does not have
    const unknown: Person = { $type$: 'Person', email: 'a', age: 5 };
    refused(unknown);
    // @ts-expect-error -- a mandatory property is missing
    const missing: Person = { $type$: 'Person', name: 'a' };
    refused(missing);
    // @ts-expect-error -- a number is no text
    const wrong: Person = { $type$: 'Person', email: 5 };
    refused(wrong);
    // @ts-expect-error -- the name of another type
    const other: Person = { $type$: 'Group', email: 'a' };
    refused(other);
    // @ts-expect-error -- a bag is an array
    const bag: Everything = { ...everything, bag: new Set(['b']) };
    refused(bag);
    // @ts-expect-error -- a nested property that does not exist; at run time it is ignored (spec 10 §5.6)
    const nested: Everything = { ...everything, nested: { a: '', c: 1 } };
    expect(microdata.write(nested)).toBe(microdata.write(everything));
    // @ts-expect-error -- objects are immutable
    everything.count = 1;
    // @ts-expect-error -- no text is a hash
    const text: Everything = { ...everything, any: 'x' };
    refused(text);
});

test('a hash of one kind does not go where another belongs', () => {
    const person: SHA256IdHash<Person> = ensureIdHash(hash);
    const any: SHA256Hash<Typed> = ensureHash<Person>(hash);
    // @ts-expect-error -- an ID hash is no hash
    const object: SHA256Hash<Person> = person;
    // @ts-expect-error -- another type
    const instance: SHA256IdHash<Instance> = person;
    // @ts-expect-error -- a BLOB is no object
    const blob: SHA256Hash<Typed> = ensureHash<BLOB>(hash);
    // @ts-expect-error -- of any type is not of this one
    const keys: SHA256Hash<Keys> = any;
    expect(new Set([object, instance, blob, keys]).size).toBe(1);
});

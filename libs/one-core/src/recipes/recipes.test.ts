import { describe, expect, test } from '@jest/globals';
import { MAX_ITEM_TYPE_NESTING, MAX_RULES } from '../limits.ts';
import { Microdata } from '../microdata/microdata.ts';
import { coreRecipes, PersonRecipe } from './core-recipes.ts';
import type { ItemTypeDefinition, Rule, RuleDefinition } from './grammar.ts';
import { mergeAlgorithm } from './merge-algorithm.ts';
import { recipeHazards } from './recipe-hazards.ts';
import { RecipeRegistry } from './recipe-registry.ts';
import { validateRecipe } from './validate-recipe.ts';

const recipe = (...rule: unknown[]) => ({ $type$: 'Recipe', name: 'N', rule });
const text: ItemTypeDefinition = { type: 'string' };

function registryWith(...recipes: { name: string; rule: RuleDefinition[] }[]): RecipeRegistry {
    const registry = new RecipeRegistry();
    for (const one of recipes) registry.register({ $type$: 'Recipe', ...one });
    return registry;
}

describe('validation', () => {
    test.each([
        ['rule[1]', recipe({ itemprop: 'a' }, null)],
        ['rule[0].itemtype', recipe({ itemprop: 'a', itemtype: 7 })],
        ['rule[0].itemtype.item', recipe({ itemprop: 'a', itemtype: { type: 'set', item: { type: 'x' } } })],
        [
            'rule[0].itemtype.value.item',
            recipe({ itemprop: 'a', itemtype: { type: 'map', key: text, value: { type: 'bag', item: 1 } } }),
        ],
        [
            'rule[0].itemtype.rules[1].itemprop',
            recipe({ itemprop: 'a', itemtype: { type: 'object', rules: [{ itemprop: 'b' }, {}] } }),
        ],
        ['rule[0].itemtype.regexp', recipe({ itemprop: 'a', itemtype: { type: 'string', regexp: '(' } })],
        ['rule[0].optional', recipe({ itemprop: 'a', optional: 'yes' })],
        ['rule[0].itemprop', recipe({ itemprop: '__proto__' })],
        ['rule[0].inheritFrom', recipe({ itemprop: 'a', inheritFrom: 5 })],
        ['name', { $type$: 'Recipe', name: 'a b', rule: [] }],
        ['crdtConfig', { ...recipe(), crdtConfig: { a: 'b' } }],
        ['rule[0].itemtype', recipe({ itemprop: 'a', itemtype: { type: 'boolean', inheritFrom: 'A.b' } })],
    ])('names the place: %s', (path, invalid) => {
        expect(() => validateRecipe(invalid)).toThrow(expect.objectContaining({ path, name: 'InvalidRecipeError' }));
        expect(() => validateRecipe(invalid)).toThrow(`at ${path} is refused: `);
    });

    test('leaves what came in as it is, and returns something frozen to the last member', () => {
        const input = recipe({
            itemprop: 'a',
            itemtype: { type: 'array', item: { type: 'referenceToId', allowedTypes: ['B', 'A'] } },
        });
        const before = structuredClone(input);
        const valid = validateRecipe(input);
        expect(input).toEqual(before);
        const itemtype = valid.rule[0]?.itemtype;
        expect(itemtype).toMatchObject({ item: { allowedTypes: new Set(['A', 'B']) } });
        for (const part of [valid, valid.rule, valid.rule[0], itemtype]) expect(Object.isFrozen(part)).toBe(true);
        expect(validateRecipe(valid)).toEqual(valid);
    });

    test('reads each member once, and keeps nothing of the caller', () => {
        let reads = 0;
        const inheritFrom = { rule: 'A.b', extract: 'CollectionItemType' };
        const rule = Object.defineProperty({ itemprop: 'a' }, 'inheritFrom', {
            enumerable: true,
            get: () => (reads++ === 0 ? inheritFrom : 5),
        });
        const crdtConfig = new Map([['a', 'Register']]);
        const valid = validateRecipe({ ...recipe(rule), crdtConfig });
        inheritFrom.rule = 'changed';
        crdtConfig.clear();
        expect(valid.rule[0]?.inheritFrom).toEqual({ rule: 'A.b', extract: 'CollectionItemType' });
        expect(valid.crdtConfig).toEqual(new Map([['a', 'Register']]));
        expect(reads).toBe(1);
    });

    test('takes holes of arrays for what they are', () => {
        const holes = (length: number) => new Array<unknown>(length);
        expect(() => validateRecipe({ ...recipe(), rule: holes(1) })).toThrow(
            'at rule[0] is refused: a rule is an object',
        );
        expect(() => validateRecipe(recipe({ itemprop: 'a', itemtype: { type: 'object', rules: holes(1) } }))).toThrow(
            'rules[0]',
        );
        const allowedTypes = holes(1);
        expect(() =>
            validateRecipe(recipe({ itemprop: 'a', itemtype: { type: 'referenceToObj', allowedTypes } })),
        ).toThrow('ERECI14');
    });

    test('shows names on one line and shortened', () => {
        const name = `T\n{"level":50}${'x'.repeat(10_000)}`;
        for (const invalid of [{ ...recipe(), name }, recipe({ itemprop: 'a', [name]: 1 })]) {
            let message = '';
            try {
                validateRecipe(invalid);
            } catch (error) {
                message = String(error);
            }
            expect(message.length).toBeLessThan(600);
            expect(message).toContain('is refused');
            expect(message).not.toContain('\n');
        }
    });

    test('takes regular expressions without flags', () => {
        const valid = validateRecipe(recipe({ itemprop: 'a', itemtype: { type: 'string', regexp: /^x/gi } }));
        expect(valid.rule[0]?.itemtype).toEqual({ type: 'string', regexp: /^x/ });
    });

    test('bounds nesting and the number of rules', () => {
        const lists = (depth: number): ItemTypeDefinition =>
            depth === 0 ? text : { type: 'array', item: lists(depth - 1) };
        const objects = (depth: number): ItemTypeDefinition =>
            depth === 0 ? text : { type: 'object', rules: [{ itemprop: 'x', itemtype: objects(depth - 1) }] };
        for (const nested of [lists, objects]) {
            validateRecipe(recipe({ itemprop: 'a', itemtype: nested(MAX_ITEM_TYPE_NESTING - 1) }));
            expect(() => validateRecipe(recipe({ itemprop: 'a', itemtype: nested(MAX_ITEM_TYPE_NESTING) }))).toThrow(
                'nest at most',
            );
        }
        const circle: { type: 'object'; rules: unknown[] } = { type: 'object', rules: [] };
        circle.rules.push({ itemprop: 'b', itemtype: circle });
        expect(() => validateRecipe(recipe({ itemprop: 'a', itemtype: circle }))).toThrow('nest at most');
        const many = Array.from({ length: MAX_RULES + 1 }, (_, i) => ({ itemprop: `p${i}` }));
        expect(() => validateRecipe(recipe(...many))).toThrow('at most');
    });
});

describe('a registry', () => {
    test('knows the core types, in their order, and which of them have versions', () => {
        const registry = new RecipeRegistry();
        expect(registry.values().map(({ name }) => name)).toEqual(coreRecipes.map(({ name }) => name));
        expect(registry.isVersioned('Person')).toBe(true);
        expect(registry.isVersioned('Keys')).toBe(false);
        expect(registry.has('Nope')).toBe(false);
        expect(() => registry.get('Nope')).toThrow(
            'There is no recipe for the type "Nope"; register it first (OR-GR1).',
        );
    });

    test('takes a name once, and is independent of others', () => {
        const registry = registryWith({ name: 'N', rule: [] });
        expect(() => registry.register(PersonRecipe)).toThrow(expect.objectContaining({ code: 'OR-ADDR1' }));
        expect(() => registry.register(recipe())).toThrow('"N" is registered already');
        expect(new RecipeRegistry().has('N')).toBe(false);
    });

    test('resolves inheritance when it is used, not when it is registered', () => {
        const registry = registryWith({ name: 'Heir', rule: [{ itemprop: 'a', inheritFrom: 'Base.b' }] });
        expect(() => registry.rulesOf('Heir')).toThrow(expect.objectContaining({ code: 'OR-GR1' }));
        registry.register({ $type$: 'Recipe', name: 'Base', rule: [{ itemprop: 'x' }] });
        expect(() => registry.rulesOf('Heir')).toThrow('Recipe "Base" has no property "b" to inherit from (OR-GR01)');
    });

    test('leaves nested rules of an inherited item type as they are, and never inherits isId', () => {
        const nested: RuleDefinition = { itemprop: 'n', inheritFrom: 'Base.list' };
        const registry = registryWith(
            {
                name: 'Base',
                rule: [
                    { itemprop: 'list', itemtype: { type: 'array', item: text }, isId: true },
                    { itemprop: 'box', itemtype: { type: 'object', rules: [nested] } },
                ],
            },
            {
                name: 'Heir',
                rule: [
                    { itemprop: 'box', inheritFrom: 'Base.box' },
                    { itemprop: 'list', inheritFrom: 'Base.list' },
                ],
            },
        );
        expect(registry.rulesOf('Heir')[0]?.itemtype).toEqual({ type: 'object', rules: [nested] });
        expect(registry.rulesOf('Base')[1]?.itemtype).toEqual({
            type: 'object',
            rules: [{ itemprop: 'n', itemtype: { type: 'array', item: text }, isId: false }],
        });
        expect(registry.rulesOf('Heir').map(({ isId }) => isId)).toEqual([false, false]);
    });

    test('extracts from collections only', () => {
        const list: ItemTypeDefinition = { type: 'array', item: { type: 'integer' } };
        // Unknown members of a string are legal.
        const odd = { type: 'string', item: { type: 'integer' } } as ItemTypeDefinition;
        const extract = (what: 'CollectionItemType' | 'MapItemType', itemprop: string) =>
            registryWith(
                {
                    name: 'Base',
                    rule: [
                        { itemprop: 'list', itemtype: list },
                        { itemprop: 'text' },
                        { itemprop: 'odd', itemtype: odd },
                    ],
                },
                { name: 'Heir', rule: [{ itemprop: 'a', inheritFrom: { rule: `Base.${itemprop}`, extract: what } }] },
            ).rulesOf('Heir')[0]?.itemtype;
        expect(extract('CollectionItemType', 'list')).toEqual({ type: 'integer' });
        expect(extract('CollectionItemType', 'text')).toBeUndefined();
        expect(() => extract('MapItemType', 'list')).toThrow(expect.objectContaining({ code: 'OR-RSRI2' }));
        expect(() => extract('CollectionItemType', 'odd')).toThrow(expect.objectContaining({ code: 'OR-RSRI1' }));
    });

    test('ends a circle of inheritance, but not a long chain', () => {
        const circle = registryWith({
            name: 'A',
            rule: [
                { itemprop: 'a', inheritFrom: 'A.b' },
                { itemprop: 'b', inheritFrom: 'A.a' },
            ],
        });
        expect(() => circle.rulesOf('A')).toThrow('inherits from itself');
        const links = MAX_RULES - 1;
        const chain = Array.from({ length: links }, (_, i) => ({ itemprop: `p${i}`, inheritFrom: `A.p${i + 1}` }));
        const last: Rule = { itemprop: `p${links}`, itemtype: { type: 'boolean' } };
        const long = registryWith({ name: 'A', rule: [...chain, last] });
        expect(long.expand(long.get('A').rule[0] ?? last).itemtype).toEqual({ type: 'boolean' });
        expect(long.rulesOf('A').every(({ itemtype }) => itemtype?.type === 'boolean')).toBe(true);
    });
});

describe('hazards for deployed peers', () => {
    const person: ItemTypeDefinition = { type: 'referenceToId', allowedTypes: ['Person'] };
    const nested = (itemprop: string): ItemTypeDefinition => ({ type: 'object', rules: [{ itemprop }] });
    const codes = (...rule: RuleDefinition[]) =>
        recipeHazards(
            registryWith(
                {
                    name: 'Base',
                    rule: [
                        { itemprop: 'list', itemtype: { type: 'array', item: text } },
                        { itemprop: 'box', itemtype: nested('x') },
                    ],
                },
                { name: 'T', rule },
            ),
            'T',
        ).map(({ code, property }) => `${code} ${property}`);

    test('core recipes have none', () => {
        for (const { name } of coreRecipes) expect(recipeHazards(new RecipeRegistry(), name)).toEqual([]);
    });

    test.each<[string, RuleDefinition[]]>([
        ['ID_OBJECT a', [{ itemprop: 'a', isId: true, itemtype: nested('x') }]],
        ['ID_OBJECT a', [{ itemprop: 'a', isId: true, inheritFrom: 'Base.box' }]],
        ['ID_INHERITED_COLLECTION a', [{ itemprop: 'a', isId: true, inheritFrom: 'Base.list' }]],
        [
            'ID_BEHIND_NESTED_NAMESAKE a',
            [
                { itemprop: 'm', itemtype: { type: 'map', key: text, value: nested('a') } },
                { itemprop: 'a', isId: true },
            ],
        ],
        [
            'OPTIONAL_ID_BEFORE_NESTED_NAMESAKE a',
            [
                { itemprop: 'a', isId: true, optional: true },
                { itemprop: 'm', itemtype: { type: 'set', item: nested('a') } },
            ],
        ],
        [
            'OPTIONAL_REFERENCE_IN_THE_MIDDLE a',
            [{ itemprop: 'a', optional: true, itemtype: person }, { itemprop: 'b' }],
        ],
        ['PROPERTY_TWICE a', [{ itemprop: 'a' }, { itemprop: 'a' }]],
        [
            'RECURSIVE a',
            [
                {
                    itemprop: 'a',
                    itemtype: {
                        type: 'array',
                        item: { type: 'object', rules: [{ itemprop: 'b', inheritFrom: 'T.a' }] },
                    },
                },
            ],
        ],
    ])('%s', (expected, rules) => {
        expect(codes(...rules)).toEqual([expected]);
    });

    test.each<[string, RuleDefinition[]]>([
        ['an optional reference at the end', [{ itemprop: 'b' }, { itemprop: 'a', optional: true, itemtype: person }]],
        [
            'one before a mandatory reference',
            [
                { itemprop: 'a', optional: true, itemtype: person },
                { itemprop: 'b', itemtype: person },
            ],
        ],
        [
            'a nested namesake of another kind',
            [
                { itemprop: 'm', itemtype: nested('a') },
                { itemprop: 'a', isId: true, itemtype: person },
            ],
        ],
        [
            'a nested namesake behind a mandatory ID',
            [
                { itemprop: 'a', isId: true },
                { itemprop: 'm', itemtype: nested('a') },
            ],
        ],
        ['an ID collection of its own', [{ itemprop: 'a', isId: true, itemtype: { type: 'array', item: text } }]],
    ])('%s is none', (_, rules) => {
        expect(codes(...rules)).toEqual([]);
    });
});

describe('a type that grows with those it inherits', () => {
    const many = (length: number, itemtype?: ItemTypeDefinition): RuleDefinition[] =>
        Array.from({ length }, (_, i) =>
            itemtype === undefined ? { itemprop: `p${i}` } : { itemprop: `p${i}`, itemtype },
        );

    test('is compiled once per part', () => {
        const registry = registryWith(
            { name: 'Base', rule: [{ itemprop: 'box', itemtype: { type: 'object', rules: many(900) } }] },
            { name: 'Heir', rule: many(900).map(rule => ({ ...rule, inheritFrom: 'Base.box', optional: true })) },
        );
        expect(new Microdata(registry).write({ $type$: 'Heir' })).toContain('Heir');
    });

    test('is refused beyond a bound, when it is used', () => {
        const bases = Array.from({ length: 30 }, (_, i) => ({
            name: `Base${i}`,
            rule: [{ itemprop: 'box', itemtype: { type: 'object' as const, rules: many(100) } }],
        }));
        const heirs = bases.map(({ name }) => ({ itemprop: name, inheritFrom: `${name}.box`, optional: true }));
        const registry = registryWith(...bases, { name: 'Heir', rule: heirs });
        expect(() => new Microdata(registry).write({ $type$: 'Heir' })).toThrow('inherited ones included (OR-SIZE)');
    });
});

test('hazards are told when a recipe is registered', () => {
    const told: string[] = [];
    const registry = new RecipeRegistry({ onHazard: ({ code }) => told.push(code) });
    registry.register({ $type$: 'Recipe', name: 'A', rule: [{ itemprop: 'a' }, { itemprop: 'a' }] });
    registry.register({ $type$: 'Recipe', name: 'B', rule: [{ itemprop: 'a', inheritFrom: 'Later.a' }] });
    expect(told).toEqual(['PROPERTY_TWICE']);
    registry.register({ $type$: 'Recipe', name: 'C', rule: [{ itemprop: 'i', isId: true, inheritFrom: 'D.l' }] });
    const list: ItemTypeDefinition = { type: 'set', item: text };
    registry.register({ $type$: 'Recipe', name: 'D', rule: [{ itemprop: 'l', itemtype: list }] });
    expect(told).toEqual(['PROPERTY_TWICE', 'ID_INHERITED_COLLECTION']);
});

describe('the merge algorithm of a path', () => {
    const config = new Map([
        ['a', 'ForA'],
        ['a#set', 'ForSetA'],
        ['m.*', 'Any'],
        ['m.*#map', 'AnyMap'],
        ['*.k', 'EveryK'],
        ['m2.k', 'ForM2K'],
        ['*.j', 'ByName'],
        ['m3.*', 'Weaker'],
        ['*.b.k', 'FirstOfEquals'],
        ['a.*.k', 'SecondOfEquals'],
        ['x.*.y#string', 'Deep'],
        ['*', 'Top'],
        ['*.*.*', 'Three'],
    ]);
    const configured = validateRecipe({ ...recipe(), crdtConfig: config });

    test.each([
        ['a', 'set', 'ForSetA'],
        ['a', 'bag', 'ForA'],
        ['b', 'string', 'Top'],
        ['m.z', 'string', 'Any'],
        ['m.z', 'map', 'AnyMap'],
        ['m.k', 'string', 'EveryK'],
        ['m2.k', 'string', 'ForM2K'],
        ['m4.k', 'integer', 'EveryK'],
        ['m3.j', 'string', 'ByName'],
        ['a.b.k', 'string', 'FirstOfEquals'],
        ['m.k', 'map', 'AnyMap'],
        ['x.0.y', 'string', 'Deep'],
        ['x.0.y', 'integer', 'Three'],
        ['p.q.r.s', 'mapEntry', 'OptionalValue'],
        ['p.q.r.s', 'object', 'NotAvailable'],
    ] as const)('%s (%s) is %s', (path, kind, algorithm) => {
        expect(mergeAlgorithm(configured, path, kind)).toBe(algorithm);
    });

    test('is a default without configuration', () => {
        expect(mergeAlgorithm(validateRecipe(recipe()), 'a', 'referenceToObj')).toBe('ReferenceToObj');
        expect(mergeAlgorithm(validateRecipe(recipe()), 'a', 'bag')).toBe('Set');
    });
});

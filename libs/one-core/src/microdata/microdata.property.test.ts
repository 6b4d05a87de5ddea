import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Typed } from '../hashes.ts';
import type { ItemTypeDefinition, RecipeDefinition, RuleDefinition } from '../recipes/grammar.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { encodeTagged } from '../vectors/tagged-values.ts';
import { stringifyCanonical } from './canonical-json.ts';
import { MicrodataError } from './microdata-errors.ts';
import { Microdata } from './microdata.ts';
import { parseTolerant } from './tolerant.ts';

/** An item type with values that fit it. */
interface Sample {
    readonly itemtype: ItemTypeDefinition;
    readonly value: fc.Arbitrary<unknown>;
}

const PIECES = [
    'a',
    'b',
    'é',
    '😀',
    '&',
    '<',
    '>',
    '"',
    '&amp;',
    '<li>',
    '</span>',
    '\u0000',
    '\n',
    ' ',
    '/',
    '0',
    '1',
    '~',
];
const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 5 }),
);
const json = fc.oneof(
    text,
    fc.object({
        key: fc.string({ unit: fc.constantFrom('a', 'é', '0', '9', '<', '&', ' '), maxLength: 3 }),
        values: [text, fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)],
        maxDepth: 2,
        maxKeys: 3,
    }),
);
const hash = fc.integer({ min: 0, max: 20 }).map(n => n.toString(16).padStart(64, '0'));
const allowedTypes = ['*'];
/** Without -0: it is written as 0, so that a set of both could not be read back. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0);

const scalars: readonly Sample[] = [
    { itemtype: { type: 'string' }, value: text },
    { itemtype: { type: 'string', regexp: /^[^x]*$/ }, value: text.filter(value => !value.includes('x')) },
    { itemtype: { type: 'integer' }, value: fc.oneof(fc.integer(), fc.maxSafeInteger()) },
    { itemtype: { type: 'number' }, value: number },
    { itemtype: { type: 'boolean' }, value: fc.boolean() },
    { itemtype: { type: 'referenceToObj', allowedTypes }, value: hash },
    { itemtype: { type: 'referenceToId', allowedTypes }, value: hash },
    { itemtype: { type: 'referenceToBlob' }, value: hash },
    { itemtype: { type: 'referenceToClob' }, value: hash },
];

function sample(depth: number): fc.Arbitrary<Sample> {
    const scalar = fc.constantFrom(...scalars);
    const any = fc.oneof(scalar, fc.constant<Sample>({ itemtype: { type: 'stringifiable' }, value: json }));
    if (depth === 0) return any;
    const inner = sample(depth - 1);
    const list = (type: 'array' | 'bag' | 'set') =>
        inner.map(({ itemtype, value }): Sample => {
            const items = fc.array(value, { maxLength: 4 });
            return {
                itemtype: { type, item: itemtype },
                value: type === 'set' ? items.map(values => new Set(values)) : items,
            };
        });
    return fc.oneof(
        { weight: 2, arbitrary: any },
        list('array'),
        list('bag'),
        list('set'),
        fc.tuple(scalar, inner).map(([key, item]): Sample => ({
            itemtype: { type: 'map', key: key.itemtype, value: item.itemtype },
            value: fc.array(fc.tuple(key.value, item.value), { maxLength: 3 }).map(entries => new Map(entries)),
        })),
        properties(depth - 1).map(({ rules, value }): Sample => ({ itemtype: { type: 'object', rules }, value })),
    );
}

/** Rules with unique names, and objects that have all mandatory and some optional properties. */
function properties(
    depth: number,
): fc.Arbitrary<{ rules: RuleDefinition[]; value: fc.Arbitrary<Record<string, unknown>> }> {
    const rule = fc.record({
        name: fc.constantFrom('a', 'b', 'c', 'é&', 'constructor'),
        optional: fc.boolean(),
        sample: sample(depth),
    });
    return fc.uniqueArray(rule, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }).map(list => ({
        rules: list.map(({ name, optional, sample }) => ({ itemprop: name, itemtype: sample.itemtype, optional })),
        value: fc.record(Object.fromEntries(list.map(({ name, sample }) => [name, sample.value])), {
            requiredKeys: list.filter(({ optional }) => !optional).map(({ name }) => name),
        }),
    }));
}

/** A type and an object of it, in random order of the properties. */
const typeAndObject = properties(2).chain(({ rules, value }) =>
    fc.record({
        recipe: fc.constant<RecipeDefinition>({
            $type$: 'Recipe',
            name: 'T',
            rule: rules.map((rule, i) =>
                i === 0 && rule.itemtype?.type !== 'object' ? { ...rule, isId: true } : rule,
            ),
        }),
        object: value
            // null of a top-level stringifiable counts as absent there.
            .filter(object => Object.values(object).every(member => member !== null))
            .chain(object => fc.shuffledSubarray(Object.entries(object), { minLength: Object.keys(object).length }))
            .map((entries): Typed => ({ $type$: 'T', ...Object.fromEntries(entries) })),
    }),
);

function microdataOf(recipe: RecipeDefinition): Microdata {
    const recipes = new RecipeRegistry();
    recipes.register(recipe);
    return new Microdata(recipes);
}

/** A value without what its type does not preserve: the order of bags and sets, the kinds of JSON. */
function normalized(itemtype: ItemTypeDefinition, value: unknown): unknown {
    switch (itemtype.type) {
        case 'stringifiable':
            return stringifyCanonical(value);
        case 'array':
            return (value as unknown[]).map(item => normalized(itemtype.item, item));
        case 'bag':
        case 'set':
            return Array.from(value as Iterable<unknown>, item => encodeTagged(normalized(itemtype.item, item))).sort();
        case 'map':
            return Array.from(value as Map<unknown, unknown>, ([key, item]) => [
                normalized(itemtype.key, key),
                normalized(itemtype.value, item),
            ]);
        case 'object':
            return itemtype.rules.map(({ itemprop, itemtype: inner }) => {
                const member = (value as Record<string, unknown>)[itemprop];
                return Object.hasOwn(value as object, itemprop)
                    ? normalized(inner ?? { type: 'string' }, member)
                    : 'absent';
            });
        default:
            return value;
    }
}

describe('writing and reading', () => {
    test('give the same object again, and the same text', () => {
        fc.assert(
            fc.property(typeAndObject, ({ recipe, object }) => {
                const microdata = microdataOf(recipe);
                const text = microdata.write(object);
                const parsed = microdata.parse(text);
                const all: ItemTypeDefinition = { type: 'object', rules: recipe.rule };
                expect(normalized(all, parsed)).toEqual(normalized(all, object));
                expect(microdata.write(parsed)).toBe(text);
                expect(parseTolerant(microdata.recipes, text)).toEqual(parsed);
                if (!microdata.recipes.isVersioned('T')) return;
                const id = microdata.writeId(object);
                expect(microdata.writeId(microdata.parseId(id))).toBe(id);
                expect(microdata.writeId(parsed)).toBe(id);
            }),
        );
    });

    test('do not depend on the order in which properties were set', async () => {
        await fc.assert(
            fc.asyncProperty(typeAndObject, async ({ recipe, object }) => {
                const microdata = microdataOf(recipe);
                const { $type$, ...rest } = object;
                const reversed = { ...Object.fromEntries(Object.entries(rest).reverse()), $type$ };
                expect(await microdata.hash(reversed)).toBe(await microdata.hash(object));
                expect(await new Microdata(microdata.recipes).hash(object)).toBe(await microdata.hash(object));
            }),
        );
    });
});

const FRAGMENTS = [
    ...[
        '<',
        '>',
        '&',
        '&amp;',
        '&quot;',
        '</div>',
        '<div>',
        '<li>',
        '</li>',
        '<ul>',
        '<dt>x</dt>',
        '</span>',
        ' ',
        '0',
        '1',
    ],
    ...['-', '.0', 'e1', 'null', 'true', '"', '{', '}', '[1]', '<span itemprop="a">', ' itemprop="b"', '\ud800', 'A'],
];
/** Changes of a text: a part is removed, doubled, replaced or moved. */
const change = fc.record({
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }), fc.constant(60)),
    with: fc.oneof(fc.constant(''), fc.constantFrom(...FRAGMENTS), fc.constant('double'), fc.constant('swap')),
});

function changed(
    text: string,
    { from, length, with: replacement }: { from: number; length: number; with: string },
): string {
    const start = Math.floor(from * text.length);
    const [before, part, after] = [text.slice(0, start), text.slice(start, start + length), text.slice(start + length)];
    if (replacement === 'double') return before + part + part + after;
    if (replacement === 'swap') return before + after.slice(0, length) + part + after.slice(length);
    return before + replacement + after;
}

describe('changed microdata', () => {
    const changedText = fc.record({ type: typeAndObject, changes: fc.array(change, { minLength: 1, maxLength: 3 }) });

    test('is refused, or read as an object that is written exactly so', () => {
        let accepted = 0;
        fc.assert(
            fc.property(changedText, ({ type: { recipe, object }, changes }) => {
                const microdata = microdataOf(recipe);
                const text = changes.reduce(changed, microdata.write(object));
                let parsed: Typed;
                try {
                    parsed = microdata.parse(text);
                } catch (error) {
                    expect(error).toBeInstanceOf(MicrodataError);
                    return;
                }
                accepted++;
                expect(microdata.write(parsed, { lossy: true })).toBe(text);
            }),
        );
        expect(accepted).toBeGreaterThan(0);
    });

    test('is accepted if and only if reading it tolerantly and writing that gives it again', () => {
        fc.assert(
            fc.property(changedText, ({ type: { recipe, object }, changes }) => {
                const microdata = microdataOf(recipe);
                const text = changes.reduce(changed, microdata.write(object));
                const strict = outcome(() => microdata.parse(text));
                const rewritten = outcome(() =>
                    microdata.write(parseTolerant(microdata.recipes, text), { lossy: true }),
                );
                expect(strict !== undefined).toBe(rewritten === text);
                if (strict !== undefined) expect(parseTolerant(microdata.recipes, text)).toEqual(strict);
            }),
        );
    });
});

function outcome<T>(run: () => T): T | undefined {
    try {
        return run();
    } catch {
        return undefined;
    }
}

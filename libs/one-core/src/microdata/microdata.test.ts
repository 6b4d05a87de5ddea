import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { OneError } from '../errors.ts';
import type { Typed } from '../hashes.ts';
import { MAX_JSON_NESTING, MAX_MICRODATA_LENGTH } from '../limits.ts';
import type { RuleDefinition } from '../recipes/grammar.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { stringifyCanonical } from './canonical-json.ts';
import { contentTypeOfBytes, contentTypeOfText } from './content-type.ts';
import { MicrodataError } from './microdata-errors.ts';
import { Microdata } from './microdata.ts';

function microdataOf(...rule: RuleDefinition[]): Microdata {
    const recipes = new RecipeRegistry();
    recipes.register({ $type$: 'Recipe', name: 'T', rule });
    return new Microdata(recipes);
}

const everything = microdataOf(
    { itemprop: 'id', isId: true },
    { itemprop: 'list', itemtype: { type: 'array', item: { type: 'set', item: { type: 'integer' } } }, optional: true },
    {
        itemprop: 'map',
        itemtype: { type: 'map', key: { type: 'string' }, value: { type: 'object', rules: [{ itemprop: 'x' }] } },
        optional: true,
    },
    { itemprop: 'json', itemtype: { type: 'stringifiable' }, optional: true },
    { itemprop: 'n', itemtype: { type: 'number' }, optional: true },
);
const object = (more: object): Typed & { id: string } => ({ $type$: 'T', id: 'a', ...more });
const frame = (inner: string): string =>
    `<div itemscope itemtype="//refin.io/T"><span itemprop="id">a</span>${inner}</div>`;

describe('what is refused is named', () => {
    const symbol = Symbol('private');
    test.each<[string, object]>([
        ['Cannot write T.id: a number is not a string (O2M-RTYC1).', { id: 5 }],
        ['Cannot write T.id: it is missing (O2M-RTYC2).', { id: null }],
        ['Cannot write T.list[1]: an object is not a Set', { list: [new Set(), Object('x')] }],
        ['Cannot write T.list[0][2]: a string is not an integer', { list: [new Set([1, 2, 'x'])] }],
        [
            'Cannot write T.map[1].x: it is missing',
            {
                map: new Map<string, object>([
                    ['a', { x: '' }],
                    ['k', {}],
                ]),
            },
        ],
        ['Cannot write T.map[0]: a number is not a string', { map: new Map([[5, {}]]) }],
        ['Cannot write T.n: NaN cannot be stored (NUMBER_NOT_FINITE).', { n: NaN }],
        ['Cannot write T.id: an unpaired surrogate would be stored as U+FFFD', { id: '\ud800' }],
        ['Cannot write T.json: a bigint has no JSON text (USS-STR4).', { json: { a: [1n] } }],
        ['Cannot write T.json: a built-in or special object has no JSON text', { json: new Uint8Array(2) }],
        ['Cannot write T: the recipe has no property "more" (O2M-COBJ2).', { more: undefined }],
        ['Cannot write T: the recipe has no property "Symbol(private)"', { [symbol]: 1 }],
        ['Cannot write T.list[1]: undefined is not a Set', { list: [new Set(), , new Set()] }], // eslint-disable-line no-sparse-arrays
    ])('%s', (message, more) => {
        expect(() => everything.write(object(more))).toThrow(message);
    });

    test('without showing values', () => {
        expect(() => everything.write(object({ list: 'secret' }))).toThrow(
            'Cannot write T.list: a string is not an array',
        );
    });

    test('in texts with the place', () => {
        const text = frame('<ol itemprop="list"><li><ul><li>01</li></ul></li></ol>');
        expect(() => everything.parse(text)).toThrow(
            'Microdata is refused at character 99: it is not an integer in its shortest form (M2O-PV2).',
        );
        const error = refusal(() => everything.parse(text)) as MicrodataError;
        expect(error.excerpt()).toBe('01</li></ul></li></ol></div>');
        const long = refusal(() => everything.parse('x'.repeat(1_000_000))) as MicrodataError;
        expect(long.excerpt()).toHaveLength(80);
    });

    test('in messages of bounded length, on one line, without what a person wrote', () => {
        const secret = `my secret\n${'x'.repeat(100_000)}`;
        const attempts: (() => unknown)[] = [
            () => everything.write(object({ map: new Map([[secret, {}]]) })),
            () => everything.write(object({ list: [new Set([secret])] })),
            () => everything.write(object({ json: { [`${secret}"`]: 1 } })),
            () => everything.write(object({ [secret]: 1 })),
            () => everything.write({ $type$: secret }),
            () => everything.parse(frame(`<span itemprop="json">${secret}</span>`)),
            () => everything.parse(`<div itemscope itemtype="//refin.io/${secret}"></div>`),
        ];
        for (const [i, attempt] of attempts.entries()) {
            const shown = inspect(refusal(attempt), { depth: 10 }).split('\n    at ')[0] ?? '';
            expect(shown.length).toBeLessThan(500);
            expect(shown).not.toContain('secret\nx');
            // Names of properties, keys and types are shown, shortened; contents are not.
            if (i < 2 || i === 5) expect(shown).not.toContain('secret');
        }
    });
});

/** The error of something that must fail. */
function refusal(run: () => unknown): unknown {
    try {
        run();
    } catch (error) {
        expect(error).toBeInstanceOf(OneError);
        return error;
    }
    throw new Error('It is accepted.');
}

test('nothing is written that could not be read back', () => {
    const microdata = microdataOf(
        { itemprop: 'json', itemtype: { type: 'stringifiable' }, optional: true },
        { itemprop: 'set', itemtype: { type: 'set', item: { type: 'stringifiable' } }, optional: true },
        {
            itemprop: 'map',
            itemtype: { type: 'map', key: { type: 'number' }, value: { type: 'string' } },
            optional: true,
        },
    );
    const epoch = '1970-01-01T00:00:00.000Z';
    for (const wrong of [
        { json: NaN },
        { json: { toJSON: () => null } },
        { set: new Set([NaN, null]) },
        { set: new Set([new Date(0), epoch]) },
    ])
        expect(refusal(() => microdata.write({ $type$: 'T', ...wrong }))).toMatchObject({
            name: 'ObjectRefusedError',
        });
    const map = new Map([
        [NaN, ''],
        [Infinity, ''],
    ]);
    expect(() => microdata.write({ $type$: 'T', map } as Typed, { lossy: true })).toThrow('written alike');
    const alike = { $type$: 'T', set: new Set([{ a: 1 }, { a: 1 }, [1], [1]]) } as Typed;
    expect(microdata.write(microdata.parse(microdata.write(alike)))).toBe(microdata.write(alike));
});

test('a text on which a regular expression ends the stack is refused', () => {
    const microdata = microdataOf({ itemprop: 'a', itemtype: { type: 'string', regexp: /^([0-9a-f]{2})*$/ } });
    expect(refusal(() => microdata.write({ $type$: 'T', a: 'ab'.repeat(8_000_000) } as Typed))).toMatchObject({
        code: 'O2M-RTYC3',
    });
});

describe('values that are none', () => {
    const realm = runInNewContext(
        '({ set: new Set([1]), map: new Map([["a", 1]]), date: new Date(0), list: [1] })',
    ) as Record<string, unknown>;
    class Strange {
        get x(): string {
            throw new Error('a getter');
        }
    }

    test.each<[string, unknown]>([
        ['a boxed text', Object('x')],
        ['a boxed bigint', Object(1n)],
        ['a buffer', new ArrayBuffer(2)],
        ['shared memory', new SharedArrayBuffer(2)],
        ['a typed array without prototype', Object.setPrototypeOf(new Uint8Array(2), null)],
        ['a promise', Promise.resolve(1)],
        ['a weak map', new WeakMap()],
        ['an iterator', [1].values()],
        ['a getter that throws', Object.defineProperty({}, 'x', { enumerable: true, get: () => new Strange().x })],
        ['a set that is none', { [Symbol.toStringTag]: 'Set' }],
        ['a revoked proxy', revoked()],
    ])('%s is refused as JSON', (_, value) => {
        expect(refusal(() => everything.write(object({ json: { value } })))).toMatchObject({ code: 'USS-STR4' });
    });

    test('collections of other realms are collections', () => {
        expect(stringifyCanonical(realm)).toBe(
            '{"date":"1970-01-01T00:00:00.000Z","list":[1],"map":[["a",1]],"set":[1]}',
        );
    });

    test.each([[[1]], [new Map([['x', 'y']])], [new Set([1])], [new Date()], [/x/], [new Uint8Array(2)], [() => 1]])(
        '%s is no nested object',
        value => {
            const microdata = microdataOf({
                itemprop: 'a',
                itemtype: { type: 'object', rules: [{ itemprop: 'x', optional: true }] },
            });
            expect(() => microdata.write({ $type$: 'T', a: value } as Typed)).toThrow('is not a plain object');
        },
    );
});

function revoked(): object {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
}

test('reading fails with one class of errors, whatever is wrong with the recipe', () => {
    const recipes = new RecipeRegistry();
    recipes.register({
        $type$: 'Recipe',
        name: 'Heir',
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'x', inheritFrom: 'Later.x' },
        ],
    });
    const two: RuleDefinition[] = [{ itemprop: 'a' }, { itemprop: 'a', itemtype: { type: 'integer' } }];
    recipes.register({ $type$: 'Recipe', name: 'Two', rule: two });
    const microdata = new Microdata(recipes);
    const spans = '<span itemprop="a">x</span><span itemprop="a">1</span>';
    for (const text of [
        '<div itemscope itemtype="//refin.io/Heir"></div>',
        `<div itemscope itemtype="//refin.io/Two">${spans}</div>`,
    ])
        expect(refusal(() => microdata.parse(text))).toBeInstanceOf(MicrodataError);
    // The ID needs nothing of what is not known yet.
    const id = microdata.writeId({ $type$: 'Heir', id: '1' } as Typed);
    expect(microdata.parseId(id)).toEqual({ $type$: 'Heir', id: '1' });
});

describe('names that every JavaScript object has', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const microdata = microdataOf(...names.map(itemprop => ({ itemprop, optional: true })));

    test('are ordinary names of properties', () => {
        expect(microdata.write({ $type$: 'T' })).toBe('<div itemscope itemtype="//refin.io/T"></div>');
        const all = { $type$: 'T', ...Object.fromEntries(names.map(name => [name, 'x'])) };
        expect(microdata.parse(microdata.write(all))).toEqual(all);
    });

    test('are ordinary keys of maps and of JSON', () => {
        const json = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as object;
        const map = new Map([['__proto__', { x: '' }]]);
        const parsed = everything.parse(everything.write(object({ json, map })));
        expect(stringifyCanonical(parsed['json'])).toBe('{"__proto__":{"polluted":true},"constructor":1}');
        expect(parsed['map']).toEqual(map);
        expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });
});

describe('two rules of one name at the top level', () => {
    const twice = microdataOf({ itemprop: 'a', optional: true }, { itemprop: 'a', optional: true });
    const span = '<span itemprop="a">x</span>';
    const of = (inner: string): string => `<div itemscope itemtype="//refin.io/T">${inner}</div>`;

    test('are written twice, and read so only', () => {
        expect(twice.write({ $type$: 'T', a: 'x' } as Typed)).toBe(of(span + span));
        expect(twice.parse(of(span + span))).toEqual({ $type$: 'T', a: 'x' });
        expect(() => twice.parse(of(span))).toThrow('names a property twice');
        expect(() => twice.parse(of(span + span.replace('x', 'y')))).toThrow('names a property twice');
    });
});

describe('limits', () => {
    const nest = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

    test('JSON nests up to its bound, in both directions', () => {
        const deepest = everything.write(object({ json: nest(MAX_JSON_NESTING) }));
        expect(everything.write(everything.parse(deepest))).toBe(deepest);
        expect(() => everything.write(object({ json: nest(MAX_JSON_NESTING + 1) }))).toThrow('nests deeper');
        const deeper = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
        expect(() => everything.parse(frame(`<span itemprop="json">${deeper}</span>`))).toThrow('M2O-JSON');
    });

    test('a text has a greatest length, in both directions', () => {
        const text = 'x'.repeat(MAX_MICRODATA_LENGTH);
        expect(() => everything.write(object({ id: text }))).toThrow('use a BLOB (O2M-SIZE)');
        expect(() => everything.parse(frame(text))).toThrow('M2O-SIZE');
    });

    test('long texts are read in a time that grows with their length', () => {
        // A quadratic reader would need minutes for these.
        const items = '<li>a</li>'.repeat(200_000);
        const list = microdataOf({ itemprop: 'l', itemtype: { type: 'bag', item: { type: 'string' } } });
        const text = `<div itemscope itemtype="//refin.io/T"><ul itemprop="l">${items}</ul></div>`;
        expect(list.write(list.parse(text))).toBe(text);
        for (const broken of [
            text.slice(0, -7),
            text.replace('</ul>', ''),
            `${text.slice(0, -20)}${'<'.repeat(100_000)}`,
        ])
            expect(() => list.parse(broken)).toThrow('M2O');
    });
});

test('ID objects of unversioned types are refused', () => {
    const plain = microdataOf({ itemprop: 'a' });
    expect(() => plain.writeId({ $type$: 'T' })).toThrow('O2M-COBJ1');
    expect(() => plain.parseId('<div data-id-object="true" itemscope itemtype="//refin.io/T"></div>')).toThrow(
        'not versioned',
    );
});

test('recursion in JSON is found, shared parts are not', () => {
    const circle: unknown[] = [];
    circle.push({ circle });
    expect(() => stringifyCanonical(circle)).toThrow('it contains itself (USS-STR1)');
    const part = { x: 1 };
    expect(stringifyCanonical([part, part, new Set([part])])).toBe('[{"x":1},{"x":1},[{"x":1}]]');
    expect(stringifyCanonical({ toJSON: () => ({ b: 1, a: [undefined] }) })).toBe('{"a":[null],"b":1}');
    const error = JSON.parse(stringifyCanonical(Object.assign(new TypeError('m'), { code: 'C' }))) as object;
    expect(error).toMatchObject({ name: 'TypeError', message: 'm', code: 'C', stack: expect.stringContaining('m') });
});

test('the content type of bytes holds for prefixes that end inside of a character', () => {
    const bytes = new TextEncoder().encode('<div itemscope itemtype="//refin.io/Ä"></div>€');
    expect(contentTypeOfBytes(bytes)).toBe('Ä');
    expect(contentTypeOfBytes(bytes.subarray(0, -1), { prefix: true })).toBe('Ä');
    expect(contentTypeOfBytes(bytes.subarray(0, -1))).toBe('BLOB');
    expect(contentTypeOfBytes(Uint8Array.of(0xff, 0x41))).toBe('BLOB');
    expect(contentTypeOfBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('CLOB');
    expect(() => contentTypeOfText('<div itemscope itemtype="//refin.io/">')).toThrow(
        'the name of the type is missing',
    );
});

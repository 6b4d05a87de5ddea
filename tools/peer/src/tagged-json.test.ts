import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseTagged, stringifyTagged } from './tagged-json.ts';

describe('tagged JSON', () => {
    test('writes maps, sets and bytes as the protocol says', () => {
        const value = { $type$: 'T', m: new Map([['a', new Set([1])]]), b: Uint8Array.of(0, 255), l: [new Map()] };
        expect(stringifyTagged(value)).toBe(
            '{"$type$":"T","m":{"$map":[["a",{"$set":[1]}]]},"b":{"$hex":"00ff"},"l":[{"$map":[]}]}',
        );
    });

    test.each(['{', '{"$map":[[1]]}', '{"$map":{}}', '{"$set":1}', '{"$hex":"0"}', '{"$hex":"FF"}', '{"$hex":1}'])(
        'refuses %s',
        text => {
            expect(() => parseTagged(text)).toThrow(/JSON|needs/);
        },
    );

    test('an object with more members than a tag is an object', () => {
        expect(parseTagged('{"$set":[1],"more":2}')).toEqual({ $set: [1], more: 2 });
    });

    test('every value survives', () => {
        const { value } = fc.letrec(tie => ({
            value: fc.oneof(
                { depthSize: 'small' },
                fc.string(),
                fc.integer(),
                fc.boolean(),
                fc.constant(null),
                fc.uint8Array({ maxLength: 8 }),
                fc.array(tie('value'), { maxLength: 3 }),
                fc.array(tie('value'), { maxLength: 3 }).map(items => new Set(items)),
                fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 }).map(items => new Map(items)),
                fc.dictionary(
                    fc.string().filter(name => !name.startsWith('$') && name !== '__proto__'),
                    tie('value'),
                    { maxKeys: 3 },
                ),
            ),
        }));
        fc.assert(
            fc.property(value, original => {
                expect(parseTagged(stringifyTagged(original))).toEqual(plain(original));
            }),
        );
    });
});

/** fast-check makes objects without prototype and typed arrays of its own realm. */
function plain(value: unknown): unknown {
    if (value instanceof Set) return new Set([...value].map(plain));
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item)]));
    if (value instanceof Uint8Array) return Uint8Array.from(value);
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

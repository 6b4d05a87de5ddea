import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_JSON_NESTING } from '../limits.ts';
import { decodeMessage, encodeMessage, JsonValueError } from './json-values.ts';
import { MAX_MESSAGE_VALUES } from './request-limits.ts';

const text = fc.string({ unit: 'binary' }).filter(value => value !== '$__undefined$');
/** What can be sent and arrives as it was: -0 becomes 0, and `__proto__` is never taken over. */
const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(undefined, null, true, false, ''),
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => number + 0),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
            text.filter(key => key !== '__proto__'),
            tie('value'),
            { maxKeys: 4 },
        ),
    ),
}));

function withoutUndefined(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutUndefined);
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([key, member]) => [key, withoutUndefined(member)]));
}

function nested(depth: number): unknown {
    return depth === 0 ? 1 : [nested(depth - 1)];
}

describe('a message', () => {
    test('arrives as it was sent, without properties that were undefined', () => {
        fc.assert(
            fc.property(value, sent =>
                expect(decodeMessage(encodeMessage(sent))).toStrictEqual(withoutUndefined(sent)),
            ),
        );
    });

    test('has undefined as a text at every place, and null as null', () => {
        // eslint-disable-next-line no-sparse-arrays -- a hole is meant
        const json = encodeMessage([undefined, , null, { a: undefined, b: [{ c: undefined }], d: null }]);
        expect(json).toBe(
            '["$__undefined$","$__undefined$",null,{"a":"$__undefined$","b":[{"c":"$__undefined$"}],"d":null}]',
        );
        expect(decodeMessage(json)).toStrictEqual([undefined, undefined, null, { b: [{}], d: null }]);
        expect(encodeMessage(undefined)).toBe('"$__undefined$"');
        expect(decodeMessage('"$__undefined$"')).toBeUndefined();
    });

    test('has undefined also where its text is escaped, and not where it is part of another', () => {
        expect(decodeMessage('["$__undefined\\u0024","$__undefined$ ","x"]')).toEqual([
            undefined,
            '$__undefined$ ',
            'x',
        ]);
    });

    test.each<[string, unknown]>([
        ['a function', () => 1],
        ['a symbol', Symbol('a')],
        ['a bigint', 1n],
        ['NaN', NaN],
        ['infinity', -Infinity],
        ['the text that stands for undefined', '$__undefined$'],
        ['bytes', new Uint8Array(1)],
        ['a date', new Date(0)],
        ['a map', new Map()],
        ['an error', new Error('x')],
        ['what nests too deep', nested(MAX_JSON_NESTING + 1)],
    ])('with %s is not sent', (_, refused) => {
        const notSendable = expect.objectContaining({ code: 'VALUE_NOT_SENDABLE' });
        expect(() => encodeMessage(refused)).toThrow(JsonValueError);
        expect(() => encodeMessage({ a: [refused] })).toThrow(notSendable);
    });

    test('that contains itself is not sent', () => {
        const circle: unknown[] = [];
        circle.push(circle, circle);
        expect(() => encodeMessage(circle)).toThrow(JsonValueError);
    });

    test.each(['', 'garbage', '{', '"', '"\\"', '[1,]', '{"a":1}}', '\u0000'])('is not %j', text => {
        expect(() => decodeMessage(text)).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }));
    });

    test('does not change what others inherit', () => {
        const decoded = decodeMessage('{"__proto__":{"polluted":1},"a":{"__proto__":2,"constructor":3}}');
        expect(decoded).toStrictEqual({ a: { constructor: 3 } });
        expect(Object.assign({}, decoded)).not.toHaveProperty('polluted');
        expect({}).not.toHaveProperty('polluted');
    });

    test('nests as deep as the limit, whatever its texts contain', () => {
        const deepest = nested(MAX_JSON_NESTING);
        expect(decodeMessage(encodeMessage(deepest))).toEqual(deepest);
        expect(decodeMessage(JSON.stringify('\\"['.repeat(3 * MAX_JSON_NESTING)))).toHaveLength(9 * MAX_JSON_NESTING);
        expect(decodeMessage(JSON.stringify(Array.from({ length: 1000 }, () => [['"\\']])))).toHaveLength(1000);
        expect(() => decodeMessage('['.repeat(MAX_JSON_NESTING + 1) + ']'.repeat(MAX_JSON_NESTING + 1))).toThrow(
            'nests too deep',
        );
        expect(() => decodeMessage('{"a":'.repeat(1_000_000))).toThrow('nests too deep');
    });

    test('has no more values than the limit', () => {
        expect(decodeMessage(`[${'1,'.repeat(MAX_MESSAGE_VALUES - 1)}1]`)).toHaveLength(MAX_MESSAGE_VALUES);
        expect(() => decodeMessage(`[${'1,'.repeat(MAX_MESSAGE_VALUES)}1]`)).toThrow('too many values');
        expect(() => decodeMessage(`[${'[],'.repeat(MAX_MESSAGE_VALUES / 2)}1]`)).toThrow('too many values');
    });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packValue, unpackValue } from './packing.ts';

const utf8 = new TextEncoder();
const hash = '5f83e5ecff24cf219d2579febeb6c020049152188395b8150cf04de8b2fc34a3';
const node =
    `<div itemscope itemtype="//refin.io/VersionNodeChange"><a itemprop="prev" data-type="obj">${hash}</a>` +
    `<a itemprop="data" data-type="obj">${hash}</a><span itemprop="depth">12</span>` +
    '<span itemprop="creationTime">1700000000000</span></div>';

const markup = fc.constantFrom(
    ...[
        '<span itemprop="',
        '</span>',
        '">',
        '<a data-type="obj">',
        '</a>',
        '<li>',
        '<',
        '>',
        '"',
        '<div ',
        hash,
        'é',
        '😀',
    ],
    ...['<div itemscope itemtype="//refin.io/', '" data-type="id">', hash.slice(1), hash.toUpperCase(), 'text'],
);

describe('packing', () => {
    test('gives back every value, byte for byte', () => {
        fc.assert(
            fc.property(
                fc.oneof(
                    fc.array(markup, { maxLength: 40 }).map(parts => utf8.encode(parts.join(''))),
                    fc.array(markup, { maxLength: 40 }).map(parts => utf8.encode(`<${parts.join('')}`)),
                    fc.uint8Array({ maxLength: 200 }),
                    fc.uint8Array({ maxLength: 200 }).map(bytes => Uint8Array.of(0x3c, ...bytes)),
                    fc.constantFrom(utf8.encode(hash), utf8.encode(node), new Uint8Array()),
                ),
                value => {
                    const packed = packValue(value);
                    expect(packed.length).toBeLessThanOrEqual(value.length + 1);
                    expect(unpackValue(packed)).toEqual(new Uint8Array(value));
                },
            ),
        );
    });

    test('makes version nodes and hashes short', () => {
        expect(packValue(utf8.encode(node)).length).toBeLessThan(100);
        expect(packValue(utf8.encode(hash))).toHaveLength(33);
        // What stands in stores must be read for ever: the tables cannot change.
        expect(Buffer.from(packValue(utf8.encode(node))).toString('hex')).toMatchInlineSnapshot(
            `"02ff19c05f83e5ecff24cf219d2579febeb6c020049152188395b8150cf04de8b2fc34a3ff1dc05f83e5ecff24cf219d2579febeb6c020049152188395b8150cf04de8b2fc34a3ff1e3132ff1f31373030303030303030303030ff15"`,
        );
    });

    test('never fails on what it did not make', () => {
        fc.assert(
            fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(0, 1, 2, 3, 255), (bytes, first) => {
                const value = unpackValue(Uint8Array.of(first, ...bytes));
                expect(value === undefined || value instanceof Uint8Array).toBe(true);
            }),
        );
        expect(unpackValue(new Uint8Array())).toBeUndefined();
    });
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spaces } from '../storage-backend.ts';
import { boundsOf, decodeKey, decodeName, encodeKey, encodeName } from './keys.ts';

const digits = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefA')), minLength: 62, maxLength: 66 });
const names = fc
    .tuple(fc.oneof(digits, fc.constantFrom('', 'a'.repeat(64))), fc.string({ unit: 'grapheme', maxLength: 3 }))
    .map(parts => parts.join(''));

test('names come back from their bytes, also those that are nearly hashes', () => {
    fc.assert(
        fc.property(names, fc.constantFrom(...spaces), (name, space) => {
            const [key, bytes] = [encodeKey(space, name), encodeName(name)];
            expect(decodeName(bytes.toString('hex'))).toBe(name);
            expect(decodeKey(key.toString('hex'))).toBe(name);
            const [first, end] = boundsOf(space);
            expect(name === '' || (first.compare(key) < 0 && key.compare(end) < 0)).toBe(true);
        }),
    );
});

test('a hash takes 32 bytes', () => {
    expect(encodeName('f'.repeat(64)).length).toBe(33);
    expect(encodeKey('rmaps', `${'f'.repeat(64)}.Object.T`).length).toBe(34 + '.Object.T'.length);
});

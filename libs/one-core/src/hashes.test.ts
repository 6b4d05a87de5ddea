import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ensureHash, ensureIdHash, InvalidHashError, isHash } from './hashes.ts';

const hash = '81886e824133c74a56be6016176312ef51a84b6f64e7b38d46a9d0f13afdb858';

describe('the form of a hash', () => {
    test('accepts 64 lower case hex digits', () => {
        expect(isHash(hash)).toBe(true);
        expect(ensureHash(hash)).toBe(hash);
        expect(ensureIdHash(hash)).toBe(hash);
    });

    test.each([hash.toUpperCase(), hash.slice(1), `${hash}\n`, `${hash}0`, '', undefined, 7])('refuses %j', value => {
        expect(isHash(value)).toBe(false);
        expect(() => ensureHash(value)).toThrow(InvalidHashError);
        expect(() => ensureIdHash(value)).toThrow(InvalidHashError);
    });

    test('the error names the value, shortened, and its code is stable', () => {
        expect(() => ensureHash('x'.repeat(1000))).toThrow(
            expect.objectContaining({ code: 'HASH_INVALID', name: 'InvalidHashError' }),
        );
        expect(() => ensureHash('x'.repeat(1000))).toThrow(/^Not a hash: "x{80}"\. A hash is exactly 64/);
    });

    test('no other text passes', () => {
        fc.assert(fc.property(fc.string(), text => isHash(text) === /^[0-9a-f]{64}(?![^])/.test(text)));
    });
});

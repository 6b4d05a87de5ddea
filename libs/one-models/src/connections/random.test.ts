import { expect, test } from '@jest/globals';
import { createRandomPool } from './random.ts';

test('random of a pool has the length that was asked for, and does not repeat itself', () => {
    const random = createRandomPool();
    const lengths = [0, 1, 255, 2_048, 5_000, 32, 1_700, 1_700];
    expect(lengths.map(length => random(length).length)).toEqual(lengths);
    const seen = new Set(Array.from({ length: 1_000 }, () => random(16).join()));
    expect(seen.size).toBe(1_000);
    // Nothing is a view of the pool, and no part of it is left zero.
    const [first, second] = [random(64), random(64)];
    expect([first.buffer.byteLength, second.buffer.byteLength]).toEqual([64, 64]);
    expect(first.some(byte => byte !== 0) && second.some(byte => byte !== 0)).toBe(true);
});

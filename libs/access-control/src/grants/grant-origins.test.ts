import { expect, test } from '@jest/globals';
import { ensureHash, ensureIdHash } from '@refinio/one.core';
import fc from 'fast-check';
import { addOrigin, personsOf, removeOrigin, type GrantOrigin, type GrantReason } from './grant-origins.ts';

const digits = (digit: string) => digit.repeat(64);
const target = ensureHash(digits('1'));
const [alice, bob] = [ensureIdHash(digits('a')), ensureIdHash(digits('b'))];
const policy = ensureIdHash(digits('f'));

const origin = fc.record({
    target: fc.constantFrom(target, ensureHash(digits('2'))),
    person: fc.constantFrom(alice, bob),
    origin: fc.constantFrom<GrantReason>('pairing', 'manual', policy),
});

test('the persons of a target are the union of its origins', () => {
    const origins: GrantOrigin[] = [
        { target, person: bob, origin: 'pairing' },
        { target, person: alice, origin: policy },
        { target, person: alice, origin: 'manual' },
        { target: ensureHash(digits('2')), person: ensureIdHash(digits('c')), origin: 'manual' },
    ];
    expect(personsOf(origins, target)).toEqual([alice, bob]);
});

test('a person keeps access until the last origin goes', () => {
    const byPairing: GrantOrigin = { target, person: alice, origin: 'pairing' };
    const byPolicy: GrantOrigin = { target, person: alice, origin: policy };
    const both = addOrigin(addOrigin([], byPairing), byPolicy);
    const one = removeOrigin(both, byPolicy);
    expect(personsOf(one, target)).toEqual([alice]);
    expect(personsOf(removeOrigin(one, byPairing), target)).toEqual([]);
});

test('adding twice is adding once, and removing undoes it', () => {
    fc.assert(
        fc.property(fc.array(origin), origin, (start, added) => {
            const before = start.reduce<readonly GrantOrigin[]>(addOrigin, []);
            const once = addOrigin(before, added);
            expect(addOrigin(once, added)).toEqual(once);
            expect(personsOf(once, added.target)).toContain(added.person);
            expect(removeOrigin(once, added)).toEqual(removeOrigin(before, added));
        }),
    );
});

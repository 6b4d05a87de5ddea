import { beforeEach, expect, test } from '@jest/globals';
import type { Typed } from '../hashes.ts';
import { contentsOf } from '../storage/acceptance.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { createAccess, createAccessIn, type AccessRequest } from './create-access.ts';

const recipe = { $type$: 'Recipe', name: 'Doc', rule: [{ itemprop: 'text' }] };
const doc = (text: string): Typed => ({ $type$: 'Doc', text }) as Typed;
const [bob, friends] = ['b'.repeat(64), 'f'.repeat(64)];

let peer: TestObjects;
let hash: string;
let shown: AccessRequest[];
beforeEach(async () => {
    peer = new TestObjects([recipe]);
    shown = [];
    ({ hash } = await peer.objects.storeUnversionedObject(doc('a')));
});
const grant = (...requests: AccessRequest[]) => createAccess(peer.objects, requests);
const refuse = (): never => {
    throw new Error('not to bob');
};

test('a guard sees every request that grants something, and none that only takes away', async () => {
    peer.objects.guardAccess(async (_, request) => {
        await Promise.resolve();
        shown.push(request);
    });
    await grant({ object: hash, person: [bob], mode: 'add' }, { id: hash, group: [friends], mode: 'replace' });
    await peer.objects.transact(objects => createAccessIn(objects, [{ object: hash, person: [bob], mode: 'replace' }]));
    await grant({ object: hash, mode: 'replace' }, { object: hash, person: [], group: [], mode: 'replace' });
    await grant({ object: hash, mode: 'add' });
    expect(shown).toEqual([
        { object: hash, person: [bob], group: [], mode: 'add' },
        { id: hash, person: [], group: [friends], mode: 'replace' },
        { object: hash, person: [bob], group: [], mode: 'replace' },
    ]);
});

test('what one guard of several refuses is not stored, nor is anything else of the call', async () => {
    let isRefused = true;
    let asked = 0;
    peer.objects.guardAccess(async () => {
        await Promise.resolve();
        asked++;
    });
    peer.objects.guardAccess(async (_, { person = [] }) => {
        await Promise.resolve();
        if (isRefused && person.includes(bob)) refuse();
    });
    const before = await contentsOf(peer.backend);
    const other = { object: hash, person: [friends], mode: 'add' } as const;
    const bobs = { object: hash, person: [bob], mode: 'add' } as const;
    await expect(grant(other, bobs)).rejects.toThrow('not to bob');
    expect(asked).toBe(2);
    expect(await contentsOf(peer.backend)).toEqual(before);
    // A larger transaction may go on without it.
    await peer.objects.transact(async objects => {
        await createAccessIn(objects, [other, bobs]).catch(() => undefined);
        await objects.storeUnversioned(doc('b'));
    });
    const after = Object.entries(await contentsOf(peer.backend)).filter(([key]) => key.startsWith('objects/'));
    expect(after).toHaveLength(2);
    isRefused = false;
    expect(await grant(other, bobs)).toHaveLength(2);
});

test('a guard looks at what the transaction has stored, until it is ended', async () => {
    const stop = peer.objects.guardAccess(async (objects, { object = '' }) => {
        if ((await objects.read(object))['text'] === 'secret') refuse();
    });
    const storeAndGrant = (): Promise<unknown> =>
        peer.objects.transact(async objects => {
            const secret = await objects.storeUnversioned(doc('secret'));
            return createAccessIn(objects, [{ object: secret.hash, person: [bob], mode: 'add' }]);
        });
    await grant({ object: hash, person: [bob], mode: 'add' });
    await expect(storeAndGrant()).rejects.toThrow('not to bob');
    stop();
    stop();
    await storeAndGrant();
});

test('a refusal takes nothing away from revoking', async () => {
    await grant({ object: hash, person: [bob], mode: 'add' });
    peer.objects.guardAccess(refuse);
    const [result] = await grant({ object: hash, mode: 'replace' });
    expect(result?.obj).toMatchObject({ person: [], group: [] });
});

test('what was shown is what is stored, whoever changes the lists meanwhile', async () => {
    const person = [friends];
    peer.objects.guardAccess(async (_, request) => {
        await Promise.resolve();
        shown.push(request);
        person.push(bob);
        (request.person as string[]).push(bob);
    });
    const [result] = await grant({ object: hash, person, mode: 'add' });
    expect(result?.obj['person']).toEqual([friends]);
});

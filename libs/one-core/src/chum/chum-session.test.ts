import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Typed } from '../hashes.ts';
import { connect, TestPeer } from './test-peer.ts';

const references = (type: 'referenceToObj' | 'referenceToId') => ({ type, allowedTypes: ['*'] });
const recipes = [
    {
        $type$: 'Recipe',
        name: 'Note',
        rule: [
            { itemprop: 'text' },
            { itemprop: 'blob', itemtype: { type: 'referenceToBlob' }, optional: true },
            { itemprop: 'clob', itemtype: { type: 'referenceToClob' }, optional: true },
            { itemprop: 'notes', itemtype: { type: 'set', item: references('referenceToObj') }, optional: true },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'Doc',
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'title' },
            { itemprop: 'note', itemtype: references('referenceToObj'), optional: true },
        ],
    },
];
const note = (text: string, more: object = {}): Typed => ({ $type$: 'Note', text, ...more }) as Typed;
const doc = (id: string, title: string, more: object = {}): Typed => ({ $type$: 'Doc', id, title, ...more }) as Typed;

let a: TestPeer;
let b: TestPeer;
beforeEach(async () => {
    [a, b] = [await TestPeer.create('A', recipes), await TestPeer.create('B', recipes)];
});

/** One pass in both directions. */
async function sync(): Promise<void> {
    const sessions = connect(a, b);
    for (const session of sessions) expect(await session.ended).toMatchObject({ errors: [] });
    for (const session of sessions) expect(await session.ended).not.toHaveProperty('error');
}

test('brings what is granted, with all that it leads to', async () => {
    const blob = await a.blobs.store([new Uint8Array(200_000).fill(7)]);
    const clob = await a.objects.storeUTF8Clob('ü€𝄞'.repeat(30_000));
    const inner = await a.objects.storeUnversionedObject(note('inner', { blob: blob.hash, clob: clob.hash }));
    const outer = await a.objects.storeUnversionedObject(note('outer', { notes: new Set([inner.hash]) }));
    const secret = await a.objects.storeUnversionedObject(note('secret'));
    const first = await a.objects.storeVersionedObject(doc('d', '1', { note: outer.hash }));
    a.time++;
    const second = await a.objects.storeVersionedObject(doc('d', '2'));
    await a.grant({ id: first.idHash, person: [b.person], mode: 'add' });
    await sync();
    for (const hash of [inner.hash, outer.hash, first.hash, second.hash]) expect(await b.objects.has(hash)).toBe(true);
    expect(await b.blobs.has(blob.hash)).toBe(true);
    expect(await b.blobs.has(clob.hash)).toBe(true);
    expect(await b.objects.has(secret.hash)).toBe(false);
    expect((await b.objects.getObjectByIdHash(first.idHash)).hash).toBe(second.hash);
});

test('new data flow at once while connected', async () => {
    const options = { keepRunning: true, pollInterval: 3_600_000 };
    const sessions = connect(a, b, options);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    b.objects.events.listen(event => event.type === 'versioned' && resolve(event.obj));
    const { idHash } = await a.objects.storeVersionedObject(doc('d', '1'));
    await a.grant({ id: idHash, person: [b.person], mode: 'add' });
    expect(await promise).toMatchObject({ title: '1' });
    for (const session of sessions) await session[Symbol.asyncDispose]();
});

describe('a peer that knows only the hash of something', () => {
    test('does not get it back by linking it', async () => {
        const secret = await a.objects.storeUnversionedObject(note('secret'));
        const { idHash } = await a.objects.storeVersionedObject(doc('d', '1'));
        await a.grant({ id: idHash, person: [b.person], mode: 'add' });
        await sync();
        await b.objects.storeVersionedObject(doc('d', '2', { note: secret.hash }));
        await b.grant({ id: idHash, person: [a.person], mode: 'add' });
        const [mine] = connect(a, b);
        expect((await mine.ended).errors).toHaveLength(1);
        expect(await a.accessible.has(b.person, secret.hash)).toBe(false);
    });
});

import { expect, test } from '@jest/globals';
import { Shown, shownBy } from './shown.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { connect, TestPeer } from './test-peer.ts';

test('says who has sent what, for ever', async () => {
    const [anna, ben] = [await TestPeer.create('A', recipes), await TestPeer.create('B', recipes)];
    const doc = typed({ $type$: 'Doc', id: 'd', title: 'hello', tags: new Set() });
    const { hash, idHash } = await anna.objects.storeVersionedObject(doc);
    await anna.grant({ id: idHash, person: [ben.person], mode: 'add' });
    for (const session of connect(anna, ben)) await session.ended;
    expect(await ben.objects.has(hash)).toBe(true);
    expect(await shownBy(ben.objects.store, hash)).toEqual([anna.person]);
    expect(await shownBy(anna.objects.store, hash)).toEqual([]);
});

test('forgets nothing when a commit fails', async () => {
    const { objects, person } = await TestPeer.create('A');
    const shown = new Shown(objects, person);
    const store = (error?: Error): Promise<void> =>
        shown.storeWith(keep =>
            objects.store.transact(async transaction => {
                await keep(transaction);
                if (error !== undefined) throw error;
            }),
        );
    const hash = 'a'.repeat(64);
    shown.add(hash, 'object');
    await expect(store(new Error('a version that cannot be merged'))).rejects.toThrow('cannot be merged');
    expect(await shownBy(objects.store, hash)).toEqual([]);
    await store();
    expect(await shownBy(objects.store, hash)).toEqual([person]);
});

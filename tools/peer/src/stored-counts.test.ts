import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { createChannelPair, MemoryBackend, OneInstance, validateRecipe, type Write } from '@refinio/one.core';
import { INTEROP_RECIPES } from './peer-process.ts';
import { StoredCounts } from './stored-counts.ts';
import { parseTagged } from './tagged-json.ts';

const recipes = (parseTagged(await readFile(INTEROP_RECIPES, 'utf8')) as unknown[]).map(validateRecipe);
const never = new AbortController().signal;

class FullBackend extends MemoryBackend {
    isFull = false;

    override commit(writes: readonly Write[]): Promise<void> {
        return this.isFull ? Promise.reject(new Error('The disk is full')) : super.commit(writes);
    }
}

async function opened(name: string, storage = new MemoryBackend()) {
    const one = await OneInstance.open({ name, email: `${name}@test`, secret: name, storage, recipes });
    return { one, counts: new StoredCounts(one.objects), [Symbol.asyncDispose]: () => one[Symbol.asyncDispose]() };
}

const note = (seq: number) => ({ $type$: 'InteropNote', seq, text: 'x' });
const record = (value: string, tags: string[] = []) => ({
    ...{ $type$: 'InteropRecord', id: 'a', value, tags: new Set(tags) },
});

describe('counts of what is stored', () => {
    test('tell what is new, each version once, BLOBs of any size, and no ID objects', async () => {
        await using alice = await opened('alice');
        const { objects, blobs } = alice.one;
        expect(alice.counts.all).toEqual({});
        const begin = Date.now();
        for (const seq of [1, 2, 2]) await objects.storeUnversionedObject(note(seq));
        for (const value of ['a', 'b', 'a']) await objects.storeVersionedObject(record(value));
        for (const size of [10, 5_000_000]) await blobs.store([new Uint8Array(size)]);
        await blobs.store([new TextEncoder().encode('<div itemscope itemtype="//refin.io/')]);
        await blobs.store([new TextEncoder().encode('<div itemscope itemtype="//refin.io/VersionNodeEdge">?')]);
        const { InteropNote, InteropRecord, BLOB, ...others } = alice.counts.all;
        expect([InteropNote?.count, InteropRecord?.count, BLOB?.count]).toEqual([2, 2, 3]);
        expect(Object.keys(others).sort()).toEqual(['VersionNodeChange', 'VersionNodeEdge']);
        const { first = 0, last = 0 } = InteropNote ?? {};
        expect([first >= begin, last >= first, last <= Date.now()]).toEqual([true, true, true]);
    });

    test('do not count what was not stored', async () => {
        const storage = new FullBackend();
        await using alice = await opened('alice', storage);
        const { objects } = alice.one;
        const failing = objects.transact(async transaction => {
            await transaction.storeUnversioned(note(1));
            throw new TypeError('no');
        });
        await expect(failing).rejects.toThrow('no');
        storage.isFull = true;
        await expect(objects.storeUnversionedObject(note(1))).rejects.toThrow('full');
        await expect(objects.storeVersionedObject(record('a'))).rejects.toThrow('full');
        expect(alice.counts.all).toEqual({});
        storage.isFull = false;
        await objects.storeVersionedObject(record('a'));
        expect(alice.counts.of('InteropRecord')?.count).toBe(1);
    });

    test('count what comes from others, and what is merged of it', async () => {
        await using alice = await opened('alice');
        await using bob = await opened('bob');
        const synchronize = async (): Promise<void> => {
            const channels = createChannelPair();
            const [a, b] = [alice, bob].map(({ one }, i) => {
                const { owner, name } = (i === 0 ? bob : alice).one;
                const channel = channels[i === 0 ? 0 : 1];
                return one.startChum({ channel, chumName: 'test', remoteInstanceName: name, remotePerson: owner });
            });
            for (const session of [a, b]) expect((await session?.ended)?.error).toBe(undefined);
        };
        const { idHash } = await alice.one.objects.storeVersionedObject(record('a'));
        await alice.one.createAccess([{ id: idHash, person: [bob.one.owner], mode: 'add' }]);
        await synchronize();
        expect(bob.counts.of('InteropRecord')?.count).toBe(1);
        await alice.one.objects.storeVersionedObject(record('a', ['x']));
        await bob.one.objects.storeVersionedObject(record('a', ['y']));
        await synchronize();
        // The first one, that of alice, the own one, and that with both tags.
        expect(bob.counts.of('InteropRecord')?.count).toBe(4);
    });

    test('count a version that was received when it is the current one', async () => {
        await using alice = await opened('alice');
        const { objects, microdata } = alice.one;
        const text = microdata.write(record('a'));
        const hash = await microdata.hash(record('a'));
        await objects.transact(transaction => transaction.storeReceived('object', record('a'), { text, hash }));
        expect(alice.counts.all).toEqual({});
        await objects.importVersion(record('a'), 1);
        expect(alice.counts.of('InteropRecord')?.count).toBe(1);
    });

    test('can be waited for', async () => {
        await using alice = await opened('alice');
        const { counts, one } = alice;
        await one.objects.storeUnversionedObject(note(1));
        expect(await counts.wait('InteropNote', 1, 0, never)).toMatchObject({ count: 1 });
        expect(await counts.wait('InteropNote', 0, 0, never)).toMatchObject({ count: 1 });
        const waiting = counts.wait('InteropNote', 3, 5_000, never);
        for (const seq of [2, 3]) await one.objects.storeUnversionedObject(note(seq));
        expect(await waiting).toMatchObject({ count: 3 });
        await expect(counts.wait('InteropNote', 4, 1, never)).rejects.toThrow('3 instead of 4');
        const end = new AbortController();
        const ended = counts.wait('InteropNote', 4, 5_000, end.signal);
        end.abort();
        await expect(ended).rejects.toMatchObject({ code: 'PEER_ENDS' });
        await expect(counts.wait('InteropNote', 4, 5_000, end.signal)).rejects.toMatchObject({ code: 'PEER_ENDS' });
    });
});

// Closing and opening: what is left, who may open, what is forgotten. For backends that are durable.
import type { Cases, StorageUnderTest } from './case.ts';
import { equal, fails, present, sameBytes } from './checks.ts';
import { contentsOf, keysOf, namesOf } from './contents.ts';
import { append, blobOf, bytes, hashOf, map, put } from './writes.ts';

export const life: Cases = {
    'has everything after it was closed and opened again': async place => {
        const before = await fill(place);
        await using backend = await place.open();
        equal(await contentsOf(backend), before);
        await using reader = present(await backend.blobs.open(hashOf('b')));
        equal(sameBytes(await reader.read(0, 400_000), blobOf(400_000)), true);
        equal(await namesOf(backend), [hashOf('b')]);
    },
    'waits for commits under way when it is closed, and refuses later ones': async place => {
        const backend = await place.open();
        let ended = 0;
        const commits = [1, 2, 3].map(async n => {
            await backend.commit([append('a', n), put('a', String(n))]);
            ended++;
        });
        await backend[Symbol.asyncDispose]();
        equal(ended, 3);
        await Promise.all(commits);
        await fails('STORAGE_CLOSED', () => backend.commit([put('a', '4')]));
        await fails('STORAGE_CLOSED', () => backend.get('private', 'a'));
        await backend[Symbol.asyncDispose]();
        await using again = await place.open();
        equal(await contentsOf(again), { 'logs/a': '1=1,2=2,3=3', 'private/a': '3' });
    },
    'is open only once': async place => {
        const backend = await place.open();
        await backend.commit([put('a', '1')]);
        await fails('STORAGE_IN_USE', () => place.open());
        await backend.commit([put('b', '1')]);
        await backend[Symbol.asyncDispose]();
        await using again = await place.open();
        equal(await keysOf(again, 'private'), ['a', 'b']);
    },
    'forgets a BLOB that nobody finished': async place => {
        const backend = await place.open();
        const writer = await backend.blobs.create();
        await writer.write(blobOf(600_000));
        await backend[Symbol.asyncDispose]();
        await using again = await place.open();
        equal(await namesOf(again), []);
        equal(await contentsOf(again), {});
    },
};

async function fill(place: StorageUnderTest): Promise<Record<string, string>> {
    await using backend = await place.open();
    await backend.commit([put('a', '1'), put(hashOf('a'), 'x', 'objects'), put('c', '1', 'state'), append('a', 3)]);
    await backend.commit([
        put('a', '2'),
        { type: 'append', space: 'rmaps', key: map('T'), number: 9, value: bytes(hashOf('c')) },
        append('a', 4),
    ]);
    const writer = await backend.blobs.create();
    await writer.write(blobOf(400_000));
    await writer.finish(hashOf('b'));
    return await contentsOf(backend);
}

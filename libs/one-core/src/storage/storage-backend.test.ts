import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { folderOperations, type FolderOperations } from './file/folder-operations.ts';
import { CommitUnfinishedError, FileBackend } from './file/index.ts';
import { MemoryBackend } from './memory/memory-backend.ts';
import { InvalidStorageKeyError, StorageKeyExistsError, type StorageBackend, type Write } from './storage-backend.ts';

const folders: TemporaryFolder[] = [];
afterEach(async () => {
    for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

async function newFolder(): Promise<string> {
    const folder = await temporaryFolder('one-core');
    folders.push(folder);
    return join(folder.path, 'a'.repeat(64));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, text: string): Write => ({ type: 'put', space: 'private', key, value: bytes(text) });
const create = (key: string, text: string): Write => ({ type: 'create', space: 'private', key, value: bytes(text) });
const remove = (key: string): Write => ({ type: 'delete', space: 'private', key });

async function contents(backend: StorageBackend): Promise<Record<string, string>> {
    const entries: Record<string, string> = {};
    for (const key of await backend.keys('private'))
        entries[key] = new TextDecoder().decode(await backend.get('private', key));
    return entries;
}

describe.each([
    { name: 'MemoryBackend', open: () => Promise.resolve<StorageBackend>(new MemoryBackend()) },
    { name: 'FileBackend', open: async (): Promise<StorageBackend> => FileBackend.open(await newFolder()) },
])('$name', ({ open }) => {
    test('keeps what was committed, per space, and lists keys in order', async () => {
        await using backend = await open();
        await backend.commit([put('b', '1'), create('a', '2'), { ...put('b', '3'), space: 'objects' }]);
        expect(await contents(backend)).toEqual({ a: '2', b: '1' });
        expect(await backend.keys('private')).toEqual(['a', 'b']);
        expect(await backend.get('objects', 'b')).toEqual(bytes('3'));
        expect(await backend.get('objects', 'a')).toBeUndefined();
        await backend.commit([remove('a'), remove('unknown')]);
        await backend.commit([]);
        expect(await contents(backend)).toEqual({ b: '1' });
    });

    test('creates nothing twice, and stores nothing of a refused commit', async () => {
        await using backend = await open();
        await backend.commit([create('a', '1')]);
        await expect(backend.commit([put('b', '2'), create('a', '3'), remove('a')])).rejects.toThrow(
            StorageKeyExistsError,
        );
        expect(await contents(backend)).toEqual({ a: '1' });
    });

    test('refuses keys that would leave their folder', async () => {
        await using backend = await open();
        for (const key of ['', '.', '..', '../a', 'a/b', 'a\\b', '/a', 'a\0', 'ä', 'x'.repeat(300)])
            await expect(backend.commit([put('a', '1'), put(key, '2')])).rejects.toThrow(InvalidStorageKeyError);
        expect(await contents(backend)).toEqual({});
    });

    test('gives copies, so that nobody changes what is stored', async () => {
        await using backend = await open();
        const value = bytes('abc');
        await backend.commit([{ type: 'put', space: 'private', key: 'a', value }]);
        value.fill(0);
        (await backend.get('private', 'a'))?.fill(0);
        expect(await contents(backend)).toEqual({ a: 'abc' });
    });

    test('carries out overlapping commits one after the other', async () => {
        await using backend = await open();
        const numbers = Array.from({ length: 20 }, (_, i) => String(i));
        await Promise.all(numbers.map(n => backend.commit([put('a', n), put('b', n)])));
        expect(await contents(backend)).toEqual({ a: '19', b: '19' });
    });
});

/** The process ends before an operation; a write may have begun. */
class PowerCut extends Error {}

/** The real file system until `after` operations have changed it; then nothing works any more. */
function cutAfter(after: number, torn: boolean): FolderOperations {
    let left = after;
    const changing = async (run: () => Promise<void>, partly?: () => Promise<void>): Promise<void> => {
        if (left-- > 0) return run();
        if (left === -1 && torn) await partly?.();
        throw new PowerCut();
    };
    return {
        read: path => folderOperations.read(path),
        list: path => folderOperations.list(path),
        makeFolder: (path, mode) => folderOperations.makeFolder(path, mode),
        writeDurably: (path, content, mode) =>
            changing(
                () => folderOperations.writeDurably(path, content, mode),
                () => writeFile(path, content.subarray(0, content.length / 2)),
            ),
        rename: (from, to) => changing(() => folderOperations.rename(from, to)),
        remove: path => changing(() => folderOperations.remove(path)),
        syncFolder: path => changing(() => folderOperations.syncFolder(path)),
    };
}

describe('FileBackend', () => {
    const before = { a: '1', b: '2', c: '3' };
    const commit: readonly Write[] = [put('a', 'changed'), remove('b'), create('d', 'new')];
    const after = { a: 'changed', c: '3', d: 'new' };

    test.each([false, true])(
        'has all of a commit or nothing of it, wherever the process ends (torn writes: %j)',
        async torn => {
            const seen = new Set<string>();
            for (let operations = 0; ; operations++) {
                const folder = await newFolder();
                {
                    await using backend = await FileBackend.open(folder);
                    await backend.commit(Object.entries(before).map(([key, text]) => put(key, text)));
                }
                const cut = await FileBackend.open(folder, cutAfter(operations, torn));
                const error: unknown = await cut.commit(commit).then(
                    () => undefined,
                    (reason: unknown) => reason,
                );
                // Opened twice: recovery leaves nothing that a second one would take for something.
                for (const _ of [1, 2]) {
                    await using reopened = await FileBackend.open(folder);
                    const now = await contents(reopened);
                    expect([before, after]).toContainEqual(now);
                    seen.add('d' in now ? 'after' : 'before');
                    if (error instanceof CommitUnfinishedError) expect(now).toEqual(after);
                }
                expect(await folderOperations.list(join(folder, 'tmp'))).toEqual([]);
                if (error === undefined) break;
                expect(error instanceof PowerCut || error instanceof CommitUnfinishedError).toBe(true);
            }
            expect([...seen].sort()).toEqual(['after', 'before']);
        },
    );

    test('has all of a commit or nothing of it, even if recovery is interrupted again and again', async () => {
        await fc.assert(
            fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 }), async cuts => {
                const folder = await newFolder();
                await using backend = await FileBackend.open(folder);
                await backend.commit(Object.entries(before).map(([key, text]) => put(key, text)));
                const [first = 0, ...more] = cuts;
                await (await FileBackend.open(folder, cutAfter(first, true))).commit(commit).catch(() => undefined);
                for (const cut of more) await FileBackend.open(folder, cutAfter(cut, true)).catch(() => undefined);
                await using reopened = await FileBackend.open(folder);
                expect([before, after]).toContainEqual(await contents(reopened));
            }),
            { numRuns: process.env['TEST_FULL'] ? 500 : 25 },
        );
    });

    test('completes a recorded commit with the next operation when the disk works again', async () => {
        const folder = await newFolder();
        let broken = false;
        const backend = await FileBackend.open(folder, {
            ...folderOperations,
            rename: (from, to) =>
                broken && to.endsWith('b') ? Promise.reject(new Error('ENOSPC')) : folderOperations.rename(from, to),
        });
        broken = true;
        await expect(backend.commit([put('a', '1'), put('b', '2')])).rejects.toThrow(CommitUnfinishedError);
        await expect(backend.get('private', 'a')).rejects.toThrow('ENOSPC');
        await expect(backend.commit([put('c', '3')])).rejects.toThrow('ENOSPC');
        broken = false;
        await backend.commit([put('b', '4')]);
        expect(await contents(backend)).toEqual({ a: '1', b: '4' });
    });

    test('ignores a record that is not complete, and leaves files of others in tmp alone', async () => {
        const folder = await newFolder();
        await using backend = await FileBackend.open(folder);
        const { encodeCommit } = await import('./file/commit-record.ts');
        const record = encodeCommit([put('x', '1'), put('y', '2')]);
        for (const damaged of [
            bytes('ONECMT1\nshort'),
            record.subarray(1),
            record.map((byte, i) => (i === 60 ? byte ^ 1 : byte)),
        ]) {
            await writeFile(join(folder, 'tmp', 'commit'), damaged);
            await using opened = await FileBackend.open(folder);
            expect(await contents(opened)).toEqual({});
        }
        await writeFile(join(folder, 'tmp', 'tmp-1700000000000-0'), 'a stream');
        await backend.commit([put('a', '1')]);
        await using reopened = await FileBackend.open(folder);
        expect(await contents(reopened)).toEqual({ a: '1' });
        expect(await folderOperations.list(join(folder, 'tmp'))).toEqual(['tmp-1700000000000-0']);
    });

    test('has the folders of an original installation; only the owner may read private files', async () => {
        const folder = await newFolder();
        await using backend = await FileBackend.open(folder);
        await backend.commit([put('a', '1'), put('b', '2')]);
        const names = await folderOperations.list(folder);
        expect(names.sort()).toEqual(['acache', 'objects', 'private', 'rmaps', 'tmp', 'vheads']);
        expect(await readFile(join(folder, 'private', 'a'), 'utf8')).toBe('1');
        if (process.platform === 'win32') return;
        expect((await stat(join(folder, 'private'))).mode & 0o777).toBe(0o700);
        expect((await stat(join(folder, 'private', 'a'))).mode & 0o777).toBe(0o600);
    });
});

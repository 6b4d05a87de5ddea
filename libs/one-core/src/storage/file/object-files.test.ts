import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { MAX_TRANSACTION_BYTES } from '../../limits.ts';
import { keysOf } from '../acceptance.ts';
import { BLOB_PIECE } from '../blob-files.ts';
import type { StorageBackend } from '../storage-backend.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';
import { FileBackend } from './index.ts';

const folders: TemporaryFolder[] = [];
afterEach(async () => {
    for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

async function newFolder(): Promise<string> {
    const folder = await temporaryFolder('one-core');
    folders.push(folder);
    return join(folder.path, 'store');
}

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];

describe('a long file of objects', () => {
    const text = Buffer.from('ä'.repeat(100_000));
    const frame = Buffer.from('<div itemscope itemtype="//refin.io/T">');
    const noText = Buffer.of(0xff);

    async function namesOf({ blobs }: StorageBackend): Promise<string[]> {
        const names: string[] = [];
        for await (const name of blobs.names()) names.push(name);
        return names;
    }

    test.each([
        ['text', [text], true],
        ['microdata', [frame, text], true],
        ['microdata that is damaged, which its hash shows', [frame, text, noText], true],
        ['text but for its end', [text, noText], false],
        ['text that is torn in the middle of a character', [text.subarray(0, -1)], false],
        ['no text', [noText, text], false],
    ])('that is %s', async (_, parts, isValue) => {
        const folder = await newFolder();
        await using backend = await FileBackend.open(folder, { create: true });
        const content = Buffer.concat(parts);
        await writeFile(join(folder, 'objects', a), content);
        // Either a value or a BLOB, also where it is listed.
        const value = await backend.get('objects', a);
        expect(value === undefined ? undefined : content.equals(value)).toBe(isValue ? true : undefined);
        expect(await keysOf(backend, 'objects')).toEqual(isValue ? [a] : []);
        expect(await namesOf(backend)).toEqual(isValue ? [] : [a]);
        await using blob = await backend.blobs.open(a);
        expect(blob?.size).toBe(content.length);
    });

    test('that is a BLOB is never in memory as a whole, nor one longer than a commit can be', async () => {
        const folder = await newFolder();
        let longest = 0;
        const operations: FolderOperations = {
            ...folderOperations,
            read: async path => {
                const content = await folderOperations.read(path);
                longest = Math.max(longest, content?.length ?? 0);
                return content;
            },
            readRange: (path, offset, length) => {
                longest = Math.max(longest, length);
                return folderOperations.readRange(path, offset, length);
            },
        };
        await using backend = await FileBackend.open(folder, { create: true, operations });
        await writeFile(join(folder, 'objects', a), Buffer.concat([Buffer.alloc(2_000_000, ' '), noText]));
        await writeFile(join(folder, 'objects', b), frame);
        // Sparse: it takes no space.
        await truncate(join(folder, 'objects', b), MAX_TRANSACTION_BYTES + 1);
        expect(await backend.getMany('objects', [a, b])).toEqual([undefined, undefined]);
        expect((await namesOf(backend)).sort()).toEqual([a, b]);
        expect(longest).toBe(BLOB_PIECE);
    });

    test('that is a value counts as such before it has its name, and is stored anew where it was damaged', async () => {
        const folder = await newFolder();
        let broken = false;
        const operations: FolderOperations = {
            ...folderOperations,
            rename: (from, to) =>
                broken && to.includes('objects') ? Promise.reject(new Error('EIO')) : folderOperations.rename(from, to),
        };
        await using backend = await FileBackend.open(folder, { create: true, operations });
        await writeFile(join(folder, 'objects', a), Buffer.concat([text, noText]));
        broken = true;
        await backend.commit([{ type: 'put', space: 'objects', key: a, value: text }]);
        const isText = async () => text.equals((await backend.get('objects', a)) ?? new Uint8Array());
        expect(await isText()).toBe(true);
        expect(await keysOf(backend, 'objects')).toEqual([a]);
        broken = false;
        await backend.commit([{ type: 'put', space: 'private', key: 'x', value: text }]);
        expect(await isText()).toBe(true);
        expect(await namesOf(backend)).toEqual([]);
    });
});

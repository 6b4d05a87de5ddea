import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { hashBytes, hashText } from '../crypto/hash.ts';
import { EmbeddedBackend } from '../storage/embedded/index.ts';
import { FileBackend } from '../storage/file/index.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';
import { OneInstance } from './one-instance.ts';
import type { Typed } from '../hashes.ts';
import { getAllEntries } from '../objects/reverse-map-queries.ts';

const folders: TemporaryFolder[] = [];
afterEach(async () => {
    for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

async function newFolder(): Promise<string> {
    const folder = await temporaryFolder('one-core');
    folders.push(folder);
    return join(folder.path, 'a'.repeat(64));
}

/** A store that is empty at first, and how it is opened. */
const stores: Readonly<Record<string, () => Promise<() => StorageBackend | Promise<StorageBackend>>>> = {
    memory: () => {
        const backend = new MemoryBackend();
        return Promise.resolve(() => backend);
    },
    embedded: async () => {
        const folder = await newFolder();
        return () => EmbeddedBackend.open(folder, { create: true });
    },
    file: async () => {
        const folder = await newFolder();
        return () => FileBackend.open(folder, { create: true });
    },
};

const alice = { name: 'web', email: 'alice@example.org', secret: 's' } as const;
const open = async (storage: StorageBackend | Promise<StorageBackend>): Promise<OneInstance> =>
    OneInstance.open({ ...alice, storage: await storage });
const encoder = new TextEncoder();
const binary = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) % 256);

async function read(one: OneInstance, hash: string): Promise<string> {
    await using blob = await one.blobs.open(hash);
    const parts: Uint8Array[] = [];
    for await (const bytes of blob.stream()) parts.push(bytes);
    return Buffer.concat(parts).toString();
}

/** A BLOB whose content is not that of its name: what a disk leaves that has changed it. */
async function storeDamaged(storage: StorageBackend, content: Uint8Array): Promise<string> {
    const hash: string = await hashBytes(new Uint8Array(content));
    const writer = await storage.blobs.create();
    await writer.write(content.with(100, (content[100] ?? 0) ^ 1));
    await writer.finish(hash);
    return hash;
}

describe.each(Object.entries(stores))('in a store of the kind %s', (_, create) => {
    test('an object whose text came as a BLOB is new, and found by what it links to', async () => {
        const opened = await create();
        await using one = await open(opened());
        const person = Array.from({ length: 1500 }, (_, i) => i.toString(16).padStart(64, '0'));
        const group = { $type$: 'Group', name: 'large', person } as unknown as Typed;
        const { hash } = await one.blobs.store([encoder.encode(one.microdata.write(group))]);
        expect(await one.objects.storeVersionedObject(group)).toMatchObject({ hash, status: 'new' });
        expect(await getAllEntries(one.objects, person[7] ?? '', 'Group')).toEqual([hash]);
        expect(await one.objects.storeVersionedObject(group)).toMatchObject({ hash, status: 'exists' });
        expect(await one.verify()).toMatchObject({ problems: [] });
    });

    test.each([
        ['of 64 KiB', 'x'.repeat(65_536)],
        ['a little longer', 'x'.repeat(65_537)],
        ['above a megabyte', '\0 a \u{1f600} ä\n'.repeat(200_000)],
        ['that begins like an object', `<div itemscope itemtype="//refin.io/T">${'ä'.repeat(600_000)}`],
    ])('a text %s is stored once, and found as text and as BLOB', async (_, text) => {
        const opened = await create();
        const hash: string = await hashText(text);
        {
            await using one = await open(opened());
            expect(await one.objects.findText(hash)).toBeUndefined();
            expect(await one.objects.storeUTF8Clob(text)).toEqual({ hash, status: 'new' });
            expect(await one.objects.storeUTF8Clob(text)).toEqual({ hash, status: 'exists' });
        }
        await using one = await open(opened());
        expect(await one.objects.storeUTF8Clob(text)).toEqual({ hash, status: 'exists' });
        expect(await one.blobs.store([encoder.encode(text)])).toEqual({ hash, status: 'exists' });
        expect((await one.objects.text(hash)) === text).toBe(true);
        expect((await one.objects.findText(hash)) === text).toBe(true);
        expect(await one.blobs.has(hash)).toBe(true);
        expect((await read(one, hash)) === text).toBe(true);
        expect(await one.verify()).toMatchObject({ problems: [], blobs: 0 });
    });

    test('every BLOB is verified, and the damaged ones are named', async () => {
        const opened = await create();
        let damaged: string[];
        {
            await using one = await open(opened());
            for (const size of [1000, 70_000, 1_500_000]) await one.blobs.store([binary(size)]);
            expect(await one.verify()).toMatchObject({ problems: [], blobs: 2 });
        }
        {
            const storage = await opened();
            damaged = [
                await storeDamaged(storage, binary(70_001)),
                await storeDamaged(storage, binary(1_500_001)),
                await storeDamaged(storage, encoder.encode('text'.repeat(400_000))),
            ];
            await storage[Symbol.asyncDispose]();
        }
        await using one = await open(opened());
        const { problems } = await one.verify();
        expect(problems.map(({ name }) => name).sort()).toEqual([...damaged].sort());
    });
});

test('texts that an original installation has stored are found whatever their size', async () => {
    const folder = await newFolder();
    await (await open(FileBackend.open(folder, { create: true })))[Symbol.asyncDispose]();
    const text = 'ä'.repeat(700_000);
    const hash: string = await hashText(text);
    await writeFile(join(folder, 'objects', hash), text);
    await using one = await open(FileBackend.open(folder));
    expect(await one.objects.storeUTF8Clob(text)).toEqual({ hash, status: 'exists' });
    expect((await one.objects.text(hash)) === text).toBe(true);
});

import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { FileBackend } from './file/index.ts';
import { MemoryBackend } from './memory/memory-backend.ts';
import { InvalidStorageKeyError, StorageKeyExistsError, type StorageBackend, type Write } from './storage-backend.ts';
import { Store } from './store.ts';

const folders: TemporaryFolder[] = [];
afterEach(async () => {
    for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

async function newFolder(): Promise<string> {
    const folder = await temporaryFolder('one-core');
    folders.push(folder);
    return join(folder.path, 'new', 'a'.repeat(64));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, text: string): Write => ({ type: 'put', space: 'private', key, value: bytes(text) });
const create = (key: string, text: string): Write => ({ type: 'create', space: 'private', key, value: bytes(text) });
const remove = (key: string): Write => ({ type: 'delete', space: 'private', key });
const map = (type: string): string => `${'a'.repeat(64)}.Object.${type}`;

async function contents(reader: Pick<StorageBackend, 'get' | 'keys'>): Promise<Record<string, string>> {
    const entries: Record<string, string> = {};
    for (const key of await reader.keys('private'))
        entries[key] = new TextDecoder().decode(await reader.get('private', key));
    return entries;
}

describe.each([
    { name: 'MemoryBackend', open: () => Promise.resolve<StorageBackend>(new MemoryBackend()) },
    {
        name: 'FileBackend',
        open: async (): Promise<StorageBackend> => FileBackend.open(await newFolder(), { create: true }),
    },
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
        await expect(backend.commit([put('b', '2'), create('a', '3')])).rejects.toThrow(StorageKeyExistsError);
        await expect(backend.commit([put('b', '2'), put('b', '3')])).rejects.toThrow('the commit has it twice');
        expect(await contents(backend)).toEqual({ a: '1' });
    });

    test('refuses keys that not every store can hold', async () => {
        await using backend = await open();
        const keys = ['', '.', '..', '../a', 'a/b', 'a\\b', '/a', 'a\0', 'ä', 'x'.repeat(300), '.DS_Store'];
        for (const key of keys) {
            await expect(backend.commit([put('a', '1'), put(key, '2')])).rejects.toThrow(InvalidStorageKeyError);
            await expect(backend.get('private', key)).rejects.toThrow(InvalidStorageKeyError);
        }
        for (const key of ['a', map(''), map('a/b'), map('a b'), map('\ud800'), map('ä'.repeat(80))])
            await expect(backend.commit([{ ...put(key, '1'), space: 'rmaps' }])).rejects.toThrow(
                InvalidStorageKeyError,
            );
        await backend.commit([{ ...put(map('Ä#&-😀'), '1'), space: 'rmaps' }]);
        expect(await backend.keys('rmaps')).toEqual([map('Ä#&-😀')]);
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

    test('below a store: transactions see what was stored and what they wrote, and nothing half', async () => {
        await using store = new Store(await open());
        const increment = () =>
            store.transact(async transaction => {
                const before = Number(new TextDecoder().decode(await transaction.get('private', 'n')));
                transaction.put('private', 'n', bytes(String(before + 1)));
                expect(await contents(transaction)).toEqual({ n: String(before + 1) });
                return before + 1;
            });
        expect(await Promise.all([1, 2, 3].map(increment))).toEqual([1, 2, 3]);

        const failing = store.transact(transaction => {
            transaction.delete('private', 'n');
            return Promise.reject(new Error('changed my mind'));
        });
        await expect(failing).rejects.toThrow('changed my mind');
        await store.transact(async transaction => {
            transaction.create('private', 'm', bytes('1'));
            transaction.put('private', 'm', bytes('2'));
            transaction.delete('private', 'n');
            expect(await transaction.get('private', 'n')).toBeUndefined();
            expect(await transaction.keys('private')).toEqual(['m']);
        });
        const twice = store.transact(async transaction => {
            transaction.create('private', 'o', bytes('1'));
            await Promise.resolve();
            transaction.create('private', 'o', bytes('2'));
        });
        await expect(twice).rejects.toThrow(StorageKeyExistsError);
        const deleted = store.transact(async transaction => {
            transaction.create('private', 'm', bytes('1'));
            await Promise.resolve();
            transaction.delete('private', 'm');
        });
        await expect(deleted).rejects.toThrow('was created in this transaction');
        let late: () => void = () => undefined;
        await store.transact(async transaction => {
            const value = bytes('2');
            transaction.delete('private', 'm');
            transaction.create('private', 'm', value);
            value.fill(0);
            late = () => transaction.put('private', 'm', value);
            await Promise.resolve();
        });
        expect(late).toThrow('The transaction has ended');
        const again = store.transact(transaction => {
            transaction.create('private', 'm', bytes('3'));
            return Promise.resolve();
        });
        await expect(again).rejects.toThrow(StorageKeyExistsError);
        expect(await contents(store)).toEqual({ m: '2' });
    });
});

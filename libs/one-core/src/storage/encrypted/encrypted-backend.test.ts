import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contentsOf, keysOf, storageAcceptance } from '../acceptance.ts';
import { checkAgainstModel, steps } from '../acceptance-model.ts';
import type { BlobFiles } from '../blob-files.ts';
import { MemoryBackend } from '../memory/memory-backend.ts';
import { PackedBackend } from '../packed-backend.ts';
import { spaces, type Space, type StorageBackend, type Write } from '../storage-backend.ts';
import { EncryptedBackend } from './encrypted-backend.ts';

const utf8 = new TextEncoder();
const refused = (code: string) => expect.objectContaining({ code });
const SECRET = 's';
let disk: MemoryBackend;
beforeEach(() => {
    disk = new MemoryBackend();
});
const open = (secret = SECRET): Promise<EncryptedBackend> => EncryptedBackend.open(disk, secret);

/** A store of which only some keys are listed, and which stays open. */
class Part implements StorageBackend {
    readonly #inner: StorageBackend;
    readonly #shows: (key: string) => boolean;

    constructor(inner: StorageBackend, shows: (key: string) => boolean) {
        this.#inner = inner;
        this.#shows = shows;
    }

    get blobs(): BlobFiles {
        return this.#inner.blobs;
    }

    get(...args: Parameters<StorageBackend['get']>) {
        return this.#inner.get(...args);
    }

    getMany(...args: Parameters<StorageBackend['getMany']>) {
        return this.#inner.getMany(...args);
    }

    list(...args: Parameters<StorageBackend['list']>) {
        return this.#inner.list(...args);
    }

    async *keys(space: Space): AsyncIterable<string> {
        for await (const key of this.#inner.keys(space)) if (this.#shows(key)) yield key;
    }

    commit(changes: readonly Write[]): Promise<void> {
        return this.#inner.commit(changes);
    }

    [Symbol.asyncDispose](): Promise<void> {
        return Promise.resolve();
    }
}

/** Opening costs scrypt; these share one store each. */
const place = async () => {
    const backend = await EncryptedBackend.open(new MemoryBackend(), SECRET);
    return {
        // The key of the store itself stands in `meta`.
        open: () => Promise.resolve(new Part(backend, key => key !== 'encryption')),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    };
};

describe('the contract', () => {
    test.each(storageAcceptance(place, { durable: false }))('$name', async ({ run }) => {
        await run();
    });
});

const map = `${'a'.repeat(64)}.Object.SecretType`;
const writes: readonly Write[] = [
    { type: 'put', space: 'objects', key: 'b'.repeat(64), value: utf8.encode('a plain text') },
    { type: 'put', space: 'vheads', key: 'b'.repeat(64), value: utf8.encode('c'.repeat(64)) },
    { type: 'put', space: 'private', key: 'keychain_salt', value: utf8.encode('salted') },
    { type: 'append', space: 'rmaps', key: map, number: 3, value: utf8.encode('d'.repeat(64)) },
    { type: 'append', space: 'rmaps', key: map, number: 4, value: utf8.encode('e'.repeat(64)) },
    { type: 'append', space: 'logs', key: 'journal', number: 1, value: utf8.encode('entry') },
];

test('nothing of names and values can be read on the disk', async () => {
    const backend = await open();
    await backend.commit(writes);
    const writer = await backend.blobs.create();
    await writer.write(utf8.encode('a large picture'));
    await writer.finish('f'.repeat(64));
    let all = '';
    for (const space of spaces) all += (await keysOf(disk, space)).join();
    all += JSON.stringify(await contentsOf(disk));
    for await (const name of disk.blobs.names()) {
        await using blob = await disk.blobs.open(name);
        all += name + new TextDecoder().decode(await blob?.read(0, 10_000));
    }
    for (const text of [
        'plain',
        'aaaaaaaa',
        'bbbbbbbb',
        'cccccccc',
        'dddddddd',
        'ffffffff',
        'SecretType',
        'keychain',
        'journal',
        'entry',
        'picture',
        'salted',
    ])
        expect(all).not.toContain(text);
});

test('the same secret opens it again; another one, or a newer format, does not', async () => {
    await (await open()).commit(writes);
    const again = await open();
    expect(Object.keys(await contentsOf(again)).sort()).toEqual(
        [...new Set(writes.map(({ space, key }) => `${space}/${key}`)), 'meta/encryption'].sort(),
    );
    await expect(open('x')).rejects.toEqual(refused('SC-INIT1'));
    const sealed = (await disk.get('meta', 'encryption')) ?? new Uint8Array();
    for (const [damaged, code] of [
        [sealed.subarray(0, 50), 'STORAGE_DAMAGED'],
        [new Uint8Array(), 'STORAGE_DAMAGED'],
        [Uint8Array.of(2, ...sealed.subarray(1)), 'STORAGE_NEWER'],
        [sealed.map((byte, i) => (i === 30 ? byte ^ 1 : byte)), 'SC-INIT1'],
    ] as const) {
        await disk.commit([{ type: 'put', space: 'meta', key: 'encryption', value: damaged }]);
        await expect(open()).rejects.toEqual(refused(code));
    }
});

test('a store that holds something already is not half encrypted', async () => {
    await disk.commit(writes);
    await expect(open()).rejects.toEqual(refused('SB-INIT5'));
    expect(await disk.get('meta', 'encryption')).toBeUndefined();
});

test('whatever is changed, cut, exchanged or put elsewhere on the disk is noticed', async () => {
    const backend = await open();
    await backend.commit(writes);
    const [value = ''] = await keysOf(disk, 'objects');
    const original = (await disk.get('objects', value)) ?? new Uint8Array();
    const read = () => backend.get('objects', 'b'.repeat(64));
    const head = (await disk.get('vheads', (await keysOf(disk, 'vheads'))[0] ?? '')) ?? new Uint8Array();
    const damages = [
        ...Array.from(original, (_, at) => original.map((byte, i) => (i === at ? byte ^ 0x10 : byte))),
        ...Array.from(original, (_, length) => original.subarray(0, length)),
        head,
    ];
    for (const damaged of damages) {
        await disk.commit([{ type: 'put', space: 'objects', key: value, value: damaged }]);
        await expect(read()).rejects.toEqual(refused('STORAGE_DAMAGED'));
    }
    await disk.commit([{ type: 'put', space: 'objects', key: value, value: original }]);
    expect(await read()).toBeDefined();
    const [name = ''] = await keysOf(disk, 'rmaps');
    const [first, second] = await disk.list('rmaps', name);
    await disk.commit([{ type: 'trim', space: 'rmaps', key: name, before: 100 }]);
    await disk.commit([
        { type: 'append', space: 'rmaps', key: name, number: 3, value: second?.value ?? head },
        { type: 'append', space: 'rmaps', key: name, number: 4, value: first?.value ?? head },
    ]);
    await expect(backend.list('rmaps', map)).rejects.toEqual(refused('STORAGE_DAMAGED'));
});

test('a BLOB that is changed or cut anywhere is noticed', async () => {
    const backend = await open();
    const content = Uint8Array.from({ length: 140_000 }, (_, i) => i % 251);
    const hash = 'a'.repeat(64);
    const writer = await backend.blobs.create();
    await writer.write(content);
    await writer.finish(hash);
    const [name = ''] = await namesOf();
    const stored = await readAll(name);
    const read = async () => {
        await using blob = await backend.blobs.open(hash);
        return await blob?.read(0, 140_000);
    };
    expect(Buffer.compare((await read()) ?? new Uint8Array(), content)).toBe(0);
    const swapped = new Uint8Array(stored);
    swapped.set(stored.subarray(16, 16 + 65_576), 16 + 65_576);
    const flip = (at: number) => stored.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const longer = new Uint8Array(stored.length + 1);
    longer.set(stored);
    const cases = [swapped, longer, stored.subarray(0, 10), stored.subarray(0, -1), stored.subarray(0, 70_000)];
    for (const at of [0, 20, 70_000, 131_170, stored.length - 1]) cases.push(flip(at));
    for (const damaged of cases) {
        await disk.blobs.delete(name);
        const again = await disk.blobs.create();
        await again.write(damaged);
        await again.finish(name);
        await expect(read()).rejects.toEqual(refused('STORAGE_DAMAGED'));
    }

    async function namesOf(): Promise<string[]> {
        const names: string[] = [];
        for await (const each of disk.blobs.names()) names.push(each);
        return names;
    }
    async function readAll(of: string): Promise<Uint8Array> {
        await using blob = await disk.blobs.open(of);
        return (await blob?.read(0, 1_000_000)) ?? new Uint8Array();
    }
});

test('packed and encrypted, it keeps any commits as a model says', async () => {
    const backend = new PackedBackend(await EncryptedBackend.open(new MemoryBackend(), SECRET));
    let number = 0;
    // Names are made apart, so that runs can share a store.
    await fc.assert(
        fc.asyncProperty(steps, async made => {
            const run = String(number++);
            const own = made.map(step =>
                step.type === 'commit'
                    ? { ...step, writes: step.writes.map(write => ({ ...write, key: `${run}.${write.key ?? ''}` })) }
                    : step,
            );
            const apart = {
                open: () => Promise.resolve(new Part(backend, key => key.startsWith(`${run}.`))),
                [Symbol.asyncDispose]: () => Promise.resolve(),
            };
            await checkAgainstModel(apart, own, false);
        }),
    );
});

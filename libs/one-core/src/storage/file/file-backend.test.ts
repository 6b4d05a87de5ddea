import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { contentsOf, keysOf, storageAcceptance } from '../acceptance.ts';
import { checkAgainstModel, steps } from '../acceptance-model.ts';
import type { StorageBackend, Write } from '../storage-backend.ts';
import { encodeCommit } from './commit-record.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';
import { FileBackend, FolderInUseError } from './index.ts';

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
const refused = (code: string) => expect.objectContaining({ code });

const hashOf = (digit: string): string => digit.repeat(64);
const map = `${hashOf('a')}.Object.T`;
const link = (digit: string): Write => ({
    type: 'append',
    space: 'rmaps',
    key: map,
    number: 0,
    value: bytes(hashOf(digit)),
});
const log = (number: number): Write => ({
    type: 'append',
    space: 'logs',
    key: 'l',
    number,
    value: bytes(String(number)),
});

/** Private files by their names, and lists by theirs. */
async function contents(backend: StorageBackend): Promise<Record<string, string>> {
    const entries = Object.entries(await contentsOf(backend));
    return Object.fromEntries(entries.map(([id, text]) => [id.replace('private/', ''), text]));
}

// ---------------------------------------------------------------- a disk whose power can be cut

type Entry = Uint8Array | 'folder';

/** The power is gone. */
class PowerCut extends Error {}

class PowerLossDisk implements FolderOperations {
    /** What programs see. */
    #now: Map<string, Entry>;
    /** What is on the disk: names by the last `syncFolder` of their folder. */
    #durable: Map<string, Entry>;
    /** Changing operations before the power is cut. */
    #left: number;

    constructor(operations = Infinity, durable: ReadonlyMap<string, Entry> = new Map([['/', 'folder']])) {
        this.#left = operations;
        this.#durable = new Map(durable);
        this.#now = new Map(durable);
    }

    /** What is left after the power was lost; with `lucky`, the disk had written everything by itself. */
    after(operations = Infinity, lucky = false): PowerLossDisk {
        return new PowerLossDisk(operations, lucky ? this.#now : this.#durable);
    }

    kind(path: string): Promise<'file' | 'folder' | 'missing'> {
        const entry = this.#now.get(path);
        return Promise.resolve(entry === undefined ? 'missing' : entry === 'folder' ? 'folder' : 'file');
    }

    read(path: string): Promise<Uint8Array | undefined> {
        const entry = this.#now.get(path);
        return Promise.resolve(entry === 'folder' ? undefined : entry && new Uint8Array(entry));
    }

    size(path: string): Promise<number | undefined> {
        const entry = this.#now.get(path);
        return Promise.resolve(entry === undefined || entry === 'folder' ? undefined : entry.length);
    }

    changed(): Promise<string> {
        return Promise.resolve('');
    }

    async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
        return (await this.read(path))?.slice(offset, offset + length) ?? new Uint8Array();
    }

    writeEndDurably(path: string, offset: number, content: Uint8Array): Promise<void> {
        const write = (end: Uint8Array): void => {
            const entry = this.#now.get(path);
            const start = entry === undefined || entry === 'folder' ? new Uint8Array() : entry.slice(0, offset);
            this.#now.set(path, new Uint8Array([...start, ...end]));
            if (this.#durable.has(path)) this.#durable.set(path, new Uint8Array([...start, ...end]));
        };
        return this.#change(
            () => write(content),
            () => write(content.slice(0, content.length / 2)),
        );
    }

    list(folder: string): Promise<string[]> {
        return Promise.resolve(
            [...this.#now.keys()]
                .filter(path => dirname(path) === folder && path !== '/')
                .map(path => path.slice(folder.length + 1)),
        );
    }

    makeFolder(path: string): Promise<void> {
        return this.#change(() => void this.#now.set(path, this.#now.get(path) ?? 'folder'));
    }

    writeDurably(path: string, content: Uint8Array): Promise<void> {
        return this.#change(
            () => void this.#now.set(path, new Uint8Array(content)),
            () => void this.#now.set(path, content.slice(0, content.length / 2)),
        );
    }

    rename(from: string, to: string): Promise<void> {
        return this.#change(() => {
            for (const [path, entry] of [...this.#now])
                if (path === from || path.startsWith(`${from}/`)) {
                    this.#now.delete(path);
                    this.#now.set(to + path.slice(from.length), entry);
                }
        });
    }

    remove(path: string): Promise<void> {
        return this.#change(() => void this.#now.delete(path));
    }

    removeFolder(folder: string): Promise<void> {
        return this.#change(() => {
            for (const path of [...this.#now.keys()])
                if (path === folder || path.startsWith(`${folder}/`)) this.#now.delete(path);
        });
    }

    syncFolder(folder: string): Promise<void> {
        return this.#change(() => {
            const inFolder = (path: string): boolean => dirname(path) === folder;
            for (const path of [...this.#durable.keys()])
                if (inFolder(path) && !this.#now.has(path)) this.#forget(path);
            for (const [path, entry] of this.#now) if (inFolder(path)) this.#settle(path, entry);
        });
    }

    lock(): Promise<AsyncDisposable> {
        return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
    }

    /** A folder that gets a durable name brings along what was durable in it under its old name. */
    #settle(path: string, entry: Entry): void {
        if (entry === 'folder' && !this.#durable.has(path))
            for (const [inside, content] of this.#now)
                if (inside.startsWith(`${path}/`)) this.#durable.set(inside, content);
        this.#durable.set(path, entry);
    }

    #forget(path: string): void {
        for (const other of [...this.#durable.keys()])
            if (other === path || other.startsWith(`${path}/`)) this.#durable.delete(other);
    }

    async #change(run: () => void, partly?: () => void): Promise<void> {
        await Promise.resolve();
        if (this.#left-- > 0) {
            run();
            return;
        }
        if (this.#left === -1) partly?.();
        throw new PowerCut();
    }
}

// ---------------------------------------------------------------- what it shows

const before = { a: '1', b: '2', c: '3', 'logs/l': '1=1', [`rmaps/${map}`]: hashOf('b') };
const change: readonly Write[] = [
    put('a', 'changed'),
    { type: 'delete', space: 'private', key: 'b' },
    put('d', 'new'),
    link('c'),
    log(2),
    log(5),
];
const after = {
    a: 'changed',
    c: '3',
    d: 'new',
    'logs/l': '1=1,2=2,5=5',
    [`rmaps/${map}`]: `${hashOf('b')},${hashOf('c')}`,
};
const FOLDER = '/base/store';

async function diskWithStore(): Promise<PowerLossDisk> {
    const disk = new PowerLossDisk();
    await using backend = await FileBackend.open(FOLDER, { create: true, operations: disk });
    await backend.commit([put('a', '1'), put('b', '2'), put('c', '3'), link('b'), log(1)]);
    return disk;
}

describe('when the power is lost', () => {
    test('after a commit was acknowledged, everything is there, the new folder included', async () => {
        for (const lucky of [false, true]) {
            const disk = (await diskWithStore()).after(Infinity, lucky);
            await using backend = await FileBackend.open(FOLDER, { operations: disk });
            expect(await contents(backend)).toEqual(before);
        }
    });

    test('at any moment of creating a store, there is none or a complete one', async () => {
        for (let operations = 0; ; operations++) {
            const disk = new PowerLossDisk(operations);
            const created = await FileBackend.open(FOLDER, { create: true, operations: disk }).then(
                () => true,
                () => false,
            );
            for (const lucky of [false, true]) {
                const rest = disk.after(Infinity, lucky);
                if (created) expect(await rest.kind(FOLDER)).toBe('folder');
                await using backend = await FileBackend.open(FOLDER, { create: true, operations: rest });
                expect(await contents(backend)).toEqual({});
            }
            if (created) break;
        }
    });

    test('at any moment of a commit, all of it is there or nothing, and all if it was acknowledged', async () => {
        const seen = new Set<boolean>();
        const whole = await diskWithStore();
        for (let operations = 0; ; operations++) {
            const disk = whole.after(operations);
            const committed = await FileBackend.open(FOLDER, { operations: disk })
                .then(backend => backend.commit(change))
                .then(
                    () => true,
                    () => false,
                );
            for (const lucky of [false, true]) {
                const rest = disk.after(Infinity, lucky);
                await using backend = await FileBackend.open(FOLDER, { operations: rest });
                const now = await contents(backend);
                expect(committed ? [after] : [before, after]).toContainEqual(now);
                expect((await rest.list(`${FOLDER}/tmp`)).filter(name => name !== 'one.lock')).toEqual([]);
                seen.add('d' in now);
            }
            if (committed && operations > 90) break;
        }
        expect(seen.size).toBe(2);
    });

    test('again and again, also while a commit is completed', async () => {
        const whole = await diskWithStore();
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.record({ cut: fc.nat({ max: 30 }), lucky: fc.boolean() }), { minLength: 1, maxLength: 6 }),
                async cuts => {
                    let disk = whole;
                    let committed = false;
                    for (const { cut, lucky } of cuts) {
                        disk = disk.after(cut, lucky);
                        const backend = await FileBackend.open(FOLDER, { operations: disk }).catch(() => undefined);
                        if (committed || backend === undefined || 'd' in (await contents(backend))) continue;
                        committed = await backend.commit(change).then(
                            () => true,
                            () => false,
                        );
                    }
                    await using reopened = await FileBackend.open(FOLDER, { operations: disk.after() });
                    expect(committed ? [after] : [before, after]).toContainEqual(await contents(reopened));
                },
            ),
        );
    });
});

describe('when the disk fails', () => {
    /** Fails for some operations while `broken`. */
    function failing(
        state: { broken: boolean },
        fails: (operation: string, path: string) => boolean,
    ): FolderOperations {
        const guard = (operation: string, path: string): void => {
            if (state.broken && fails(operation, path)) throw new Error(`EIO: ${operation}`);
        };
        return {
            ...folderOperations,
            writeDurably: async (path, ...rest) => {
                guard('write', path);
                await folderOperations.writeDurably(path, ...rest);
            },
            rename: async (from, to) => {
                guard('rename', to);
                await folderOperations.rename(from, to);
            },
            remove: async path => {
                guard('remove', path);
                await folderOperations.remove(path);
            },
            syncFolder: async path => {
                guard('sync', path);
                await folderOperations.syncFolder(path);
            },
        };
    }

    test.each([
        ['full while values are written', (operation: string) => operation === 'write'],
        [
            'the record cannot get its name',
            (operation: string, path: string) => operation === 'rename' && path.endsWith('commit'),
        ],
    ])('%s: nothing is stored, everything stays readable', async (_, fails) => {
        const state = { broken: false };
        await using backend = await FileBackend.open(await newFolder(), {
            create: true,
            operations: failing(state, fails),
        });
        await backend.commit([put('a', '1')]);
        state.broken = true;
        await expect(backend.commit([put('a', '2'), put('b', '2')])).rejects.toThrow('EIO');
        expect(await contents(backend)).toEqual({ a: '1' });
        state.broken = false;
        await backend.commit([put('b', '3')]);
        expect(await contents(backend)).toEqual({ a: '1', b: '3' });
    });

    test('after the record: the commit counts, is read at once, and is carried out when the disk works again', async () => {
        const state = { broken: false };
        const folder = await newFolder();
        const operations = failing(state, (operation, path) => operation === 'rename' && !path.endsWith('commit'));
        await using backend = await FileBackend.open(folder, { create: true, operations });
        await backend.commit([put('a', '1'), put('c', '1')]);
        state.broken = true;
        await backend.commit([put('a', '2'), put('b', '2'), { type: 'delete', space: 'private', key: 'c' }]);
        expect(await contents(backend)).toEqual({ a: '2', b: '2' });
        await expect(backend.commit([put('a', '3')])).rejects.toThrow('EIO');
        expect(await contents(backend)).toEqual({ a: '2', b: '2' });
        state.broken = false;
        await backend.commit([put('b', '3')]);
        expect(await contents(backend)).toEqual({ a: '2', b: '3' });
        expect((await readdir(join(folder, 'tmp'))).filter(name => name !== 'one.lock')).toEqual([]);
    });

    test('so that nobody knows whether the record is there: the store refuses until it is opened again', async () => {
        const state = { broken: false };
        const folder = await newFolder();
        const operations = failing(
            state,
            (operation, path) => operation !== 'write' && path.includes('tmp') && !path.endsWith('.part'),
        );
        {
            await using backend = await FileBackend.open(folder, { create: true, operations });
            state.broken = true;
            await expect(backend.commit([put('a', '2'), put('b', '2')])).rejects.toEqual(refused('STORAGE_BROKEN'));
            state.broken = false;
            await expect(backend.commit([put('a', '3')])).rejects.toEqual(refused('STORAGE_BROKEN'));
        }
        await using reopened = await FileBackend.open(folder);
        expect(await contents(reopened)).toEqual({});
    });
});

describe('a folder', () => {
    test('has the form of an original installation; only the owner may read private files', async () => {
        const folder = await newFolder();
        await using backend = await FileBackend.open(folder, { create: true });
        await backend.commit([put('a', '1'), put('b', '2')]);
        expect((await readdir(folder)).sort()).toEqual(['acache', 'objects', 'private', 'rmaps', 'tmp', 'vheads']);
        expect(await readFile(join(folder, 'private', 'a'), 'utf8')).toBe('1');
        if (process.platform === 'win32') return;
        expect((await stat(join(folder, 'private'))).mode & 0o777).toBe(0o700);
        expect((await stat(join(folder, 'private', 'a'))).mode & 0o777).toBe(0o600);
    });

    test('is created only when asked for, and only as a whole', async () => {
        const folder = await newFolder();
        await expect(FileBackend.open(folder)).rejects.toEqual(refused('STORAGE_NOT_FOUND'));
        await (await FileBackend.open(folder, { create: true }))[Symbol.asyncDispose]();
        await rm(join(folder, 'private'), { recursive: true });
        await expect(FileBackend.open(folder, { create: true })).rejects.toThrow('has lost its folder "private"');
        expect(await readdir(folder)).not.toContain('private');
    });

    test('is created once by several at the same time, whatever its path ends with, and nothing else is left', async () => {
        const folder = await newFolder();
        const results = await Promise.allSettled(
            [folder, `${folder}/`, folder].map(path => FileBackend.open(path, { create: true })),
        );
        const opened = results.filter(({ status }) => status === 'fulfilled');
        expect(opened).toHaveLength(1);
        for (const result of results)
            if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FolderInUseError);
            else await result.value[Symbol.asyncDispose]();
        expect(await readdir(dirname(folder))).toEqual(['a'.repeat(64)]);
    });

    test('is open once, until it is closed', async () => {
        const folder = await newFolder();
        const first = await FileBackend.open(folder, { create: true });
        await expect(FileBackend.open(folder)).rejects.toThrow(FolderInUseError);
        await first[Symbol.asyncDispose]();
        await expect(first.commit([put('a', '1')])).rejects.toEqual(refused('STORAGE_CLOSED'));
        await using second = await FileBackend.open(folder);
        expect(await contents(second)).toEqual({});
    });

    test('with a record that cannot be read is refused, and the record stays', async () => {
        const folder = await newFolder();
        await (await FileBackend.open(folder, { create: true }))[Symbol.asyncDispose]();
        const record = encodeCommit([{ space: 'private', key: 'x', part: 'p' }]);
        const newer = new Uint8Array(record);
        newer[6] = '2'.charCodeAt(0);
        const [body, digest] = [bytes('[{"space":"private","key":"x","more":1}]'), createHash('sha256')];
        const other = Buffer.concat([bytes('ONECMT1\n'), digest.update(body).digest(), body]);
        for (const damaged of [
            other,
            record,
            bytes(''),
            bytes('ONECMT1\nshort'),
            record.subarray(1),
            newer,
            record.map((byte, i) => (i === 50 ? byte ^ 1 : byte)),
        ]) {
            await writeFile(join(folder, 'tmp', 'commit'), damaged);
            await expect(FileBackend.open(folder)).rejects.toEqual(refused('STORAGE_DAMAGED'));
            expect(new Uint8Array(await readFile(join(folder, 'tmp', 'commit')))).toEqual(new Uint8Array(damaged));
        }
    });

    test('may hold files of others', async () => {
        const folder = await newFolder();
        await (await FileBackend.open(folder, { create: true }))[Symbol.asyncDispose]();
        await writeFile(join(folder, 'tmp', 'tmp-1700000000000-0'), 'a stream');
        await writeFile(join(folder, 'private', '.DS_Store'), 'a picture');
        await mkdir(join(folder, 'private', 'folder'));
        await using backend = await FileBackend.open(folder);
        await expect(backend.commit([put('a', '1'), put('folder', '2')])).rejects.toThrow('is a folder, not a file');
        await backend.commit([put('a', '1')]);
        expect(await keysOf(backend, 'private')).toEqual(['a', 'folder']);
        expect(await readdir(join(folder, 'tmp'))).toContain('tmp-1700000000000-0');
    });
});

describe('the contract', () => {
    const place = async () => {
        const folder = await newFolder();
        return {
            open: () => FileBackend.open(folder, { create: true }),
            [Symbol.asyncDispose]: () => Promise.resolve(),
        };
    };
    test.each(storageAcceptance(place, { blobsAreValues: true }))('$name', async ({ run }) => {
        await run();
    });

    test('is kept for any commits, as a model says', async () => {
        await fc.assert(
            fc.asyncProperty(steps, async made => checkAgainstModel(await place(), made)),
            { numRuns: 15 },
        );
    });
});

describe('a reverse map of an original installation', () => {
    async function open(content: string): Promise<[FileBackend, string]> {
        const folder = await newFolder();
        await (await FileBackend.open(folder, { create: true }))[Symbol.asyncDispose]();
        await writeFile(join(folder, 'rmaps', map), content);
        return [await FileBackend.open(folder), join(folder, 'rmaps', map)];
    }
    const [a, b, c] = [hashOf('a'), hashOf('b'), hashOf('c')];

    test('is appended to, not written again', async () => {
        const [backend, file] = await open(`${a}\n${b}\n`);
        const before = await stat(file);
        await backend.commit([link('c')]);
        expect(await readFile(file, 'utf8')).toBe(`${a}\n${b}\n${c}\n`);
        expect((await stat(file)).ino).toBe(before.ino);
        await backend[Symbol.asyncDispose]();
    });

    test.each([
        ['torn at its end', `${a}\n${b}\n${a.slice(0, 20)}`, [a, b]],
        ['without its last line feed', `${a}\n${b}`, [a, b]],
        ['with the rest of a torn line before another', `${a.slice(0, 9)}${b}\n`, [b]],
        ['with a line twice', `${a}\n${a}\n${b}`, [a, b]],
        ['empty', '', []],
    ])('%s is read, and repaired when it is written', async (_, content, entries) => {
        const [backend, file] = await open(content);
        const list = async () => (await backend.list('rmaps', map)).map(({ value }) => new TextDecoder().decode(value));
        expect(await list()).toEqual(entries);
        await backend.commit([link('c')]);
        expect(await list()).toEqual([...entries, c]);
        if (content.length % 65 !== 0)
            expect(await readFile(file, 'utf8')).toBe([...entries, c].map(line => `${line}\n`).join(''));
        await backend[Symbol.asyncDispose]();
    });

    test('that is damaged elsewhere is refused, and stays', async () => {
        const damaged = `${a.slice(1)}\n${b}\n`;
        const [backend, file] = await open(damaged);
        await expect(backend.list('rmaps', map)).rejects.toEqual(refused('STORAGE_DAMAGED'));
        await expect(backend.commit([link('c')])).rejects.toEqual(refused('STORAGE_DAMAGED'));
        expect(await readFile(file, 'utf8')).toBe(damaged);
        await backend[Symbol.asyncDispose]();
    });
});

test('a damaged log is refused', async () => {
    const folder = await newFolder();
    {
        await using backend = await FileBackend.open(folder, { create: true });
        await backend.commit([log(1), log(2)]);
    }
    const file = join(folder, 'lama', 'logs', 'l');
    const content = await readFile(file);
    for (const damaged of [content.subarray(0, -1), content.subarray(1), Buffer.concat([content, content])]) {
        await writeFile(file, damaged);
        await using backend = await FileBackend.open(folder);
        await expect(backend.list('logs', 'l')).rejects.toEqual(refused('STORAGE_DAMAGED'));
    }
});

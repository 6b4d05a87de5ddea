import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { contentsOf, storageAcceptance } from '../acceptance.ts';
import { checkAgainstModel, steps } from '../acceptance-model.ts';
import type { Write } from '../storage-backend.ts';
import { EmbeddedBackend } from './index.ts';

const folders: TemporaryFolder[] = [];
afterEach(async () => {
    for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

async function newFolder(): Promise<string> {
    const folder = await temporaryFolder('embedded');
    folders.push(folder);
    return join(folder.path, 'store');
}

const place = async () => {
    const folder = await newFolder();
    return {
        open: () => EmbeddedBackend.open(folder, { create: true }),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    };
};
const refused = (code: string) => expect.objectContaining({ code });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, value: string): Write => ({ type: 'put', space: 'state', key, value: bytes(value) });

/** Runs a program in a process of its own; what it prints. */
function run(program: string, args: readonly string[], options: { prefix?: readonly string[]; uid?: number } = {}) {
    const { prefix = [], uid } = options;
    const [command = '', ...rest] = [
        ...prefix,
        process.execPath,
        ...['--conditions=@one/source', '--input-type=module', '--eval', program, ...args],
    ];
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    return spawnSync(command, rest, { cwd, encoding: 'utf8', ...(uid !== undefined && { uid }) });
}

describe('the contract', () => {
    test.each(storageAcceptance(place))('$name', async ({ run }) => {
        await run();
    });

    test('is kept for any commits, as a model says', async () => {
        await fc.assert(
            fc.asyncProperty(steps, async made => checkAgainstModel(await place(), made)),
            { numRuns: 30 },
        );
    });
});

describe('a folder', () => {
    test('without a store is one only when asked for', async () => {
        const folder = await newFolder();
        await expect(EmbeddedBackend.open(folder)).rejects.toEqual(refused('STORAGE_NOT_FOUND'));
        await mkdir(folder);
        await expect(EmbeddedBackend.open(folder)).rejects.toEqual(refused('STORAGE_NOT_FOUND'));
        await writeFile(join(folder, 'notes.txt'), 'mine');
        await expect(EmbeddedBackend.open(folder, { create: true })).rejects.toThrow('notes.txt');
        expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
    });

    test('in which creating a store was interrupted becomes one', async () => {
        const folder = await newFolder();
        await mkdir(join(folder, 'db'), { recursive: true });
        await writeFile(join(folder, 'db', 'MANIFEST-000001'), 'half');
        await using backend = await EmbeddedBackend.open(folder, { create: true });
        expect(await contentsOf(backend)).toEqual({});
    });

    test('that has lost a part is refused, and stays', async () => {
        const folder = await newFolder();
        await (await EmbeddedBackend.open(folder, { create: true }))[Symbol.asyncDispose]();
        for (const part of ['db', 'blobs', 'tmp']) {
            await rm(join(folder, part), { recursive: true });
            await expect(EmbeddedBackend.open(folder, { create: true })).rejects.toEqual(refused('STORAGE_INCOMPLETE'));
            expect(await readdir(folder)).not.toContain(part);
            await mkdir(join(folder, part));
        }
    });
});

/** What cannot be compressed, so that there are several tables. */
function filler(length: number, seed: number): string {
    let [text, state] = ['', seed + 1];
    while (text.length < length) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        text += state.toString(36);
    }
    return text.slice(0, length);
}

/** A store whose entries lie in tables and in the log. */
async function filled(folder: string, count = 3000): Promise<Record<string, string>> {
    await using backend = await EmbeddedBackend.open(folder, { create: true });
    for (let at = 0; at < count; at += 500)
        await backend.commit(
            Array.from({ length: 500 }, (_, i) =>
                put(`k${at + i}`, `${at + i}-${filler(at < count - 500 ? 3000 : 20, at + i)}`),
            ),
        );
    return await contentsOf(backend);
}

function isSame(a: unknown, b: unknown): boolean {
    return JSON.stringify(a) === JSON.stringify(b);
}

/** What a store of `filled` holds without its last commit. */
function withoutLast(contents: Record<string, string>): Record<string, string> {
    const last = Object.keys(contents).length - 500;
    return Object.fromEntries(Object.entries(contents).filter(([id]) => Number(id.replace('state/k', '')) < last));
}

describe('damage', () => {
    test('of any file is an error, or has no effect: never another content', async () => {
        const folder = await newFolder();
        const before = await filled(folder);
        const db = join(folder, 'db');
        const files = (await readdir(db)).filter(name => /\.(ldb|log)$|^MANIFEST|^CURRENT/.test(name));
        expect(files.filter(name => name.endsWith('.ldb')).length).toBeGreaterThan(0);
        const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), 12 * files.length);
        const outcomes = { refused: 0, refusedReading: 0, unchanged: 0 };
        for (const file of files) {
            const { size } = await stat(join(db, file));
            for (let i = 0; i < 12; i++) {
                const copy = `${folder}-copy`;
                await cp(folder, copy, { recursive: true, filter: path => !path.endsWith('reserve') });
                // Half of them as a crash leaves a store.
                if (i % 2 === 0) await rm(join(copy, 'closed'));
                const at = Math.floor((random.pop() ?? 0) * size);
                const content = await readFile(join(copy, 'db', file));
                content[at] = (content[at] ?? 0) ^ (1 << (i % 8));
                await writeFile(join(copy, 'db', file), content);
                const opened = await EmbeddedBackend.open(copy).catch((error: unknown) => error);
                if (!(opened instanceof EmbeddedBackend)) {
                    expect({ file, at, opened }).toMatchObject({ opened: refused('STORAGE_DAMAGED') });
                    outcomes.refused++;
                } else {
                    const read = await contentsOf(opened).catch((error: unknown) => error);
                    const check = await opened.checkFiles().catch((error: unknown) => error);
                    if (check === undefined) {
                        // After a crash, damage of the very last record looks like a write that was cut: it goes as a whole.
                        const isLast = i % 2 === 0 && file.endsWith('.log');
                        const same = isSame(read, before) || (isLast && isSame(read, withoutLast(before)));
                        expect({ file, at, same }).toEqual({
                            file,
                            at,
                            same: true,
                        });
                        outcomes.unchanged++;
                    } else {
                        expect({ file, at, check }).toMatchObject({ check: refused('STORAGE_DAMAGED') });
                        outcomes.refusedReading++;
                    }
                    await opened[Symbol.asyncDispose]();
                }
                await rm(copy, { recursive: true });
            }
        }
        expect(outcomes.refused).toBeGreaterThan(10);
        expect(outcomes.refusedReading).toBeGreaterThan(5);
        // What pads the footer of a table means nothing.
        expect(outcomes.unchanged).toBeLessThan(5);
    }, 120_000);

    test('found after a crash while nobody reads is told, and refuses everything', async () => {
        const folder = await newFolder();
        await filled(folder);
        await rm(join(folder, 'closed'));
        const [table = ''] = (await readdir(join(folder, 'db'))).filter(name => name.endsWith('.ldb'));
        const content = await readFile(join(folder, 'db', table));
        content[1000] = (content[1000] ?? 0) ^ 1;
        await writeFile(join(folder, 'db', table), content);
        const told = Promise.withResolvers<unknown>();
        await using backend = await EmbeddedBackend.open(folder, { onDamage: told.resolve });
        expect(await told.promise).toEqual(refused('STORAGE_DAMAGED'));
        await expect(backend.get('state', 'k1')).rejects.toThrow(table);
        await expect(backend.commit([put('a', '1')])).rejects.toEqual(refused('STORAGE_DAMAGED'));
    });

    test('a missing file, or a store that was replaced by an older one, is refused', async () => {
        const folder = await newFolder();
        await filled(folder, 500);
        await cp(join(folder, 'db'), `${folder}-old`, { recursive: true });
        await filled(folder, 1500);
        const db = join(folder, 'db');
        for (const file of (await readdir(db)).filter(name => /\.(ldb|log)$|^MANIFEST|^CURRENT/.test(name))) {
            const content = await readFile(join(db, file));
            await rm(join(db, file));
            await expect(EmbeddedBackend.open(folder)).rejects.toEqual(refused('STORAGE_DAMAGED'));
            await writeFile(join(db, file), content);
        }
        await rm(db, { recursive: true });
        await cp(`${folder}-old`, db, { recursive: true });
        await expect(EmbeddedBackend.open(folder)).rejects.toThrow('was replaced or cut');
    });
});

describe('a disk', () => {
    const program = `
        import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
        const [folder, size] = process.argv.slice(1);
        const backend = await EmbeddedBackend.open(folder);
        const value = new Uint8Array(Number(size)).fill(65);
        let stored = 0;
        let error;
        for (let i = 0; i < 300 && error === undefined; i++)
            await backend.commit([{ type: 'put', space: 'state', key: 'n' + i, value }]).then(
                () => stored++,
                failure => { error = failure; },
            );
        const read = await backend.get('state', 'n' + (stored - 1)).then(value => value?.length, error => error.code);
        const small = await backend.commit([{ type: 'put', space: 'state', key: 'small', value: Uint8Array.of(1) }])
            .then(() => 'stored', error => error.code);
        await backend[Symbol.asyncDispose]().catch(() => undefined);
        console.log(JSON.stringify({ stored, code: error?.code, message: error?.message, read, small }));
    `;

    test('that is full is told; what was acknowledged before, and after, is intact', async () => {
        const folder = await newFolder();
        const before = await filled(folder, 500);
        // No file may become larger: like a full disk, for each of them.
        const limit = 2_500_000;
        const { stdout, stderr } = run(program, [folder, '100000'], { prefix: ['prlimit', `--fsize=${limit}`] });
        expect(stderr).toBe('');
        const { stored, code, read, small } = JSON.parse(stdout) as Record<string, unknown>;
        expect({ code, small, read }).toEqual({ code: 'STORAGE_FULL', small: 'stored', read: 100_000 });
        await using backend = await EmbeddedBackend.open(folder);
        for (let i = 0; i < Number(stored); i++) expect((await backend.get('state', `n${i}`))?.length).toBe(100_000);
        expect(await backend.get('state', `n${Number(stored)}`)).toBeUndefined();
        expect(await backend.get('state', 'small')).toEqual(Uint8Array.of(1));
        const after = await contentsOf(backend);
        for (const [id, text] of Object.entries(before)) expect(after[id]).toBe(text);
    });

    test('that cannot be written is told, and nothing changes', async () => {
        const folder = await newFolder();
        const before = await filled(folder, 500);
        const lock = async (mode: number) => {
            for (const path of [folder, join(folder, 'db'), join(folder, 'tmp')]) await chmod(path, mode);
        };
        await chmod(join(folder, '..'), 0o755);
        await lock(0o555);
        const open = `
            import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
            console.log(await EmbeddedBackend.open(process.argv[1]).then(() => 'opened', error => error.code + ' ' + error.message));
        `;
        // Whoever may do everything is somebody else for this.
        const { stdout } = run(open, [folder], process.getuid?.() === 0 ? { uid: 65_534 } : {});
        await lock(0o755);
        expect(stdout).toMatch(/^STORAGE_READ_ONLY .*cannot be written/);
        await using backend = await EmbeddedBackend.open(folder);
        expect(await contentsOf(backend)).toEqual(before);
    });
});

test('a store whose closing was interrupted is opened as after a crash', async () => {
    const folder = await newFolder();
    const before = await filled(folder, 500);
    for (const torn of ['', '1', '99']) {
        await writeFile(join(folder, 'closed'), torn);
        await using backend = await EmbeddedBackend.open(folder);
        expect(await contentsOf(backend)).toEqual(before);
    }
});

test('checking files while they are written finds nothing', async () => {
    await using backend = await EmbeddedBackend.open(await newFolder(), { create: true });
    const state = { writing: true };
    const checks = (async () => {
        while (state.writing) await backend.checkFiles();
    })();
    for (let at = 0; at < 40; at++)
        await backend.commit(
            Array.from({ length: 100 }, (_, i) => put(`k${at * 100 + i}`, filler(4000, at * 100 + i))),
        );
    state.writing = false;
    await checks;
});

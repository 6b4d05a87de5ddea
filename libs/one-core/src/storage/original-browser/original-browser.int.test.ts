import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleForBrowser, chromiumLaunchOptions, temporaryFolder, type TemporaryFolder } from '@lama/testing';
import { chromium, type BrowserContext } from 'playwright-core';
import type { Actions, Answer, RecordedDatabase } from './test-page.ts';

interface Vector {
    readonly databaseName: string;
    readonly encryptStorage: boolean;
    readonly blobHash: string;
    readonly clobHash: string;
    readonly secret: string;
    readonly records: RecordedDatabase;
    readonly privateAfterPasswordChange?: { readonly secret: string; readonly records: RecordedDatabase[string] };
}

const STORES = ['objects', 'vheads', 'rmaps', 'private', 'tmp', 'acache'];
/** Whose database was recorded. */
const PERSON = '81886e824133c74a56be6016176312ef51a84b6f64e7b38d46a9d0f13afdb858';

let profile: TemporaryFolder;
let script: string;
let browser: BrowserContext;
let vectors: readonly Vector[];

beforeAll(async () => {
    [profile, script] = await Promise.all([
        temporaryFolder('original-browser'),
        bundleForBrowser(fileURLToPath(new URL('test-page.ts', import.meta.url))),
    ]);
    browser = await start();
    const file = new URL('../../../test-vectors/crypto.json', import.meta.url);
    vectors = (JSON.parse(await readFile(file, 'utf8')) as { browserStorage: Vector[] }).browserStorage;
}, 120_000);

afterAll(async () => {
    await browser.close();
    await profile[Symbol.asyncDispose]();
});

const kinds = ['plain', 'encrypted'] as const;

describe.each(kinds)('a %s database', kind => {
    const encrypted = kind === 'encrypted';
    const recorded = () => vectorOf(encrypted);

    test('that was recorded is imported whole, and stays as it was', async () => {
        const page = await newPage(`recorded-${kind}`);
        const { databaseName: name, records } = recorded();
        expect(await page.run('nameOf')).toBe(name);
        await page.run('recreate', name, records);
        const before = await page.run('fingerprint', name);
        const { contents, ...rest } = await page.run('import', name);
        expect(rest).toMatchObject({ problems: [], damaged: [], signed: 64 });
        expect(contents.counts).toEqual({ objects: 10, vheads: 2, rmaps: 3, private: 6 });
        expect(await page.run('fingerprint', name)).toEqual(before);
        expect(before[0]).toBe(1);
    });

    test.each([true, false])(
        'of many records is imported in parts (copy encrypted: %s)',
        async encryptStorage => {
            const page = await newPage(`many-${kind}-${encryptStorage}`);
            const name = await page.run('nameOf', 'Elsewhere');
            const made = await page.run('make', name, encrypted, 400);
            expect(made.counts).toMatchObject({ vheads: 404, blobs: 5 });
            const { contents, entries, ...rest } = await page.run('import', name, { encryptStorage });
            expect(rest).toEqual({ problems: [], damaged: [], signed: 64 });
            expect(contents).toEqual(made);
            expect(entries).toBeGreaterThan(1700);
        },
        60_000,
    );

    test('is opened by its secret alone', async () => {
        const page = await newPage(`secret-${kind}`);
        const { databaseName: name, records, privateAfterPasswordChange: change } = recorded();
        await page.run('recreate', name, records);
        const before = await page.run('fingerprint', name);
        const opening = page.run('open', name, 'wrong');
        await expect(opening).rejects.toThrow(/"OneDB#db30.*wrong.*try it again with the secret.*SC-INIT1/);
        await page.run('open', name);
        expect(await page.run('fingerprint', name)).toEqual(before);
        for (const { key, value } of change?.records ?? []) await page.run('putRecorded', name, 'private', key, value);
        if (change !== undefined) await page.run('open', name, change.secret);
    });

    test.each([
        { what: 'a BLOB', store: 'objects', record: (vector: Vector) => vector.blobHash, how: 'flip' },
        { what: 'a CLOB', store: 'objects', record: (vector: Vector) => vector.clobHash, how: 'exchange' },
        { what: 'a CLOB', store: 'objects', record: (vector: Vector) => vector.clobHash, how: 'kind' },
        { what: 'a head', store: 'vheads', record: () => PERSON, how: 'kind' },
        { what: 'a reverse map', store: 'rmaps', record: () => `${PERSON}.Object.Keys`, how: 'flip' },
        { what: 'a key file', store: 'private', record: () => 'keychain_masterkey', how: 'flip' },
    ] as const)('is refused with $what that is damaged ($how)', async ({ store, record, how }) => {
        const page = await newPage(`damaged-${kind}-${store}-${how}`);
        const vector = recorded();
        const { databaseName: name, records } = vector;
        await page.run('recreate', name, records);
        await page.run('damage', name, store, record(vector), how);
        const message = new RegExp(
            `"${record(vector)}" in "${store}" of .*"OneDB#db30.*" is damaged.*onDamaged.*STORAGE_DAMAGED`,
        );
        await expect(page.run('import', name)).rejects.toThrow(message);
        if (store !== 'objects') return;
        const { damaged, problems, contents } = await page.run('import', name, { skipDamaged: true });
        expect({ problems, contents }).toMatchObject({
            problems: [],
            contents: { counts: { objects: 9, private: 6 } },
        });
        expect(damaged).toEqual([expect.stringMatching(message)]);
    });

    test('without one of its keys is refused', async () => {
        const page = await newPage(`keys-${kind}`);
        const { databaseName: name, records } = recorded();
        await page.run('recreate', name, records);
        await page.run('put', name, 'private', 'FN', 'text');
        await expect(page.run('open', name)).rejects.toThrow(/"FN" .*is damaged.*STORAGE_DAMAGED/);
        await page.run('remove', name, 'private', 'SK');
        await expect(page.run('open', name)).rejects.toThrow(/"SK" .*is lost.*STORAGE_INCOMPLETE/);
    });
});

test('a database that is not there is not created by looking', async () => {
    const page = await newPage('missing');
    await expect(page.run('import', 'OneDB#0')).rejects.toThrow(/no database "OneDB#0".*check the name.*NOT_FOUND/);
    await expect(page.run('open', 'OneDB#0')).rejects.toThrow('STORAGE_NOT_FOUND');
    expect(await page.run('databases')).toEqual([]);
});

test.each([
    { what: 'another application', version: 1, stores: ['objects'], message: /no part "vheads".*STORAGE_INCOMPLETE/ },
    { what: 'a later version', version: 2, stores: [...STORES], message: /later version.*newer one.*STORAGE_NEWER/ },
    { what: 'more', version: 1, stores: [...STORES, 'more'], message: /a part "more".*newer one.*STORAGE_NEWER/ },
    { what: 'no instance', version: 1, stores: [...STORES], message: /holds no instance.*STORAGE_NOT_FOUND/ },
])('a database of $what is refused and stays as it was', async ({ what, version, stores, message }) => {
    const page = await newPage(what.replaceAll(' ', '-'));
    await page.run('foreign', 'OneDB#1', version, stores);
    const before = await page.run('fingerprint', 'OneDB#1');
    await expect(page.run('import', 'OneDB#1')).rejects.toThrow(message);
    expect(await page.run('fingerprint', 'OneDB#1')).toEqual(before);
    expect(before[0]).toBe(version);
});

test('of two instances in one database, one is chosen', async () => {
    const page = await newPage('two');
    const name = await page.run('nameOf');
    const made = await page.run('make', name, true, 3);
    await page.run('put', name, 'objects', 'a'.repeat(64), 'text');
    await expect(page.run('import', name)).rejects.toThrow(
        /two instances.* 1 records are plain, \d+ are encrypted.*encrypted: true or false.*STORAGE_OTHER_INSTANCE/,
    );
    const { contents, problems } = await page.run('import', name, { encrypted: true });
    expect({ contents, problems }).toEqual({ contents: made, problems: [] });
    await page.run('remove', name, 'objects', 'a'.repeat(64));
    const none = page.run('import', name, { encrypted: false });
    await expect(none).rejects.toThrow(/no plain instance.*STORAGE_NOT_FOUND/);
});

test.each([
    { store: 'private', key: 'keychain_salt', message: /"keychain_salt" in "private".*STORAGE_DAMAGED/ },
    { store: 'rmaps', key: 7, message: /records that no original installation writes.*STORAGE_DAMAGED/ },
])('records that nobody knows are not passed over: $key in $store', async ({ store, key, message }) => {
    const page = await newPage(`strange-${store}`);
    const { databaseName: name, records } = vectorOf(false);
    await page.run('recreate', name, records);
    await page.run('put', name, store, key, 'text');
    await expect(page.run('import', name)).rejects.toThrow(message);
});

test('gives single values, and takes none', async () => {
    const page = await newPage('look');
    const { databaseName: name, records, blobHash } = vectorOf(true);
    await page.run('recreate', name, records);
    expect(await page.run('look', name, blobHash)).toEqual({
        value: 40,
        blob: [40, 2],
        missing: [undefined, undefined],
        own: [undefined, []],
        map: [],
        commit: 'STORAGE_READ_ONLY',
        create: 'STORAGE_READ_ONLY',
        delete: 'STORAGE_READ_ONLY',
        instance: 'STORAGE_READ_ONLY',
    });
});

test("notices that the application goes on beside it, and is in nobody's way", async () => {
    const page = await newPage('beside');
    const { databaseName: name, records } = vectorOf(false);
    await page.run('recreate', name, records);
    expect(await page.run('beside', name)).toEqual(['STORAGE_IN_USE', 'STORAGE_CLOSED']);
    expect(await page.run('databases')).toEqual([]);
});

test('a value that the browser has lost is named, and the rest is there', async () => {
    const { databaseName: name, records } = vectorOf(false);
    const page = await newPage('lost');
    await page.run('recreate', name, records);
    const hash = await page.run('putLarge', name);
    await browser.close();
    const files = await databaseFiles('lost');
    const blobs = files.filter(file => file.includes('.indexeddb.blob'));
    expect(blobs).toHaveLength(1);
    for (const file of blobs) await rm(file);
    browser = await start();
    const again = await newPage('lost');
    const message = new RegExp(`"${hash}" in "objects".*is damaged.*STORAGE_DAMAGED`);
    await expect(again.run('import', name)).rejects.toThrow(message);
    const { damaged, contents } = await again.run('import', name, { skipDamaged: true });
    expect(damaged).toEqual([expect.stringMatching(message)]);
    expect(contents.counts).toEqual({ objects: 10, vheads: 2, rmaps: 3, private: 6 });
});

test('says so when the browser has found its files damaged and has removed them', async () => {
    const { databaseName: name, records } = vectorOf(false);
    const page = await newPage('removed');
    await page.run('recreate', name, records);
    await browser.close();
    for (const file of await databaseFiles('removed')) {
        const content = await readFile(file);
        await writeFile(file, content.fill(7, content.length >> 1));
    }
    browser = await start();
    const again = await newPage('removed');
    await expect(again.run('open', name)).rejects.toThrow(/has removed them.*from a backup.*STORAGE_DAMAGED/);
    await expect(again.run('open', name)).rejects.toThrow('STORAGE_NOT_FOUND');
});

/** What the browser, which is not running, keeps of the databases of an origin. */
async function databaseFiles(own: string): Promise<string[]> {
    const entries = await readdir(join(profile.path, 'Default', 'IndexedDB'), { recursive: true, withFileTypes: true });
    const paths = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return paths.filter(path => path.includes(`${own}.localhost`));
}

function vectorOf(encrypted: boolean): Vector {
    const found = vectors.find(vector => vector.encryptStorage === encrypted);
    if (found === undefined) throw new Error('The vector is missing.');
    return found;
}

/** A page of an origin of its own. */
async function newPage(own: string) {
    const page = await browser.newPage();
    await page.goto(`http://${own}.localhost/`);
    await page.addScriptTag({ content: script, type: 'module' });
    await page.waitForFunction(() => 'run' in globalThis);
    return {
        page,
        async run<N extends keyof Actions>(
            action: N,
            ...args: Parameters<Actions[N]>
        ): Promise<Awaited<ReturnType<Actions[N]>>> {
            const question: Question = { action, args };
            const answer = await page.evaluate(ask, question);
            if ('error' in answer) throw new Error(answer.error.message);
            return answer.result as Awaited<ReturnType<Actions[N]>>;
        },
    };
}

interface Question {
    readonly action: string;
    readonly args: unknown[];
}

/** Runs in the page. */
function ask({ action, args }: Question): Promise<Answer> {
    const page = globalThis as unknown as { run: (action: string, args: unknown[]) => Promise<Answer> };
    return page.run(action, args);
}

async function start(): Promise<BrowserContext> {
    const context = await chromium.launchPersistentContext(profile.path, await chromiumLaunchOptions());
    const body = '<!doctype html><title>import</title>';
    await context.route('**/*', route => route.fulfill({ contentType: 'text/html', body }));
    return context;
}

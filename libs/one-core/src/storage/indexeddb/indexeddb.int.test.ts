// One file of more than 400 lines: starting a browser takes longer than most of what is tested in it.
import { once } from 'node:events';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
    bundleForBrowser,
    chromiumLaunchOptions,
    eventually,
    temporaryFolder,
    type TemporaryFolder,
} from '@lama/testing';
import fc from 'fast-check';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { storageAcceptance } from '../acceptance.ts';
import type { Actions, Answer } from './test-worker.ts';

let profile: TemporaryFolder;
let site: Awaited<ReturnType<typeof serve>>;
let browser: BrowserContext;

beforeAll(async () => {
    [profile, site] = await Promise.all([
        temporaryFolder('indexeddb'),
        bundleForBrowser(fileURLToPath(new URL('test-worker.ts', import.meta.url))).then(serve),
    ]);
    browser = await start();
}, 120_000);

afterAll(async () => {
    await browser.close();
    site.close();
    await profile[Symbol.asyncDispose]();
});

describe('in a worker of Chromium', () => {
    let results: Promise<Awaited<ReturnType<Actions['acceptance']>>> | undefined;
    const names = storageAcceptance(() => Promise.reject(new Error('runs in the browser')));

    test.each(names)('$name', async ({ name }) => {
        results ??= newTab().then(tab => tab.run('acceptance'));
        expect((await results).find(result => result.name === name)).toEqual({ name });
    });

    test('ends with the same contents as a model, whatever is committed', async () => {
        const tab = await newTab();
        expect(await tab.run('model', propertyOptions(40))).toBeUndefined();
    });

    test('reads the same ranges of lists as a model', async () => {
        const tab = await newTab();
        expect(await tab.run('ranges', propertyOptions(100))).toBeUndefined();
    });

    test('gives each of many keys once, also to who takes its time', async () => {
        const tab = await newTab();
        expect(await tab.run('manyKeys')).toEqual({ objects: 2500, logs: 2501, all: 5001, slow: 2500 });
    });

    test('ends commits in their order, also of different spaces', async () => {
        const tab = await newTab();
        expect(await tab.run('ends')).toEqual([0, 1, 2]);
    });

    test('is closed when all commits under way have ended', async () => {
        const tab = await newTab();
        expect(await tab.run('closing')).toBe(3);
    });

    test('stores nothing of a commit with a value that cannot be stored', async () => {
        const tab = await newTab();
        expect(await tab.run('failingCommit')).toEqual({ refused: true, contents: { 'state/c': '1' } });
    });

    test('keeps no more than the bytes of a value', async () => {
        const tab = await newTab();
        expect(await tab.run('partOfBuffer')).toEqual({ given: 'part', held: 4 });
    });
});

test('a page itself can open a store, too', async () => {
    const page = await newPage();
    await page.run('open', 'page', { create: true, relaxed: true });
    await page.run('commit', 'page', { a: '1' });
    expect(await page.run('contents', 'page')).toEqual({ 'state/a': '1' });
});

test('a store that is not there is not created by looking', async () => {
    const tab = await newTab('looking');
    await expect(tab.run('open', 'missing')).rejects.toThrow(/no store "missing" .*STORAGE_NOT_FOUND/);
    expect(await tab.run('databases')).toEqual([]);
    await tab.run('open', 'missing', { create: true });
    await tab.run('close', 'missing');
    await tab.run('open', 'missing');
});

test('only one of two tabs has a store open, until it closes it, vanishes or loses it', async () => {
    const [first, second] = [await newTab(), await newTab()];
    await first.run('open', 'tabs', { create: true });
    await expect(second.run('open', 'tabs')).rejects.toThrow(/"tabs" is open in another tab .*STORAGE_IN_USE/);
    await first.run('close', 'tabs');
    await second.run('open', 'tabs');
    await second.page.close();
    await eventually(() => first.run('open', 'tabs'));
    const third = await newTab();
    await third.run('steal', 'tabs');
    await expect(first.run('commit', 'tabs', { a: '1' })).rejects.toThrow(/taken over .*STORAGE_CLOSED/);
    await third.run('open', 'tabs');
});

test('refuses a store of a newer version, and lets go of its own when a newer version comes', async () => {
    const [tab, newer] = [await newTab(), await newTab()];
    await newer.run('openForeign', 'newer', 7);
    await expect(tab.run('open', 'newer')).rejects.toThrow(/"newer" .*newer version; reload.*STORAGE_NEWER/);

    await tab.run('open', 'upgraded', { create: true });
    await newer.run('openForeign', 'upgraded', 7);
    await expect(tab.run('contents', 'upgraded')).rejects.toThrow(
        /newer version of the store "upgraded".*STORAGE_CLOSED/,
    );
});

test('does not wait for a tab that keeps an older version open', async () => {
    const [tab, older] = [await newTab(), await newTab()];
    await older.run('openForeign', 'older', 1);
    await expect(tab.run('openNewer', 'older')).rejects.toThrow(/older version of the store "older".*STORAGE_IN_USE/);
    await older.run('closeForeign', 'older');
    // What was given up does not go on behind our back.
    await eventually(async () => older.run('openForeign', 'older', 1));
});

test('refuses a database of another application and leaves it as it is', async () => {
    const tab = await newTab();
    await tab.run('openForeign', 'foreign', 1);
    await tab.run('closeForeign', 'foreign');
    await expect(tab.run('open', 'foreign', { create: true })).rejects.toThrow(/"foreign" .*STORAGE_INCOMPLETE/);
    expect(await tab.run('records', 'foreign')).toEqual({});
});

test('a tab that deletes the database gets it; who had it open is told', async () => {
    const [tab, other] = [await newTab(), await newTab()];
    await tab.run('open', 'deleted', { create: true });
    await tab.run('commit', 'deleted', { a: '1' });
    await other.run('deleteDatabase', 'deleted');
    await expect(tab.run('commit', 'deleted', { a: '2' })).rejects.toThrow(/deletes the store .*STORAGE_CLOSED/);
    await expect(tab.run('contents', 'deleted')).rejects.toThrow('STORAGE_CLOSED');
    await expect(other.run('open', 'deleted')).rejects.toThrow('STORAGE_NOT_FOUND');
    await tab.run('close', 'deleted');
});

test('says so when the browser clears the data of the site', async () => {
    const tab = await newTab('cleared');
    await tab.run('open', 'cleared', { create: true });
    await tab.run('commit', 'cleared', { a: '1' });
    const devTools = await browser.newCDPSession(tab.page);
    await devTools.send('Storage.clearDataForOrigin', { origin: tab.origin, storageTypes: 'indexeddb' });
    await eventually(() =>
        expect(tab.run('commit', 'cleared', { a: '2' })).rejects.toThrow(
            /"cleared": its data were cleared.*STORAGE_BROKEN/,
        ),
    );
    await expect(tab.run('contents', 'cleared')).rejects.toThrow('STORAGE_BROKEN');
    await tab.run('close', 'cleared');
    await tab.run('open', 'cleared', { create: true });
    expect(await tab.run('contents', 'cleared')).toEqual({});
});

test('a full disk costs the commit that does not fit and nothing else', async () => {
    const tab = await newTab('quota');
    // Before the first commit: then Chromium remembers for a while how much is free.
    const devTools = await browser.newCDPSession(tab.page);
    await devTools.send('Storage.overrideQuotaForOrigin', { origin: tab.origin, quotaSize: 3_000_000 });
    await tab.run('open', 'quota', { create: true });
    await tab.run('commit', 'quota', { before: '1' });
    expect(await tab.run('commitBytes', 'quota', 'fits', 50_000)).toBe(50_000);
    await expect(tab.run('commitBytes', 'quota', 'large', 5_000_000)).rejects.toThrow(/no more space .*STORAGE_FULL/);
    await expect(tab.run('commitBytes', 'quota', 'large', 5_000_000)).rejects.toThrow('STORAGE_FULL');
    await expect(tab.run('largeBlob', 'quota', 5_000_000)).rejects.toThrow('STORAGE_FULL');
    await tab.run('commit', 'quota', { after: '1' });
    await tab.run('close', 'quota');
    await tab.run('open', 'quota');
    expect(await tab.run('records', 'quota')).toMatchObject({ blobs: 0, uploads: 0, pieces: 0 });
    expect(Object.keys(await tab.run('contents', 'quota')).sort()).toEqual([
        'objects/fits',
        'state/after',
        'state/before',
        'state/fits-too',
    ]);
});

test('a value that is no bytes any more is reported as damage', async () => {
    const tab = await newTab();
    await tab.run('open', 'damaged', { create: true });
    await tab.run('commit', 'damaged', { good: '1' });
    await tab.run('close', 'damaged');
    await tab.run('damage', 'damaged', 'state', 'bad', 'text');
    await tab.run('open', 'damaged');
    await expect(tab.run('contents', 'damaged')).rejects.toThrow(/"damaged" .*STORAGE_DAMAGED/);
    await tab.run('commit', 'damaged', { bad: '2' });
    expect(await tab.run('contents', 'damaged')).toEqual({ 'state/bad': '2', 'state/good': '1' });
});

test.each([
    { where: 'in a sandbox', path: 'sandboxed', host: 'localhost', message: /allow this page to store site data/ },
    { where: 'without https', path: 'page', host: 'insecure.test', message: /open it by https/ },
])('where a page may store nothing, it is told why: $where', async ({ path, host, message }) => {
    const page = await newPage(path, host);
    const opening = page.run('open', 'forbidden', { create: true });
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow('STORAGE_UNAVAILABLE');
});

test('a browser without IndexedDB is told so', async () => {
    const tab = await newTab();
    await expect(tab.run('openWithoutEngine', 'none')).rejects.toThrow(/"none" .*another browser.*STORAGE_UNAVAILABLE/);
});

test('nothing of an unfinished BLOB is left after the next opening, nor of one that existed, was given up or deleted', async () => {
    const tab = await newTab();
    await tab.run('open', 'blobs', { create: true });
    await tab.run('blobs', 'blobs');
    expect(await tab.run('records', 'blobs')).toMatchObject({ blobs: 1, uploads: 1, pieces: 3 + 2 });
    await tab.page.close();
    const next = await newTab();
    await eventually(() => next.run('open', 'blobs'));
    expect(await next.run('records', 'blobs')).toMatchObject({ blobs: 1, uploads: 0, pieces: 3 });
    await next.run('deleteBlob', 'blobs', 'finished');
    expect(await next.run('records', 'blobs')).toMatchObject({ blobs: 0, uploads: 0, pieces: 0 });
});

test.each(['a crash of the tab', 'closing the tab', 'killing the browser'])(
    'every acknowledged commit survives, and none is there in parts: %s',
    async how => {
        const name = how.replaceAll(' ', '-');
        let stored = 0;
        for (let kills = 0; ; kills++) {
            const tab = await newTab('killed');
            tab.onStored = n => (stored = n);
            await eventually(() => tab.run('open', name, { create: true }));
            const last = lastOf(await tab.run('contents', name));
            expect(last).toBeGreaterThanOrEqual(stored);
            if (kills === 2) break;
            tab.run('countUp', name, last + 1).catch(() => undefined);
            const enough = stored + 5 + Math.floor(Math.random() * 20);
            await eventually(() => expect(stored).toBeGreaterThan(enough));
            if (how === 'closing the tab') await tab.page.close();
            else if (how === 'a crash of the tab') await crash(tab.page);
            else await killBrowser();
        }
    },
    60_000,
);

test('everything survives a browser that was killed in the middle of a write, also the second start after that', async () => {
    const tab = await newTab('torn');
    await tab.run('open', 'torn', { create: true });
    await tab.run('commit', 'torn', { a: '1' });
    await browser.close();
    // The head of a record without its content, as a kill leaves it behind.
    for (const file of await databaseFiles('torn'))
        if (file.endsWith('.log')) await appendFile(file, Uint8Array.of(1, 2, 3, 4, 79, 0, 1));
    for (const key of ['b', 'c']) {
        browser = await start();
        const next = await newTab('torn');
        await next.run('open', 'torn');
        await next.run('commit', 'torn', { [key]: '1' });
        await browser.close();
    }
    browser = await start();
    const last = await newTab('torn');
    await last.run('open', 'torn');
    expect(await last.run('contents', 'torn')).toEqual({ 'state/a': '1', 'state/b': '1', 'state/c': '1' });
});

test('says so once when the browser has found its files damaged and has removed them', async () => {
    const tab = await newTab('removed');
    await tab.run('open', 'removed', { create: true });
    await tab.run('commitBytes', 'removed', 'a', 50_000);
    await browser.close();
    for (const file of await databaseFiles('removed')) {
        const content = await readFile(file);
        await writeFile(file, content.fill(7, content.length >> 1));
    }
    browser = await start();
    const next = await newTab('removed');
    const opening = next.run('open', 'removed', { create: true });
    await expect(opening).rejects.toThrow(/"removed".*restore it from a backup.*STORAGE_DAMAGED/);
    await next.run('open', 'removed', { create: true });
    expect(await next.run('contents', 'removed')).toEqual({});
});

test('everything is there after the browser was started again', async () => {
    const tab = await newTab();
    await tab.run('open', 'kept', { create: true });
    await tab.run('commit', 'kept', { a: '1' });
    await tab.run('blobs', 'kept');
    await browser.close();
    browser = await start();
    const again = await newTab();
    await again.run('open', 'kept');
    expect(await again.run('contents', 'kept')).toEqual({ 'state/a': '1' });
    expect(await again.run('records', 'kept')).toMatchObject({ blobs: 1, uploads: 0, pieces: 3 });
});

/** The last number of `countUp`, after a check that nothing of any is missing. */
function lastOf(contents: Record<string, string>): number {
    if (Object.keys(contents).length === 0) return 0;
    const numbers = contents['logs/c']?.split(',').map(entry => Number(entry.split('=')[1])) ?? [];
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(contents['objects/a']?.split(' ')[0]).toBe(String(numbers.length));
    expect(contents['state/b']).toBe(String(numbers.length));
    return numbers.length;
}

/** What the browser, which is not running, keeps of the databases of an origin. */
async function databaseFiles(own: string): Promise<string[]> {
    const entries = await readdir(join(profile.path, 'Default', 'IndexedDB'), { recursive: true, withFileTypes: true });
    const paths = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    return paths.filter(path => path.includes(`${own}.localhost`));
}

/** For properties that are checked in the browser. */
function propertyOptions(numRuns: number): { numRuns: number; seed: number } {
    const { seed = Date.now() } = fc.readConfigureGlobal();
    return { numRuns: process.env['TEST_FULL'] ? 20 * numRuns : numRuns, seed };
}

async function start(): Promise<BrowserContext> {
    const options = await chromiumLaunchOptions();
    const args = [...options.args, '--host-resolver-rules=MAP insecure.test 127.0.0.1'];
    return chromium.launchPersistentContext(profile.path, { ...options, args });
}

async function crash(page: Page): Promise<void> {
    const crashed = page.waitForEvent('crash');
    const devTools = await browser.newCDPSession(page);
    // There is nobody left to answer.
    devTools.send('Page.crash').catch(() => undefined);
    await crashed;
    await page.close();
}

async function killBrowser(): Promise<void> {
    const closed = new Promise(resolve => browser.once('close', resolve));
    const devTools = await browser.browser()?.newBrowserCDPSession();
    const processes = await devTools?.send('SystemInfo.getProcessInfo');
    const main = processes?.processInfo.find(({ type }) => type === 'browser');
    if (main === undefined) throw new Error('Chromium does not tell its process.');
    process.kill(main.id, 'SIGKILL');
    await closed;
    browser = await start();
}

type Runner = <N extends keyof Actions>(
    action: N,
    ...args: Parameters<Actions[N]>
) => Promise<Awaited<ReturnType<Actions[N]>>>;

/** A tab with a worker that does what it is told. @param site part of the host, for an origin of its own */
async function newTab(own?: string) {
    const host = own === undefined ? 'localhost' : `${own}.localhost`;
    const page = await browser.newPage();
    const tab = {
        page,
        origin: `http://${host}:${site.port}`,
        onStored: (_: number): unknown => undefined,
        run: runnerOf(question => page.evaluate(askWorker, question)),
    };
    await page.exposeFunction('stored', (n: number) => tab.onStored(n));
    await page.goto(`${tab.origin}/`);
    return tab;
}

/** A page that does it itself. */
async function newPage(path = 'page', host = 'localhost'): Promise<{ run: Runner }> {
    const page = await browser.newPage();
    await page.goto(`http://${host}:${site.port}/${path}`);
    return { run: runnerOf(question => page.evaluate(askPage, question)) };
}

function runnerOf(ask: (question: Question) => Promise<Answer>): Runner {
    const run = async (action: string, ...args: unknown[]): Promise<unknown> => {
        const answer = await ask({ action, args });
        if ('result' in answer) return answer.result;
        throw new Error(answer.error.message);
    };
    return run as Runner;
}

interface Question {
    readonly action: string;
    readonly args: unknown[];
}

/** Runs in the page. */
function askPage({ action, args }: Question): Promise<Answer> {
    const page = globalThis as unknown as { run: (action: string, args: unknown[]) => Promise<Answer> };
    return page.run(action, args);
}

/** Runs in the page: hands a question to its worker, which it starts once. */
function askWorker(question: Question): Promise<Answer> {
    const page = globalThis as unknown as { worker?: Worker; stored: (n: number) => void };
    page.worker ??= new Worker('/worker.js', { type: 'module' });
    const { worker } = page;
    return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<Answer | { stored: number }>) => {
            if ('stored' in data) page.stored(data.stored);
            else resolve(data);
        };
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(question);
    });
}

/** Serves the script to pages and workers, as strictly as the client is served. */
async function serve(script: string) {
    const policy = "default-src 'self'; script-src 'self'; object-src 'none'";
    const page = '<!doctype html><title>storage</title><script type="module" src="/worker.js"></script>';
    const files = new Map([
        ['/', { type: 'text/html', body: '<!doctype html><title>storage</title>', policy }],
        ['/page', { type: 'text/html', body: page, policy }],
        ['/sandboxed', { type: 'text/html', body: page, policy: 'sandbox allow-scripts' }],
        ['/worker.js', { type: 'text/javascript', body: script, policy }],
    ]);
    const server = createServer(({ url = '' }, response) => {
        const file = files.get(url);
        response.writeHead(file === undefined ? 404 : 200, {
            'content-type': file?.type ?? 'text/plain',
            'content-security-policy': file?.policy ?? policy,
            // A sandboxed page is of no origin.
            'access-control-allow-origin': '*',
        });
        response.end(file?.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

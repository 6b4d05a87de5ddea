import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { bundleForBrowser, chromiumLaunchOptions } from '@lama/testing';
import { chromium } from 'playwright-core';
import { encryptAndEmbedNonce } from '../crypto/box.ts';
import { createKeyPair } from '../crypto/keys.ts';
import { sign, signatureVerify } from '../crypto/sign.ts';
import { createSignKeyPair, ensurePublicKey, ensurePublicSignKey } from '../crypto/keys.ts';
import { vectorSuites } from './suites.ts';
import type { VectorResult } from './vector-suite.ts';

/** What runs in the worker: the same sources, with the browser's side of the platform. */
const worker = `
    import * as core from '@refinio/one.core';
    import { runVectorSuite, vectorSuites } from '@refinio/one.core/vectors';
    self.onmessage = async ({ data }) => {
        const early = await Promise.resolve().then(() => core.createKeyPair()).catch(({ code }) => code);
        const refused = await core.cryptoReady().then(() => undefined, ({ code, message }) => ({ code, message }));
        if (refused !== undefined) return self.postMessage(refused);
        const results = [];
        for (const suite of vectorSuites) {
            const response = await fetch('/vectors/' + suite.file);
            results.push(await runVectorSuite(suite, await response.json()));
        }
        const nested = depth => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
        const recipes = new core.RecipeRegistry();
        recipes.register({ $type$: 'Recipe', name: 'Deep', rule: [{ itemprop: 'json', itemtype: { type: 'stringifiable' } }] });
        const microdata = new core.Microdata(recipes);
        const deep = microdata.write({ $type$: 'Deep', json: nested(500) });
        const keys = core.createKeyPair();
        const signKeys = core.createSignKeyPair();
        self.postMessage({
            early,
            results,
            deep: microdata.write(microdata.parse(deep)) === deep,
            publicKey: Array.from(keys.publicKey),
            publicSignKey: Array.from(signKeys.publicKey),
            signature: Array.from(core.sign(Uint8Array.of(1, 2, 3), signKeys.secretKey)),
            verified: core.signatureVerify(Uint8Array.of(1, 2, 3), Uint8Array.from(data.signature), Uint8Array.from(data.publicSignKey)),
        });
        self.onmessage = ({ data }) =>
            self.postMessage(Array.from(core.decryptWithEmbeddedNonce(
                Uint8Array.from(data.box), keys.secretKey, Uint8Array.from(data.publicKey),
            )));
    };
`;

interface Answer {
    readonly early: unknown;
    /** Whether the deepest JSON comes back on the small stack of a worker. */
    readonly deep: boolean;
    readonly results: readonly VectorResult[];
    readonly publicKey: number[];
    readonly publicSignKey: number[];
    readonly signature: number[];
    readonly verified: boolean;
}

/** Serves a page, the worker and the vectors on localhost, as the client is served. */
async function serve(script: string, wasm = true) {
    const files = new Map<string, { type: string; body: string }>([
        ['/', { type: 'text/html', body: '<!doctype html><title>vectors</title>' }],
        ['/worker.js', { type: 'text/javascript', body: script }],
        ...vectorSuites.map(({ file }) => {
            const body = readFileSync(new URL(`../../test-vectors/${file}`, import.meta.url), 'utf8');
            return [`/vectors/${file}`, { type: 'application/json', body }] as const;
        }),
    ]);
    const server = createServer(({ url = '' }, response) => {
        const file = files.get(url);
        response.writeHead(file === undefined ? 404 : 200, {
            'content-type': file?.type ?? 'text/plain',
            // As strict as the client's own; WebAssembly needs its exception in pages and workers alike.
            'content-security-policy': `default-src 'self'; script-src 'self'${wasm ? " 'wasm-unsafe-eval'" : ''}; object-src 'none'`,
        });
        response.end(file?.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
        url: `http://localhost:${(server.address() as AddressInfo).port}/`,
        [Symbol.dispose]: () => void server.close(),
    };
}

test('everything holds in a worker of Chromium, from the same sources, and both sides understand each other', async () => {
    const script = await bundleForBrowser({
        contents: worker,
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    });
    expect(script).not.toMatch(/["']node:|sodium-native/);
    using server = await serve(script);
    await using browser = await chromium.launch(await chromiumLaunchOptions());
    const page = await browser.newPage();
    await page.goto(server.url);

    const [keys, signKeys, message] = [createKeyPair(), createSignKeyPair(), Uint8Array.of(1, 2, 3)];
    const given = { signature: [...sign(message, signKeys.secretKey)], publicSignKey: [...signKeys.publicKey] };
    const answer = (await page.evaluate(ask, given)) as Answer;

    expect(answer.results.map(({ file, failures }) => ({ file, failures }))).toEqual(
        vectorSuites.map(({ file }) => ({ file, failures: [] })),
    );
    expect(answer.results.map(({ passed }) => passed).every(passed => passed >= 10)).toBe(true);
    expect(answer.early).toBe('CRYPTO_NOT_READY');
    expect(answer.deep).toBe(true);
    expect(answer.verified).toBe(true);
    const [signature, publicSignKey] = [Uint8Array.from(answer.signature), Uint8Array.from(answer.publicSignKey)];
    expect(signatureVerify(message, signature, ensurePublicSignKey(publicSignKey))).toBe(true);
    const box = encryptAndEmbedNonce(message, keys.secretKey, ensurePublicKey(Uint8Array.from(answer.publicKey)));
    expect(await page.evaluate(ask, { box: [...box], publicKey: [...keys.publicKey] })).toEqual([...message]);
}, 120_000);

test('a page that forbids WebAssembly is told what it needs', async () => {
    using server = await serve(
        await bundleForBrowser({ contents: worker, resolveDir: fileURLToPath(new URL('.', import.meta.url)) }),
        false,
    );
    await using browser = await chromium.launch(await chromiumLaunchOptions());
    const page = await browser.newPage();
    await page.goto(server.url);
    expect(await page.evaluate(ask, {})).toEqual({
        code: 'CRYPTO_UNAVAILABLE',
        message: expect.stringContaining("script-src 'wasm-unsafe-eval'"),
    });
}, 120_000);

/** Runs in the page: hands a message to its worker, which it starts once. */
function ask(message: unknown): Promise<unknown> {
    const holder = globalThis as unknown as {
        worker?: BrowserWorker;
        Worker: new (url: string, options: object) => BrowserWorker;
    };
    holder.worker ??= new holder.Worker('/worker.js', { type: 'module' });
    const { worker } = holder;
    return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message: reason }) => reject(new Error(reason));
        worker.postMessage(message);
    });
}

interface BrowserWorker {
    onmessage: (event: { data: unknown }) => void;
    onerror: (event: { message: string }) => void;
    postMessage: (message: unknown) => void;
}

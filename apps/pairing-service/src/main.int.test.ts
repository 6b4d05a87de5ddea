import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { systemStatusSchema } from '@lama/federation';
import { eventually, freePort, startService, temporaryFolder } from '@lama/testing';

const main = new URL('./main.ts', import.meta.url);
const archiveMain = new URL('../../archive-node/src/main.ts', import.meta.url);

async function start(env: Readonly<Record<string, string>>) {
    const service = startService(main, { LISTEN_PORT: '0', HEALTH_PORT: '0', ...env });
    await service.logged('ready');
    return service;
}

async function statusOf(url: string) {
    const response = await fetch(`${url}/api/v1/status`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    return systemStatusSchema.parse(await response.json()).archive;
}

describe('the public status', () => {
    test('says that the archive is ready, and soon after that it is not', async () => {
        await using archive = startService(archiveMain, { CONTROL_PORT: '0' });
        await archive.logged('ready');
        await using service = await start({ CONTROL_URL: await archive.url('health') });
        const url = await service.url('listening');
        expect(await statusOf(url)).toEqual({ state: 'ready' });
        expect(await service.health()).toMatchObject({ ready: 200, report: { status: 'ready' } });

        await archive.stop();
        await eventually(async () =>
            expect(await statusOf(url)).toEqual({ state: 'unreachable', reason: 'Your archive does not answer.' }),
        );
        await eventually(async () =>
            expect(await service.health()).toMatchObject({
                ready: 200,
                report: {
                    status: 'degraded',
                    dependencies: {
                        'archive-node': { status: 'down', reason: expect.stringContaining('ECONNREFUSED') },
                    },
                },
            }),
        );
    });

    test.each([
        ['starting', 503, { state: 'unreachable', reason: 'Your archive is starting.' }],
        ['degraded', 200, { state: 'degraded', reason: 'Your archive works, but something it uses is away.' }],
        ['not-ready', 503, { state: 'unreachable', reason: 'Your archive runs but cannot work now.' }],
        ['nonsense', 200, { state: 'unreachable', reason: 'Your archive does not answer.' }],
    ])('tells an archive that answers "%s" in words', async (status, code, expected) => {
        const archive = createServer((_request, response) => {
            response.writeHead(code, { 'content-type': 'application/json' });
            response.end(JSON.stringify({ service: 'archive-node', version: '1', pid: 1, status, dependencies: {} }));
        }).listen(0, '127.0.0.1');
        await once(archive, 'listening');
        try {
            const { port } = archive.address() as AddressInfo;
            await using service = await start({ CONTROL_URL: `http://127.0.0.1:${port}` });
            expect(await statusOf(await service.url('listening'))).toEqual(expected);
        } finally {
            archive.close();
        }
    });

    test('does not wait for an archive that is silent', async () => {
        const silent = createServer(() => undefined).listen(0, '127.0.0.1');
        await once(silent, 'listening');
        try {
            const { port } = silent.address() as AddressInfo;
            await using service = await start({ CONTROL_URL: `http://127.0.0.1:${port}` });
            const asked = performance.now();
            expect((await statusOf(await service.url('listening'))).state).toBe('unreachable');
            expect(performance.now() - asked).toBeLessThan(3_000);
        } finally {
            silent.closeAllConnections();
            silent.close();
        }
    });
});

describe('the web client', () => {
    const page = '<!doctype html><app-root ngCspNonce="CSP_NONCE"></app-root>';

    async function client() {
        const folder = await temporaryFolder('client');
        await mkdir(join(folder.path, 'media'));
        await writeFile(join(folder.path, 'index.html'), page);
        await writeFile(join(folder.path, 'main-ABCD1234.js'), `export const text = '${'x'.repeat(5_000)}';`);
        await writeFile(join(folder.path, 'media/logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
        return folder;
    }

    test('is served with a strict policy and a nonce that is new for each page', async () => {
        await using folder = await client();
        await using service = await start({ CLIENT_DIR: folder.path });
        const url = await service.url('listening');
        const [first, second] = await Promise.all([fetch(url), fetch(`${url}/chats/42`)]);
        const nonces = await Promise.all(
            [first, second].map(async response => {
                expect(response.status).toBe(200);
                const nonce = /ngCspNonce="([\w-]{22})"/.exec(await response.text())?.[1] ?? 'none';
                const policy = response.headers.get('content-security-policy') ?? '';
                expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`);
                expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
                expect(policy).not.toContain("'unsafe-");
                return nonce;
            }),
        );
        expect(nonces[0]).not.toBe(nonces[1]);
        expect(Object.fromEntries(first.headers)).toMatchObject({
            'cache-control': 'no-store',
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
            'cross-origin-opener-policy': 'same-origin',
        });
        expect(first.headers.has('strict-transport-security')).toBe(false);
    });

    test('files with a hash in their name are kept for ever and compressed, others are asked for again', async () => {
        await using folder = await client();
        await using service = await start({ CLIENT_DIR: folder.path });
        const url = await service.url('listening');
        const script = await fetch(`${url}/main-ABCD1234.js`);
        expect(Object.fromEntries(script.headers)).toMatchObject({
            'cache-control': 'public, max-age=31536000, immutable',
            'content-encoding': expect.stringMatching(/^(br|gzip)$/),
            'content-type': expect.stringContaining('javascript'),
        });
        expect(await script.text()).toHaveLength(5_000 + "export const text = '';".length);
        const logo = await fetch(`${url}/media/logo.svg`);
        expect(logo.headers.get('cache-control')).toBe('no-cache');
        expect(logo.headers.get('content-type')).toContain('svg');
    });

    test.each([
        '/missing.js',
        '/api',
        '/api/v1/missing',
        '/../package.json',
        '/%2e%2e/%2e%2e/package.json',
        '/..%2fpackage.json',
    ])('answers %s with a problem document', async path => {
        await using folder = await client();
        await using service = await start({ CLIENT_DIR: folder.path });
        const response = await fetch((await service.url('listening')) + path);
        expect(response.status).toBe(404);
        expect(response.headers.get('content-type')).toContain('application/problem+json');
    });

    test('behind https the browser is told to stay there', async () => {
        await using folder = await client();
        await using service = await start({ CLIENT_DIR: folder.path, PUBLIC_URL: 'https://lama.example.org' });
        const response = await fetch(await service.url('listening'));
        expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
        expect(response.headers.get('content-security-policy')).toContain('upgrade-insecure-requests');
        expect(response.headers.get('content-security-policy')).not.toContain('localhost');
    });

    test('a folder without a client is named', async () => {
        await using folder = await temporaryFolder();
        await using service = startService(main, { LISTEN_PORT: '0', HEALTH_PORT: '0', CLIENT_DIR: folder.path });
        expect(await service.exit).toBe(1);
        expect(service.log).toContainEqual(
            expect.objectContaining({ reason: 'CLIENT_NOT_BUILT', msg: expect.stringContaining(folder.path) }),
        );
    });
});

test('a taken public port is named with its variable', async () => {
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    try {
        await using service = startService(main, { LISTEN_PORT: String(port), HEALTH_PORT: '0' });
        expect(await service.exit).toBe(1);
        expect(service.log.at(-1)?.msg).toContain(`Port ${port} on 127.0.0.1 is taken`);
        expect(service.log.at(-1)?.msg).toContain('set LISTEN_PORT to a free port');
    } finally {
        taken.close();
    }
});

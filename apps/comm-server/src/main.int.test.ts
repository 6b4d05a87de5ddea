import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, freePort, startRedis, startService, type RedisServer, type ServiceProcess } from '@lama/testing';
import { createKeyPair, CryptoApi, cryptoReady, uint8ArrayToHex } from '@refinio/one.core';
import { dialWs, RelayListener, type MessageSocket } from '@refinio/one.models/node';

const main = new URL('./main.ts', import.meta.url);
const READY = '{"command":"communication_ready"}';

let parts: AsyncDisposable[];
beforeAll(() => cryptoReady());
beforeEach(() => {
    parts = [];
});
afterEach(async () => {
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const service = startService(main, { LISTEN_PORT: '0', HEALTH_PORT: '0', ...env });
    parts.push(service);
    await service.logged('ready');
    return service;
}

async function redis(): Promise<RedisServer> {
    const server = await startRedis();
    parts.push({ [Symbol.asyncDispose]: () => server.stop() });
    return server;
}

/** An instance that is registered there and sends back what comes. */
async function listening(service: ServiceProcess, keys = createKeyPair()) {
    const crypto = new CryptoApi(keys);
    const url = await service.url('listening');
    const ended: string[] = [];
    const listener = new RelayListener({
        ...{ url, dial: dialWs, crypto, retryMs: 200 },
        onConnection: socket => {
            socket.listen(frame => socket.send(typeof frame === 'string' ? READY : frame));
            void socket.closed.then(({ reason }) => ended.push(reason));
        },
    });
    parts.push(listener);
    listener.start();
    await eventually(() => expect(listener.state).toBe('Listening'));
    return { listener, ended, key: uint8ArrayToHex(crypto.publicEncryptionKey) };
}

/** Asks for the key; resolves with the first answer: that the other side is there, or why not. */
async function request(service: ServiceProcess, targetPublicKey: string) {
    const socket = await dialWs(await service.url('listening'));
    const sourcePublicKey = 'ab'.repeat(32);
    const next = (): Promise<string | Uint8Array> => new Promise(resolve => socket.listen(resolve));
    const first = next();
    socket.send(JSON.stringify({ command: 'communication_request', sourcePublicKey, targetPublicKey }));
    const answer = await Promise.race([first, socket.closed.then(({ reason }) => reason)]);
    return { socket, answer, next };
}

async function isReached(service: ServiceProcess, key: string): Promise<void> {
    const { socket, answer, next } = await request(service, key);
    expect(answer).toBe(READY);
    const echo = next();
    socket.send(Uint8Array.of(1, 2, 3));
    expect(await echo).toEqual(Uint8Array.of(1, 2, 3));
    socket.close('');
    await socket.closed;
}

async function metric(service: ServiceProcess, name: string): Promise<number> {
    const line = (await service.health()).metrics.split('\n').find(each => each.startsWith(name));
    return Number(line?.split(' ').at(-1));
}

function upgrade(...more: string[]): string {
    const headers = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', ...more];
    return ['GET / HTTP/1.1', ...headers, 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==', '', ''].join('\r\n');
}

/** Connects, asks for the key if there is one, and answers nothing from then on, not even a close frame. */
function silent(url: string, targetPublicKey?: string): Socket {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    if (targetPublicKey === undefined) return socket;
    const message = { command: 'communication_request', sourcePublicKey: 'ab'.repeat(32), targetPublicKey };
    const text = Buffer.from(JSON.stringify(message));
    // A final frame with text, masked with zeros.
    const head = Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 0xff, 0, 0, 0, 0]);
    socket.write(upgrade());
    socket.write(Buffer.concat([head, text]));
    return socket;
}

const NOBODY = 'Close called: No listening connection for the specified publicKey.';

describe('one relay', () => {
    test('connects two peers, and counts what it does', async () => {
        const service = await start({ LOG_LEVEL: 'debug' });
        const bob = await listening(service);
        await isReached(service, bob.key);
        expect((await request(service, 'cd'.repeat(32))).answer).toBe(NOBODY);
        await eventually(async () => {
            const { metrics, report } = await service.health();
            expect(report).toMatchObject({
                status: 'ready',
                dependencies: { redis: { status: 'absent', reason: expect.stringMatching(/^REDIS_URL is not set: /) } },
            });
            for (const expected of [
                ...['one_relay_keys{', 'one_relay_handed_over_total{', 'one_relay_not_found_total{'].map(
                    name => `${name}service="comm-server"} 1`,
                ),
                'one_relay_sockets{state="spare",service="comm-server"} 2',
                'one_relay_relays{service="comm-server"} 0',
                'one_relay_bytes_total{service="comm-server"} 39',
                'one_relay_refused_total{reason="authentication",service="comm-server"} 0',
            ])
                expect(metrics).toContain(`${expected}\n`);
        });
        // The same when it is read again.
        expect(await metric(service, 'one_relay_handed_over_total')).toBe(1);
        const ended = await service.logged('a relay has ended');
        expect(ended).toMatchObject({ level: 'debug', target: bob.key.slice(0, 8), bytes: 39 });
        // Nothing that is logged tells who talks to whom.
        expect(JSON.stringify(service.log)).not.toContain(bob.key);
    });

    test('stops in time and in order, also with peers that do not answer', async () => {
        const service = await start();
        const bob = await listening(service);
        const url = await service.url('listening');
        const halfOpen = silent(url);
        const relayed = silent(url, bob.key);
        await eventually(async () => expect(await metric(service, 'one_relay_relays')).toBe(1));
        const begin = performance.now();
        expect(await service.stop()).toBe(0);
        expect(performance.now() - begin).toBeLessThan(8_000);
        for (const socket of [halfOpen, relayed]) socket.destroy();
        await eventually(() => expect(bob.listener.state).toBe('Connecting'));
        expect(bob.ended).toEqual(['']);
        expect(service.log.at(-1)?.msg).toBe('stopped');
    });

    test('has limits that an operator can set, and says so to those whom it refuses', async () => {
        const service = await start({ MAX_SOCKETS_PER_ADDRESS: '3', REQUESTS_PER_MINUTE: '5' });
        const bob = await listening(service);
        await isReached(service, bob.key);
        await eventually(async () => expect(await metric(service, 'one_relay_sockets{state="spare"')).toBe(2));
        expect((await request(service, bob.key)).answer).toContain('This key is asked for too often.');
        await eventually(async () => {
            const [one, two] = await Promise.all([
                dialWs(await service.url('listening')),
                dialWs(await service.url('listening')),
            ]);
            const reasons = await Promise.race([one.closed, two.closed]);
            for (const socket of [one, two]) socket.terminate('');
            expect(reasons.reason).toMatch(/^Close called: There are too many connections|too often/);
        });
        expect(await metric(service, 'one_relay_refused_total{reason="requests"')).toBe(1);
    });

    test('warns of a proxy that is not trusted', async () => {
        const service = await start();
        const url = (await service.url('listening')).replace('ws', 'http');
        await fetch(url, { headers: { 'x-forwarded-for': '192.0.2.1' } });
        const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
        socket.write(upgrade('X-Forwarded-For: 192.0.2.1'));
        await eventually(() => expect(service.log.some(({ msg }) => msg.includes('TRUSTED_PROXIES'))).toBe(true));
        socket.destroy();
    });

    test('names mistakes in its configuration, and a port that is taken', async () => {
        await using wrong = startService(main, {
            ...{ TRUSTED_PROXIES: '10.0.0.0/33', RELAY_INTERNAL_URL: 'ws://replica', MAX_SOCKETS: '0' },
        });
        expect(await wrong.exit).toBe(78);
        for (const name of ['TRUSTED_PROXIES', 'RELAY_INTERNAL_URL', 'MAX_SOCKETS'])
            expect(wrong.stderr).toContain(`${name} is "`);
        const port = await freePort();
        const taken = createServer().listen(port, '127.0.0.1');
        await once(taken, 'listening');
        await using service = startService(main, { LISTEN_PORT: String(port), HEALTH_PORT: '0' });
        expect(await service.exit).toBe(1);
        expect(service.log.at(-1)).toMatchObject({
            reason: 'PORT_TAKEN',
            msg: expect.stringContaining('set LISTEN_PORT'),
        });
        taken.close();
    });
});

describe('replicas', () => {
    async function replica(server: RedisServer, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
        const RELAY_INTERNAL_URL = `ws://127.0.0.1:${await freePort()}`;
        return start({ ...{ LISTEN_HOST: '127.0.0.1', REDIS_URL: server.url, RELAY_INTERNAL_URL }, ...env });
    }

    test('reach what is registered at another one, with Redis and after it was away', async () => {
        const server = await redis();
        const [one, two] = [await replica(server), await replica(server)];
        const bob = await listening(one);
        await eventually(() => isReached(two, bob.key));
        expect(await metric(two, 'one_relay_forwarded_total')).toBe(1);
        expect(await metric(two, 'one_relay_handed_over_total')).toBe(0);
        expect(await metric(one, 'one_relay_handed_over_total')).toBe(1);

        await server.kill();
        await eventually(async () =>
            expect(await one.health()).toMatchObject({
                ready: 200,
                report: {
                    status: 'degraded',
                    dependencies: { redis: { status: 'down' }, registrations: { status: 'down' } },
                },
            }),
        );
        // Whoever asks at the same replica does not notice, and new ones can register.
        const carol = await listening(one);
        await isReached(one, bob.key);
        await isReached(one, carol.key);
        expect((await request(two, bob.key)).answer).toBe(NOBODY);

        await server.restart();
        await eventually(() => isReached(two, carol.key), 20_000);
        await eventually(() => isReached(two, bob.key));
        await eventually(async () => expect((await one.health()).report.status).toBe('ready'));
    }, 60_000);

    test('that are killed are forgotten, and those that stop at once', async () => {
        const server = await redis();
        const [one, two, three] = [await replica(server), await replica(server), await replica(server)];
        const keys = createKeyPair();
        const bob = await listening(one, keys);
        const again = await listening(two, keys);
        await eventually(() => isReached(three, bob.key));
        expect(await two.stop()).toBe(0);
        await again.listener.stop();
        await isReached(three, bob.key);
        one.child.kill('SIGKILL');
        await one.exit;
        // Its lease has not ended yet: it is asked, and does not answer.
        expect((await request(three, bob.key)).answer).toBe(NOBODY);
        expect(await metric(three, 'one_relay_replica_failures_total')).toBeGreaterThan(0);
        const failures = await eventually(async () => {
            const before = await metric(three, 'one_relay_replica_failures_total');
            expect((await request(three, bob.key)).answer).toBe(NOBODY);
            const after = await metric(three, 'one_relay_replica_failures_total');
            expect(after).toBe(before);
            return after;
        }, 20_000);
        expect(failures).toBeGreaterThan(0);
        await bob.listener.stop();
    }, 60_000);

    test('open their internal port to nobody else', async () => {
        const server = await redis();
        const one = await replica(server);
        const internal = await one.url('listening for other replicas');
        await expect(dialWs(internal)).rejects.toMatchObject({ message: expect.stringContaining('401') });
        await expect(dialWs(internal, { token: 'guessed' })).rejects.toMatchObject({ code: 'OPEN_FAILED' });
    });

    test('hold back a sender whose receiver is slow, across both of them', async () => {
        const server = await redis();
        const [one, two] = [await replica(server), await replica(server)];
        const accepted = Promise.withResolvers<MessageSocket>();
        const crypto = new CryptoApi(createKeyPair());
        const listener = new RelayListener({
            ...{ url: await one.url('listening'), dial: dialWs, crypto, retryMs: 200 },
            onConnection: socket => {
                // Takes the request, answers, and then nothing.
                socket.listen(() => {
                    socket.pause();
                    socket.send(READY);
                    accepted.resolve(socket);
                });
            },
        });
        parts.push(listener);
        listener.start();
        const key = uint8ArrayToHex(crypto.publicEncryptionKey);
        const socket = await eventually(async () => {
            const asked = await request(two, key);
            expect(asked.answer).toBe(READY);
            return asked.socket;
        });
        const frame = new Uint8Array(65_808);
        for (let i = 0; i < 1_500; i++) socket.send(frame);
        const stuck = await eventually(async () => {
            const before = socket.bufferedAmount;
            await new Promise(resolve => setTimeout(resolve, 300));
            expect(socket.bufferedAmount).toBe(before);
            return before;
        });
        expect(stuck).toBeGreaterThan(32 * 1024 * 1024);
        const taker = await accepted.promise;
        let bytes = 0;
        taker.listen(each => (bytes += each.length));
        taker.resume();
        await eventually(() => expect(bytes).toBe(1_500 * frame.length), 20_000);
        socket.close('');
    }, 60_000);
});

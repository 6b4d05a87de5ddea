import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { bundleForBrowser, chromiumLaunchOptions, eventually } from '@lama/testing';
import { chromium } from 'playwright-core';
import { Connection } from '../../connections/connection.ts';
import { acceptGroup, openGroup } from '../../connections/group.ts';
import { acceptHandshake, initiateHandshake } from '../../connections/handshake.ts';
import { exchangeIdentities } from '../../connections/identities.ts';
import type { Message } from '../../connections/message.ts';
import { recordsOf, testIdentity } from '../../connections/test-connections.ts';
import { MAX_FRAME } from '../../limits.ts';
import { transportAcceptance, type TransportUnderTest } from '../../transports/acceptance.ts';
import { createSocketPair } from '../../transports/memory-sockets.ts';
import type { Dial, MessageSocket, SocketListener } from '../../transports/message-socket.ts';
import { dialNative } from '../../transports/native-socket.ts';
import { SocketReader } from '../../transports/socket-reader.ts';
import { dialWs } from './ws-dial.ts';
import { listenWs, type SocketOrigin } from './ws-listener.ts';

/** Accepts connections and says nothing. */
async function silentServer() {
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
        sockets.add(socket);
        socket.on('error', () => undefined).resume();
        socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
        url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
        isAlone: async () => {
            for (const socket of sockets) await once(socket, 'close');
        },
        [Symbol.dispose]: () => {
            server.close();
            for (const socket of sockets) socket.destroy();
        },
    };
}

/** Speaks the protocol of WebSockets no further than its beginning. */
function upgradedByHand(url: string): Socket {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    const key = Buffer.from('0123456789abcdef').toString('base64');
    const headers = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    socket.write(['GET / HTTP/1.1', ...headers, `Sec-WebSocket-Key: ${key}`, '', ''].join('\r\n'));
    return socket;
}

async function dialled(dial: Dial, holdsBack: boolean): Promise<TransportUnderTest> {
    const waiting: ((socket: MessageSocket) => void)[] = [];
    const listener = await listenWs({ port: 0, onSocket: socket => waiting.shift()?.(socket) });
    const silent = await silentServer();
    const refused = await listenWs({ port: 0, onSocket: () => undefined });
    await refused[Symbol.asyncDispose]();
    const sockets: MessageSocket[] = [];
    return {
        holdsBack,
        // One after the other: which is whose would not be known.
        connect: async () => {
            const other = new Promise<MessageSocket>(resolve => waiting.push(resolve));
            const one = await dial(listener.url);
            sockets.push(one, await other);
            return [one, await other];
        },
        dialling: {
            dial,
            refusedUrl: refused.url,
            silentUrl: silent.url,
            silentIsAlone: silent.isAlone,
        },
        [Symbol.asyncDispose]: async () => {
            await listener[Symbol.asyncDispose]();
            silent[Symbol.dispose]();
            for (const socket of sockets) socket.terminate('The test is over');
            await Promise.all(sockets.map(({ closed }) => closed));
        },
    };
}

/** Joins each two sockets that come, as a relay does. */
async function listenPairing(): Promise<SocketListener> {
    let first: MessageSocket | undefined;
    return listenWs({
        port: 0,
        // More than the ends take, so that it is for them to refuse.
        maxFrame: 2 * MAX_FRAME,
        onSocket: second => {
            if (first === undefined) {
                first = second;
                return;
            }
            join(first, second);
            join(second, first);
            first = undefined;
        },
    });
}

function join(from: MessageSocket, to: MessageSocket): void {
    from.listen(frame => to.send(frame));
    void from.closed.then(({ reason }) => to.close(reason));
}

describe('sockets in memory', () => {
    const cases = transportAcceptance(
        () =>
            Promise.resolve({
                connect: () => Promise.resolve(createSocketPair()),
                [Symbol.asyncDispose]: () => Promise.resolve(),
            }),
        { dialling: false },
    );
    test.each(cases)('$name', ({ run }) => run());
});

describe('sockets of the package ws', () => {
    test.each(transportAcceptance(() => dialled(dialWs, true)))('$name', ({ run }) => run());
});

describe('the socket of Node and one of the package ws', () => {
    test.each(transportAcceptance(() => dialled(dialNative, false)))('$name', ({ run }) => run());
});

/** What runs in the page: both ends are there, with somebody between them. */
const script = `
    import { transportAcceptance } from '../../transports/acceptance.ts';
    import { dialNative } from '../../transports/native-socket.ts';
    globalThis.runTransports = async ({ relay, refusedUrl, silentUrl }) => {
        let before = Promise.resolve();
        const connect = () => before = before.then(async () => [await dialNative(relay), await dialNative(relay)]);
        const dialling = { dial: dialNative, refusedUrl, silentUrl, silentIsAlone: () => globalThis.silentIsAlone() };
        const results = {};
        for (const { name, run } of transportAcceptance(async () => ({
            connect, dialling, holdsBack: false, [Symbol.asyncDispose]: async () => undefined,
        })))
            results[name] = await Promise.race([
                run().then(() => 'passed', error => error.stack),
                new Promise(resolve => setTimeout(resolve, 10_000, 'takes too long')),
            ]);
        return results;
    };
`;

test('the socket of Chromium does all of it', async () => {
    await using relay = await listenPairing();
    await using refused = await listenWs({ port: 0, onSocket: () => undefined });
    await refused[Symbol.asyncDispose]();
    using silent = await silentServer();
    const body = await bundleForBrowser({ contents: script, resolveDir: import.meta.dirname });
    expect(body).not.toMatch(/["']node:|sodium-native/);
    const pages = createHttpServer((request, response) => {
        const isScript = request.url === '/page.js';
        response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
        response.end(isScript ? body : '<!doctype html><script type="module" src="/page.js"></script>');
    }).listen(0, '127.0.0.1');
    await once(pages, 'listening');
    await using browser = await chromium.launch(await chromiumLaunchOptions());
    try {
        const page = await browser.newPage();
        await page.exposeFunction('silentIsAlone', silent.isAlone);
        await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
        const urls = JSON.stringify({ relay: relay.url, refusedUrl: refused.url, silentUrl: silent.url });
        const results = await page.evaluate<Record<string, string>>(`runTransports(${urls})`);
        expect(Object.entries(results).filter(([, result]) => result !== 'passed')).toEqual([]);
        expect(Object.keys(results).length).toBeGreaterThan(25);
    } finally {
        pages.close();
    }
}, 120_000);

describe('a listener of the package ws', () => {
    test('listens on several addresses with one port, and tells where a socket comes from', async () => {
        const from: SocketOrigin[] = [];
        const onSocket = (_: MessageSocket, origin: SocketOrigin): unknown => from.push(origin);
        await using listener = await listenWs({ port: 0, hosts: ['127.0.0.1', '127.0.0.2'], onSocket });
        const { port } = new URL(listener.url);
        expect(listener.url).toBe(`ws://127.0.0.1:${port}`);
        const sockets = await Promise.all([dialWs(listener.url), dialWs(`ws://127.0.0.2:${port}/any/path?x`)]);
        for (const socket of sockets) socket.terminate('');
        const expected = { address: '127.0.0.1', origin: undefined, isForwarded: false };
        expect(from).toMatchObject([expected, expected]);
    });

    test('leaves out addresses that this machine does not have, and says so if it has none', async () => {
        const onSocket = (): void => undefined;
        await using listener = await listenWs({ port: 0, hosts: ['192.0.2.1', '127.0.0.1'], onSocket });
        expect(listener.url).toMatch(/^ws:\/\/127/);
        await expect(listenWs({ port: 0, hosts: ['192.0.2.1'], onSocket })).rejects.toMatchObject({
            code: 'LISTEN_FAILED',
            message: expect.stringContaining('192.0.2.1'),
        });
    });

    test('says that a port is taken', async () => {
        const onSocket = (): void => undefined;
        await using listener = await listenWs({ port: 0, onSocket });
        const port = Number(new URL(listener.url).port);
        await expect(listenWs({ port, onSocket })).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    });

    test('frees its port, and leaves open what is open', async () => {
        const { promise, resolve } = Promise.withResolvers<MessageSocket>();
        const listener = await listenWs({ port: 0, onSocket: resolve });
        const here = await dialWs(listener.url);
        const there = await promise;
        await listener[Symbol.asyncDispose]();
        const port = Number(new URL(listener.url).port);
        await using _again = await listenWs({ port, onSocket: () => undefined });
        const reader = new SocketReader(there);
        here.send('still open');
        expect(await reader.take(1)).toEqual(['still open']);
        here.close('');
        await there.closed;
    });

    test('answers other requests, and refuses more sockets than it may have', async () => {
        const onSocket = (): void => undefined;
        await using listener = await listenWs({ port: 0, hosts: ['127.0.0.1'], maxSockets: 1, onSocket });
        expect((await fetch(listener.url.replace('ws', 'http'))).status).toBe(426);
        const socket = await eventually(() => dialWs(listener.url));
        await expect(dialWs(listener.url)).rejects.toMatchObject({ code: 'OPEN_FAILED' });
        socket.terminate('');
    });

    test('closes a socket that sends what is no frame', async () => {
        const { promise, resolve } = Promise.withResolvers<MessageSocket>();
        await using listener = await listenWs({ port: 0, onSocket: resolve });
        const raw = upgradedByHand(listener.url);
        const there = await promise;
        raw.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
        expect(await there.closed).toMatchObject({
            origin: 'local',
            reason: expect.stringContaining('no frame'),
        });
        raw.destroy();
    });
});

test('who waits for a socket that takes nothing is told when the connection is lost', async () => {
    const { promise, resolve } = Promise.withResolvers<MessageSocket>();
    await using listener = await listenWs({ port: 0, onSocket: resolve });
    const raw = upgradedByHand(listener.url).pause();
    const there = await promise;
    const large = new Uint8Array(MAX_FRAME);
    for (let i = 0; i < 24; i++) there.send(large);
    const drained = there.whenDrained(0);
    raw.resetAndDestroy();
    await Promise.all([drained, there.closed]);
    await there.whenDrained(0);
});

test('a connection over it is set up, carries megabytes, and tells the end', async () => {
    const [own, peer] = await Promise.all([testIdentity('alice'), testIdentity('bob')]);
    const accepted = Promise.withResolvers<Connection>();
    await using listener = await listenWs({
        port: 0,
        onSocket: socket => {
            const connection = new Connection(socket);
            const setUp = async (): Promise<Connection> => {
                await acceptHandshake(connection, [{ cryptoApi: peer.instanceCrypto }]);
                await acceptGroup(connection, name => name === 'chum');
                await exchangeIdentities(connection, 'acceptor', peer, recordsOf(own));
                return connection;
            };
            accepted.resolve(setUp());
        },
    });
    for (const dial of [dialWs, dialNative]) {
        const connection = new Connection(await dial(listener.url));
        await initiateHandshake(connection, own.instanceCrypto, peer.instanceCrypto.publicEncryptionKey);
        await openGroup(connection, 'chum');
        const found = await exchangeIdentities(connection, 'initiator', own, recordsOf(peer));
        expect(found).toMatchObject(peer.known);
        if (dial === dialNative) {
            connection.close();
            continue;
        }
        const other = await accepted.promise;
        const received: Message[] = [];
        const last = new Promise<void>(resolve =>
            other.listen(message => {
                received.push(message);
                if (message === 'last') resolve();
            }),
        );
        connection.listen(() => undefined);
        const large = new Uint8Array(20 * MAX_FRAME).map((_, i) => i % 251);
        const messages = ['a'.repeat(100_000), large, new Uint8Array(65_536), 'last'];
        for (const message of messages) connection.send(message);
        await last;
        expect(received.map(({ length }) => length)).toEqual(messages.map(({ length }) => length));
        expect(Buffer.compare(received[1] as Uint8Array, large)).toBe(0);
        expect(other.statistics.bytesReceived).toBe(connection.statistics.bytesSent);
        connection.close('enough');
        expect(await other.closed).toEqual({ type: 'closed', reason: 'Close called: enough', origin: 'remote' });
        expect(await connection.closed).toMatchObject({ reason: 'enough -> regular close', origin: 'local' });
    }
});

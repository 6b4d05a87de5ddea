import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@lama/testing';
import { createKeyPair, CryptoApi, cryptoReady, uint8ArrayToHex } from '@refinio/one.core';
import { WebSocket } from 'ws';
import { AddressGuard, type AddressLimits } from '../../comm-server/address-guard.ts';
import { RelayListener } from '../../comm-server/relay-listener.ts';
import { RelayServer } from '../../comm-server/relay-server.ts';
import { MAX_FRAME, MAX_RELAY_MESSAGE_BYTES, RELAY_BUFFER_HIGH } from '../../limits.ts';
import type { MessageSocket, SocketListener } from '../../transports/message-socket.ts';
import { SocketReader } from '../../transports/socket-reader.ts';
import { listenRelay, type ListenRelayOptions } from './listen-relay.ts';
import { dialWs } from './ws-dial.ts';
import { listenWs, type SocketOrigin } from './ws-listener.ts';

interface Running {
    readonly server: RelayServer;
    readonly guard: AddressGuard;
    readonly url: string;
    readonly port: number;
    readonly from: SocketOrigin[];
    readonly counted: { full: number };
}

let parts: AsyncDisposable[];
let raws: Socket[];
beforeEach(async () => {
    await cryptoReady();
    [parts, raws] = [[], []];
});
afterEach(async () => {
    for (const raw of raws) raw.destroy();
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]();
});

async function relay(limits: Partial<AddressLimits> = {}, options: Partial<ListenRelayOptions> = {}): Promise<Running> {
    const [server, guard] = [new RelayServer(), new AddressGuard(limits)];
    const from: SocketOrigin[] = [];
    const counted = { full: 0 };
    const listener: SocketListener = await listenRelay({
        ...{ server, guard, hosts: ['127.0.0.1'], port: 0 },
        onSocket: origin => from.push(origin),
        onFull: () => counted.full++,
        ...options,
    });
    parts.push(server, listener);
    const { url } = listener;
    return { server, guard, url, port: Number(new URL(url).port), from, counted };
}

/** Opens a connection and says this, or nothing. */
function raw(port: number, text = '', localAddress = '127.0.0.1'): Socket {
    const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
    if (text !== '') socket.write(text);
    raws.push(socket);
    return socket;
}

/** Also with an error: whoever is dropped may be told by the system that its bytes were not read. */
function closed(socket: Socket): Promise<void> {
    return new Promise(resolve => socket.once('close', () => resolve()));
}

function upgrade(...headers: string[]): string {
    const key = Buffer.from('0123456789abcdef').toString('base64');
    const all = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', ...headers];
    return ['GET / HTTP/1.1', ...all, `Sec-WebSocket-Key: ${key}`, '', ''].join('\r\n');
}

/** Registers a new key; resolves when it can be asked for. */
async function listening(url: string, onConnection: (socket: MessageSocket) => void): Promise<string> {
    const crypto = new CryptoApi(createKeyPair());
    const listener = new RelayListener({ url, dial: dialWs, crypto, onConnection, retryMs: 100 });
    parts.push(listener);
    listener.start();
    await eventually(() => expect(listener.state).toBe('Listening'));
    return uint8ArrayToHex(crypto.publicEncryptionKey);
}

async function requesting(url: string, targetPublicKey: string): Promise<MessageSocket> {
    const socket = await dialWs(url);
    const sourcePublicKey = 'ab'.repeat(32);
    socket.send(JSON.stringify({ command: 'communication_request', sourcePublicKey, targetPublicKey }));
    return socket;
}

/** Both ends of a relay. */
async function relayed(url: string): Promise<[requester: MessageSocket, listener: MessageSocket, SocketReader]> {
    const { promise, resolve } = Promise.withResolvers<[MessageSocket, SocketReader]>();
    const key = await listening(url, socket => resolve([socket, new SocketReader(socket)]));
    const requester = await requesting(url, key);
    const [listener, reader] = await promise;
    await reader.take(1);
    return [requester, listener, reader];
}

describe('an address', () => {
    test('that has too many sockets is told so; one that goes on is not heard any more', async () => {
        const { url, guard, port } = await relay({ sockets: 2 });
        const sockets = [await dialWs(url), await dialWs(url)];
        const third = await dialWs(url);
        expect((await third.closed).reason).toBe('Close called: There are too many connections from your address.');
        await eventually(() => expect(guard.refused['address-sockets']).toBe(1));
        const held = [raw(port), raw(port), raw(port), raw(port), raw(port)];
        await Promise.race(held.map(socket => closed(socket)));
        expect(guard.refused.dropped).toBeGreaterThan(0);
        // Another address does not notice.
        const other = new WebSocket(url, { localAddress: '127.0.0.9' });
        await once(other, 'open');
        other.terminate();
        for (const socket of sockets) socket.close('');
        for (const socket of held) socket.destroy();
        await eventually(async () => {
            const again = await dialWs(url);
            again.send('hello');
            expect((await again.closed).reason).toContain('does not conform to JSON');
        });
    });

    test('that is refused does not hold a socket by saying nothing', async () => {
        const { guard, port } = await relay({ sockets: 1 });
        const first = raw(port, upgrade());
        await once(first, 'data');
        const refused = raw(port);
        await once(refused, 'connect');
        const received = once(refused, 'data');
        refused.write(upgrade());
        await received;
        await closed(refused.resume());
        expect(guard.refused['address-sockets']).toBe(1);
    });

    test('opens only so many sockets in a minute', async () => {
        const { url } = await relay({ socketRate: { burst: 2, perMinute: 1 } });
        const sockets = [await dialWs(url), await dialWs(url), await dialWs(url)];
        expect((await sockets[2]?.closed)?.reason).toContain('opens connections too often');
        for (const socket of sockets) socket.terminate('');
    });

    test('that claims keys of others is refused for a while', async () => {
        const { url, server } = await relay({ failureRate: { burst: 1, perMinute: 1 } });
        const thief = await dialWs(url);
        const reader = new SocketReader(thief);
        const publicKey = uint8ArrayToHex(createKeyPair().publicKey);
        thief.send(JSON.stringify({ command: 'register', publicKey }));
        const [question] = await reader.take(1);
        const { challenge } = JSON.parse(String(question)) as { challenge: string };
        thief.send(JSON.stringify({ command: 'authentication_response', response: challenge }));
        expect((await thief.closed).reason).toBe('Close called: Client authentication failed.');
        expect((await (await dialWs(url)).closed).reason).toContain('registrations from your address have failed');
        expect(server.statistics.refused.authentication).toBe(1);
    });
});

describe('behind a proxy', () => {
    test('clients are counted by the address that the proxy has seen, whatever they claim', async () => {
        const { guard, port, from } = await relay({ sockets: 1 }, { trustedProxies: ['127.0.0.0/30', '10.0.0.0/8'] });
        const upgraded = (forwarded: string): Socket => raw(port, upgrade(`X-Forwarded-For: ${forwarded}`));
        upgraded('192.0.2.1');
        upgraded('6.6.6.6, 192.0.2.2, 10.1.2.3');
        upgraded('2001:db8::1');
        await eventually(() => expect(from).toHaveLength(3));
        expect(from.map(({ address }) => address).sort()).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1']);
        expect(from.some(({ isForwarded }) => isForwarded)).toBe(false);
        upgraded('2001:db8::2');
        await eventually(() => expect(guard.refused['address-sockets']).toBe(1));
        expect(from).toHaveLength(3);
        // A flood of one client is answered without a WebSocket.
        for (let i = 0; i < 3; i++) upgraded('192.0.2.1');
        await eventually(() => expect(guard.refused.dropped).toBeGreaterThan(0));
        expect(from).toHaveLength(3);
    });

    test('that is not trusted nothing is believed, and that is told', async () => {
        const { port, from } = await relay({}, { trustedProxies: ['10.0.0.0/8'] });
        raw(port, upgrade('X-Forwarded-For: 192.0.2.1'));
        await eventually(() => expect(from).toHaveLength(1));
        expect(from[0]).toMatchObject({ address: '127.0.0.1', isForwarded: true });
    });
});

describe('a flood', () => {
    test('of connections that say nothing, or half of a request, is bounded and goes away', async () => {
        const { url, server, guard, port } = await relay({ sockets: 10 });
        const halves = Array.from({ length: 100 }, (_, i) => raw(port, i % 2 === 0 ? '' : 'GET / HTTP/1.1\r\nHost:'));
        const gone = halves.map(socket => closed(socket.resume()));
        await eventually(() => expect(guard.refused.dropped).toBe(80));
        // Twenty are left; others are served meanwhile.
        const other = new WebSocket(url, { localAddress: '127.0.0.9' });
        await once(other, 'open');
        expect(server.statistics.pending).toBe(1);
        await Promise.all(gone);
        const again = await eventually(async () => {
            const socket = await dialWs(url);
            await eventually(() => expect(server.statistics.pending).toBe(2));
            return socket;
        });
        for (const socket of [again, other]) socket.terminate('');
    });

    test('of more connections than it may have is dropped and counted', async () => {
        const { url, port, counted } = await relay({}, { maxSockets: 3 });
        const held = [raw(port), raw(port), raw(port)];
        await Promise.all(held.map(socket => once(socket, 'connect')));
        await eventually(async () => {
            await expect(dialWs(url)).rejects.toMatchObject({ code: 'OPEN_FAILED' });
            expect(counted.full).toBeGreaterThan(0);
        });
    });

    test('of long frames is not taken before it relays', async () => {
        const { url, server } = await relay();
        const pending = await dialWs(url);
        pending.send(new Uint8Array(MAX_RELAY_MESSAGE_BYTES + 1));
        expect((await pending.closed).origin).toBe('remote');
        expect(server.statistics.pending).toBe(0);
    });
});

test('a slow reader holds the sender back, and nothing is lost', async () => {
    const { url, server } = await relay();
    const [requester, listener, reader] = await relayed(url);
    listener.pause();
    const frame = new Uint8Array(MAX_FRAME);
    const count = 64;
    for (let i = 0; i < count; i++) requester.send(frame);
    let before = -1;
    // Nothing moves any more.
    await eventually(async () => {
        const { bytesRelayed } = server.statistics;
        await new Promise(resolve => setTimeout(resolve, 200));
        const isMoving = before !== bytesRelayed;
        before = bytesRelayed;
        expect(isMoving).toBe(false);
    });
    // What the relay has taken is in buffers of the systems on both sides, and in its own: one frame above the mark.
    expect(requester.bufferedAmount).toBeGreaterThan(32 * MAX_FRAME);
    const { bytesRelayed } = server.statistics;
    listener.resume();
    expect((await reader.take(count)).map(({ length }) => length)).toEqual(
        Array.from({ length: count }, () => MAX_FRAME),
    );
    expect(bytesRelayed).toBeLessThan(16 * MAX_FRAME + RELAY_BUFFER_HIGH);
    expect(server.statistics.bytesRelayed).toBe(count * MAX_FRAME);
    requester.close('');
    await listener.closed;
}, 60_000);

test('a listener that wants a token opens for nobody else', async () => {
    const listener = await listenWs({ port: 0, hosts: ['127.0.0.1'], token: 'the word', onSocket: () => undefined });
    parts.push(listener);
    for (const options of [{}, { token: 'another word' }, { token: '' }])
        await expect(dialWs(listener.url, options)).rejects.toMatchObject({ message: expect.stringContaining('401') });
    (await dialWs(listener.url, { token: 'the word' })).terminate('');
});

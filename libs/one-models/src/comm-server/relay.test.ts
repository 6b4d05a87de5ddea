import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
    createKeyPair,
    CryptoApi,
    cryptoReady,
    encryptAndEmbedNonce,
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    uint8ArrayToHex,
} from '@refinio/one.core';
import { createSocketPair, type Frame, type SocketPairOptions } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { RelayListener, type RelayListenerState } from './relay-listener.ts';
import { RelayServer } from './relay-server.ts';

let server: RelayServer;
beforeEach(async () => {
    await cryptoReady();
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'setImmediate', 'nextTick', 'performance'] });
    server = new RelayServer({ limits: { sparesPerKey: 3 } });
});
afterEach(async () => {
    await server[Symbol.asyncDispose]();
    jest.useRealTimers();
});

/** What one end of a socket has seen. */
class End {
    readonly frames: Frame[] = [];
    reason: string | undefined;
    readonly socket: MessageSocket;

    constructor(socket: MessageSocket) {
        this.socket = socket;
        socket.listen(frame => this.frames.push(frame));
        void socket.closed.then(({ reason }) => (this.reason = reason));
    }

    send(frame: unknown): void {
        this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
    }

    async next(): Promise<Record<string, string>> {
        await tick();
        return JSON.parse(String(this.frames.shift())) as Record<string, string>;
    }
}

function connect(options?: SocketPairOptions): End {
    const [near, far] = createSocketPair(options);
    server.accept(far);
    return new End(near);
}

const key = (keys: { readonly publicKey: Uint8Array }): string => uint8ArrayToHex(keys.publicKey);
/** Time goes on; before and after it, everything that is under way comes to its end. */
async function tick(ms = 0): Promise<void> {
    for (let i = 0; i < 5; i++) await setImmediate();
    await jest.advanceTimersByTimeAsync(ms);
    for (let i = 0; i < 5; i++) await setImmediate();
}
const request = (target: string, source = 'ab'.repeat(32)) => ({
    ...{ command: 'communication_request', sourcePublicKey: source, targetPublicKey: target },
});

/** An instance that keeps itself reachable; each requester gets an end. */
function listen(keys = createKeyPair(), options: { spares?: number; retryMs?: number } = {}) {
    const [api, accepted, states, errors] = [
        new CryptoApi(keys),
        [] as End[],
        [] as RelayListenerState[],
        [] as unknown[],
    ];
    const dialled: MessageSocket[] = [];
    const listener = new RelayListener({
        ...{ url: 'memory:', crypto: api, onConnection: socket => accepted.push(new End(socket)) },
        dial: () => {
            const [near, far] = createSocketPair();
            dialled.push(near);
            server.accept(far);
            return Promise.resolve(near);
        },
        onError: error => errors.push(error),
        ...options,
    });
    listener.onStateChange.listen(state => states.push(state));
    listener.start();
    return { listener, accepted, states, errors, dialled, key: key(keys) };
}

describe('a registered instance', () => {
    test('is found, and what is said goes to the other side as it is, texts and bytes apart', async () => {
        const bob = listen();
        await tick();
        expect(server.statistics).toMatchObject({ spares: 2, keys: 1 });
        const alice = connect();
        alice.send(request(bob.key.toUpperCase()));
        await tick();
        const [end] = bob.accepted;
        expect(await end?.next()).toEqual(request(bob.key));
        end?.send('{"command":"communication_ready"}');
        await tick();
        alice.send(new Uint8Array([1, 2, 3]));
        alice.send('ü');
        end?.send(new Uint8Array());
        await tick();
        expect(alice.frames).toEqual(['{"command":"communication_ready"}', new Uint8Array()]);
        expect(end?.frames).toEqual([new Uint8Array([1, 2, 3]), 'ü']);
        expect(server.statistics).toMatchObject({ spares: 2, relays: 1, handedOver: 1, framesRelayed: 4 });
        await bob.listener.stop();
    });

    test('hears why the other one has gone, and the other way round', async () => {
        const bob = listen();
        for (const isRequester of [true, false]) {
            await tick();
            const alice = connect();
            alice.send(request(bob.key));
            await tick();
            const end = bob.accepted.at(-1);
            const [first, second] = isRequester ? [alice, end] : [end, alice];
            first?.socket.close('Close called: enough');
            await tick();
            expect(second?.reason).toBe('Close called: enough');
        }
        expect(server.statistics).toMatchObject({ relays: 0, pending: 0 });
        await bob.listener.stop();
    });

    test('gives away the connection that was registered last, and registers another one at once', async () => {
        const bob = listen();
        await tick();
        const last = bob.dialled[1];
        connect().send(request(bob.key));
        await tick();
        expect(bob.accepted.map(({ socket }) => socket)).toEqual([last]);
        expect(bob.dialled).toHaveLength(3);
        expect(server.statistics.spares).toBe(2);
        await bob.listener.stop();
    });

    test('stays while both sides answer, and is dropped when it does not', async () => {
        const bob = listen();
        await tick();
        await tick(10 * 60_000);
        expect(server.statistics.spares).toBe(2);
        expect(bob.dialled).toHaveLength(2);
        for (const socket of bob.dialled) socket.listen(() => undefined);
        await tick(26_001);
        expect(server.statistics.spares).toBe(0);
        await bob.listener.stop();
    });

    test('tries again when the server is gone, and tells its state', async () => {
        const bob = listen(undefined, { retryMs: 1000 });
        await tick();
        expect([bob.listener.state, bob.states]).toEqual(['Listening', ['Connecting', 'Listening']]);
        const before = server;
        server = new RelayServer();
        await before[Symbol.asyncDispose]();
        await tick();
        expect(bob.listener.state).toBe('Connecting');
        expect(bob.errors.length).toBeGreaterThan(0);
        await tick(1000);
        expect([bob.listener.state, server.statistics.spares]).toEqual(['Listening', 2]);
        await bob.listener.stop();
        await tick();
        expect([bob.listener.state, server.statistics.spares]).toEqual(['NotListening', 0]);
    });

    test('notices a server that says nothing any more', async () => {
        const bob = listen(undefined, { retryMs: 1000 });
        await tick();
        const [socket] = bob.dialled;
        if (socket === undefined) throw new Error('nothing was dialled');
        // Of one connection pings are lost from now on.
        const lost = jest.spyOn(socket, 'send').mockImplementation(() => undefined);
        await tick(30_000);
        lost.mockRestore();
        await tick(2000);
        expect(bob.dialled.length).toBeGreaterThan(2);
        expect(server.statistics.spares).toBe(2);
        await bob.listener.stop();
    });

    test('that is stopped while it registers is not left registered', async () => {
        const bob = listen();
        await bob.listener.stop();
        await tick();
        expect(server.statistics).toMatchObject({ spares: 0, pending: 0 });
    });
});

test('a requester is told that nobody listens', async () => {
    const alice = connect();
    alice.send(request('cd'.repeat(32)));
    await tick();
    expect(alice.reason).toBe('Close called: No listening connection for the specified publicKey.');
    expect(server.statistics).toMatchObject({ notFound: 1, pending: 0 });
});

test('a dead spare connection does not fail a requester: the next one is taken', async () => {
    const bob = listen();
    await tick();
    const dead = bob.dialled[1];
    dead?.listen(() => undefined);
    await tick(25_500);
    const alice = connect();
    alice.send(request(bob.key));
    alice.send('early');
    await tick(1000);
    expect(bob.accepted).toHaveLength(1);
    expect(bob.accepted[0]?.frames).toEqual([JSON.stringify(request(bob.key)), 'early']);
    await bob.listener.stop();
});

describe('whoever does not keep to the protocol is closed', () => {
    const authentication = 'Received unexpected or malformed message from client.';
    const shape = 'Received data does not match the data';
    test.each<[string, unknown, string]>([
        ['bytes', new Uint8Array(3), 'Received message that is not a string message.'],
        ['no JSON', 'hello', 'Received message that does not conform to JSON: '],
        ['an unknown command', { command: 'hello' }, `${shape} of a client message.`],
        ['a ping', { command: 'ping' }, `${shape} of a client message.`],
        ['a pong', { command: 'pong' }, `${shape} of a client message.`],
        ['the name of a member of all objects', { command: 'constructor' }, `${shape} of a client message.`],
        ['no object', 'null', `${shape} of a client message.`],
        ['a register without key', { command: 'register' }, `${shape} expected for command 'register'`],
        ['a response first', { command: 'authentication_response', response: '00' }, authentication],
        ['a key that is none', { command: 'register', publicKey: 'xy' }, 'CYENC-ENSPUB: Data is not a public key'],
        ['a short key', { command: 'register', publicKey: '00ff' }, 'CYENC-ENSPUB'],
        ['a key of low order', { command: 'register', publicKey: '00'.repeat(32) }, 'CYENC-ENSPUB'],
        ['a request without keys', { command: 'communication_request' }, shape],
        ['a long message', `"${'x'.repeat(9000)}"`, 'Received message that is too long.'],
    ])('%s', async (_, frame, reason) => {
        const client = connect();
        client.send(frame);
        await tick();
        expect(client.reason).toContain(`Close called: ${reason}`);
        expect(server.statistics.pending).toBe(0);
    });

    test('who says nothing', async () => {
        const client = connect();
        await tick(10_000);
        expect(client.reason).toContain('did not come in time');
    });

    test('who does not hold the secret of the key, sends the challenge back, or another message', async () => {
        const keys = createKeyPair();
        const begin = async (): Promise<[End, Record<string, string>]> => {
            const client = connect();
            client.send({ command: 'register', publicKey: key(keys) });
            return [client, await client.next()];
        };
        const [reflected, { challenge = '' }] = await begin();
        reflected.send({ command: 'authentication_response', response: challenge });
        const [wrong, { publicKey = '' }] = await begin();
        const stolen = encryptAndEmbedNonce(
            new Uint8Array(64),
            createKeyPair().secretKey,
            ensurePublicKey(hexToUint8ArrayWithCheck(publicKey)),
        );
        wrong.send({ command: 'authentication_response', response: uint8ArrayToHex(stolen) });
        const [other] = await begin();
        other.send({ command: 'register', publicKey: key(keys) });
        const [silent] = await begin();
        await tick(10_000);
        expect(reflected.reason).toBe('Close called: Client authentication failed.');
        expect(wrong.reason).toContain('Close called: CYENC-SYMDEC');
        expect(other.reason).toContain("Expected type 'authentication_response'.");
        expect(silent.reason).toContain('did not come in time');
        expect(server.statistics).toMatchObject({ spares: 0, pending: 0 });
    });

    test('who registers too often', async () => {
        const keys = createKeyPair();
        const [one, two] = [listen(keys), listen(keys)];
        await tick();
        expect(server.statistics.spares).toBe(3);
        expect([...one.errors, ...two.errors].map(String).join()).toContain('too many spare connections');
        await one.listener.stop();
        await two.listener.stop();
    });

    test('a spare connection that says anything but pong', async () => {
        const bob = listen();
        await tick();
        bob.dialled[0]?.send('{"command":"pong"}');
        bob.dialled[1]?.send('{"command":"comm_pong"}');
        await tick();
        expect(server.statistics.spares).toBe(0);
        await bob.listener.stop();
    });
});

test('of a side that sends faster than the other one takes, nothing more is read', async () => {
    const bob = listen();
    await tick();
    const alice = connect();
    alice.send(request(bob.key));
    await tick();
    const end = bob.accepted[0];
    expect(await end?.next()).toBeDefined();
    end?.socket.pause();
    for (let i = 0; i < 100; i++) alice.send(new Uint8Array(100_000));
    await tick(50);
    expect(alice.socket.bufferedAmount).toBeGreaterThan(5_000_000);
    end?.socket.resume();
    await tick(1000);
    expect(end?.frames).toHaveLength(100);
    expect(alice.socket.bufferedAmount).toBe(0);
    await bob.listener.stop();
});

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
    createKeyPair,
    cryptoReady,
    encryptAndEmbedNonce,
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    uint8ArrayToHex,
} from '@refinio/one.core';
import { RelayServer } from './relay-server.ts';
import {
    connectTo,
    type End,
    hexKey as key,
    listenAt,
    requestFor as request,
    tick,
    useClockOfTests,
} from './test-relay.ts';

let server: RelayServer;
beforeEach(async () => {
    await cryptoReady();
    useClockOfTests();
    server = new RelayServer({ limits: { sparesPerKey: 3 } });
});
afterEach(async () => {
    await server[Symbol.asyncDispose]();
    jest.useRealTimers();
});

const connect = (): End => connectTo(server);
const listen = (...[keys, options]: [Parameters<typeof listenAt>[1]?, Parameters<typeof listenAt>[2]?]) =>
    listenAt(() => server, keys, options);

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

describe('a key', () => {
    test('is asked for only so often, and registered only so often by who holds its secret', async () => {
        const rate = { burst: 4, perMinute: 60 };
        server = new RelayServer({
            limits: { registrationsPerKey: rate, requestsPerKey: { burst: 2, perMinute: 60 } },
        });
        const bob = listen();
        await tick();
        const requesters: End[] = [];
        for (let i = 0; i < 3; i++) {
            const alice = connect();
            alice.send(request(bob.key));
            requesters.push(alice);
            await tick();
        }
        expect(requesters.map(({ reason }) => reason)).toEqual([
            ...[undefined, undefined, 'Close called: This key is asked for too often. Try again in a minute.'],
        ]);
        expect(bob.accepted).toHaveLength(2);
        expect(bob.errors).toEqual([]);
        const other = listen(undefined, { spares: 5, retryMs: 1_000_000 });
        await tick();
        expect(other.errors.map(String).join()).toContain('This key is registered too often.');
        expect(server.statistics).toMatchObject({ refused: { requests: 1, registrations: 1 }, spares: 2 + 4 });
        await bob.listener.stop();
        await other.listener.stop();
    });

    test('cannot be used up by those who do not hold its secret', async () => {
        server = new RelayServer({ limits: { registrationsPerKey: { burst: 2, perMinute: 1 } } });
        const keys = createKeyPair();
        let failures = 0;
        for (let i = 0; i < 5; i++) {
            const thief = connectTo(server, {}, { onFailed: () => failures++ });
            thief.send({ command: 'register', publicKey: key(keys) });
            const { challenge = '' } = await thief.next();
            thief.send({ command: 'authentication_response', response: challenge });
            await tick();
        }
        const bob = listen(keys);
        await tick();
        expect(server.statistics).toMatchObject({ spares: 2, refused: { authentication: 5, registrations: 0 } });
        expect(failures).toBe(5);
        await bob.listener.stop();
    });
});

test('early frames of a requester are bounded, empty ones, too', async () => {
    const bob = listen(undefined, { spares: 1 });
    await tick();
    // It does not answer the ping: the requester has to wait.
    bob.dialled[0]?.listen(() => undefined);
    await tick(25_500);
    const alice = connect();
    alice.send(request(bob.key));
    for (let i = 0; i < 300; i++) alice.send('');
    await tick();
    expect(alice.reason).toContain('Received unexpected or malformed message');
    await bob.listener.stop();
});

test('stopping does not wait for relayed peers that do not answer', async () => {
    const bob = listen();
    await tick();
    const alice = connectTo(server, {
        line: (frame, line) => (String(frame) === 'stuck' ? new Promise(() => undefined) : line.deliver(frame)),
    });
    alice.send(request(bob.key));
    await tick();
    alice.send('stuck');
    alice.socket.close('');
    const stopped = server[Symbol.asyncDispose]();
    let isStopped = false;
    void stopped.then(() => (isStopped = true));
    await tick(3_000);
    expect(isStopped).toBe(true);
    await bob.listener.stop();
    server = new RelayServer();
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

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createKeyPair, cryptoReady } from '@refinio/one.core';
import { createSocketPair } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { MemoryDirectory } from './memory-directory.ts';
import type { RelayDirectory } from './relay-directory.ts';
import { RelayServer, type RelayServerOptions } from './relay-server.ts';
import { connectTo, End, listenAt, requestFor, tick, useClockOfTests } from './test-relay.ts';

let directory: MemoryDirectory;
let servers: RelayServer[];
beforeEach(async () => {
    await cryptoReady();
    useClockOfTests();
    directory = new MemoryDirectory();
    servers = [];
});
afterEach(async () => {
    await Promise.all(servers.map(server => server[Symbol.asyncDispose]()));
    jest.useRealTimers();
});

function replica(options: RelayServerOptions = {}): RelayServer {
    const server: RelayServer = new RelayServer({
        directory: directory.join(socket => server.acceptReplica(socket)),
        ...options,
    });
    servers.push(server);
    return server;
}

/** Finds what a test gives it. */
function directoryOf(...connects: (() => Promise<MessageSocket>)[]): RelayDirectory {
    return { setRegistered: () => undefined, find: () => Promise.resolve(connects.map(connect => ({ connect }))) };
}

test('an instance that is registered at one replica is reached through another one', async () => {
    const [one, two] = [replica(), replica()];
    const bob = listenAt(() => one);
    await tick();
    const alice = connectTo(two);
    alice.send(requestFor(bob.key.toUpperCase()));
    alice.send('early');
    await tick();
    const [end] = bob.accepted;
    expect(end?.frames).toEqual([JSON.stringify(requestFor(bob.key)), 'early']);
    end?.send('{"command":"communication_ready"}');
    alice.send(new Uint8Array([1, 2, 3]));
    await tick();
    // The requester sees exactly what it would see at one server alone.
    expect(alice.frames).toEqual(['{"command":"communication_ready"}']);
    expect(end?.frames.at(-1)).toEqual(new Uint8Array([1, 2, 3]));
    expect(one.statistics).toMatchObject({ relays: 1, handedOver: 1, forwarded: 0, notFound: 0, spares: 2 });
    expect(two.statistics).toMatchObject({ relays: 1, handedOver: 0, forwarded: 1, notFound: 0, pending: 0 });
    alice.socket.close('Close called: enough');
    await tick();
    expect(end?.reason).toBe('Close called: enough');
    expect([one.statistics.relays, two.statistics.relays]).toEqual([0, 0]);
    await bob.listener.stop();
});

test('an own spare connection is taken before that of another replica', async () => {
    const [one, two] = [replica(), replica()];
    const keys = createKeyPair();
    const [far, near] = [listenAt(() => one, keys), listenAt(() => two, keys)];
    await tick();
    connectTo(two).send(requestFor(near.key));
    await tick();
    expect([far.accepted.length, near.accepted.length]).toEqual([0, 1]);
    await near.listener.stop();
    await tick();
    connectTo(two).send(requestFor(near.key));
    await tick();
    expect([far.accepted.length, near.accepted.length]).toEqual([1, 1]);
    await far.listener.stop();
    await tick();
    expect(await directory.join(() => undefined).find(near.key)).toEqual([]);
    const nobody = connectTo(two);
    nobody.send(requestFor(near.key));
    await tick();
    expect(nobody.reason).toBe('Close called: No listening connection for the specified publicKey.');
});

test('what a replica asks for is not asked for again: two that send each other to each other find nobody', async () => {
    const one: RelayServer = replica({ directory: directoryOf(() => connectReplica(two)) });
    const two: RelayServer = replica({ directory: directoryOf(() => connectReplica(one)) });
    const connectReplica = (server: RelayServer): Promise<MessageSocket> => {
        const [near, far] = createSocketPair();
        server.acceptReplica(far);
        return Promise.resolve(near);
    };
    const alice = connectTo(one);
    alice.send(requestFor('cd'.repeat(32)));
    await tick();
    expect(alice.reason).toBe('Close called: No listening connection for the specified publicKey.');
    expect([one, two].map(({ statistics }) => statistics.notFound)).toEqual([1, 1]);
    expect([one, two].map(({ statistics }) => statistics.pending)).toEqual([0, 0]);
});

test('a replica that is gone, is silent, or talks nonsense is passed over', async () => {
    const opened: End[] = [];
    const silent = (): Promise<MessageSocket> => {
        const [near, far] = createSocketPair();
        opened.push(new End(far));
        return Promise.resolve(near);
    };
    const nonsense = (): Promise<MessageSocket> => {
        const [near, far] = createSocketPair();
        const end = new End(far);
        opened.push(end);
        end.send('{"command":"ping"}');
        return Promise.resolve(near);
    };
    const good = replica();
    const bob = listenAt(() => good);
    const asked = replica({
        directory: directoryOf(
            () => Promise.reject(new Error('gone')),
            silent,
            nonsense,
            () => {
                const [near, far] = createSocketPair();
                good.acceptReplica(far);
                return Promise.resolve(near);
            },
        ),
    });
    await tick();
    const alice = connectTo(asked);
    alice.send(requestFor(bob.key));
    await tick(5_000);
    expect(bob.accepted).toHaveLength(1);
    expect(opened.map(({ reason }) => reason)).toEqual([
        'The replica did not answer in time',
        'The replica has sent what was not expected',
    ]);
    expect(asked.statistics).toMatchObject({ forwarded: 1, notFound: 0 });
    await bob.listener.stop();
});

test('a requester that has gone is not looked for any more', async () => {
    let asked = 0;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const connect = (): Promise<MessageSocket> => {
        asked++;
        return Promise.resolve(createSocketPair()[0]);
    };
    const server = replica({
        directory: { setRegistered: () => undefined, find: () => promise.then(() => [{ connect }]) },
    });
    const alice = connectTo(server);
    alice.send(requestFor('cd'.repeat(32)));
    await tick();
    expect(server.statistics.pending).toBe(1);
    alice.socket.close('');
    await tick();
    resolve(undefined);
    await tick();
    expect(asked).toBe(0);
    expect(server.statistics).toMatchObject({ pending: 0, notFound: 0 });
});

test('a replica that says anything but a request is closed', async () => {
    const server = replica();
    const [near, far] = createSocketPair();
    server.acceptReplica(far);
    const other = new End(near);
    other.send({ command: 'register', publicKey: 'ab'.repeat(32) });
    await tick();
    expect(other.reason).toContain("Received unexpected type 'register'.");
});

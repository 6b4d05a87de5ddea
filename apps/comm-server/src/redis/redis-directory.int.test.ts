import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eventually, freePort, startRedis, type RedisServer } from '@lama/testing';
import { listenWs, type MessageSocket } from '@refinio/one.models/node';
import { Redis } from 'ioredis';
import { RedisDirectory } from './redis-directory.ts';

const [HEARTBEAT_MS, LEASE_MS] = [50, 1_000];
const key = (digit: string): string => digit.repeat(64);

let server: RedisServer;
let redis: Redis;
let parts: AsyncDisposable[];
beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
});
afterAll(async () => {
    redis.disconnect();
    await server.stop();
});
beforeEach(async () => {
    parts = [];
    await redis.flushall();
});
afterEach(async () => {
    for (const part of parts.reverse()) await part[Symbol.asyncDispose]();
});

/** A replica that says who it is to everybody who reaches it. */
async function replica(name: string, options: { isStarted?: boolean; leaseMs?: number } = {}) {
    const port = await freePort();
    const failures: string[] = [];
    const token = `token of ${name}`;
    const onSocket = (socket: MessageSocket): void => socket.send(name);
    const listener = await listenWs({ hosts: ['127.0.0.1'], port, token, onSocket });
    const directory = new RedisDirectory({
        ...{ redis: new URL(server.url), internal: new URL(`ws://127.0.0.1:${port}`), token },
        ...{ heartbeatMs: HEARTBEAT_MS, leaseMs: LEASE_MS, ...options },
        onFailure: (_, reason) => failures.push(reason),
    });
    if (options.isStarted !== false) await directory.start();
    parts.push(listener, directory);
    return { directory, listener, failures };
}

/** The names of the replicas that are found, in order, as they say themselves. */
async function found(directory: RedisDirectory, of: string): Promise<string[]> {
    const replicas = await directory.find(of);
    return Promise.all(
        replicas.map(async ({ connect }) => {
            const socket = await connect();
            const name = await new Promise<string>(resolve => socket.listen(frame => resolve(String(frame))));
            socket.terminate('');
            return name;
        }),
    );
}

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => i.toString(16).padStart(64, '0'));

test('replicas find each other, not themselves, and reach each other by the token of the other one', async () => {
    const [one, two, three] = [await replica('one'), await replica('two'), await replica('three')];
    one.directory.setRegistered(key('a'), true);
    two.directory.setRegistered(key('b'), true);
    await eventually(async () => expect(await found(three.directory, key('a'))).toEqual(['one']));
    expect(await found(three.directory, key('b'))).toEqual(['two']);
    expect(await found(one.directory, key('a'))).toEqual([]);
    expect(await found(three.directory, key('c'))).toEqual([]);
    expect(await found(three.directory, 'not a key'.repeat(500))).toEqual([]);
    one.directory.setRegistered(key('a'), false);
    await eventually(async () => expect(await found(three.directory, key('a'))).toEqual([]));
    expect(await redis.keys('one:relay:*')).toEqual([`one:relay:${key('b')}`]);
});

test('who has registered the key last is asked first', async () => {
    const [one, two, three] = [await replica('one'), await replica('two'), await replica('three')];
    for (const { directory } of [two, one]) {
        directory.setRegistered(key('a'), true);
        await eventually(async () => expect(await redis.hlen(`one:relay:${key('a')}`)).toBeGreaterThan(0));
        await new Promise(resolve => setTimeout(resolve, 5));
    }
    await eventually(async () => expect(await found(three.directory, key('a'))).toEqual(['one', 'two']));
});

test('a replica that stops is not found from then on, and one that says nothing any more not after its lease', async () => {
    const [one, two, three] = [await replica('one'), await replica('two'), await replica('three')];
    for (const { directory } of [one, two]) directory.setRegistered(key('a'), true);
    await eventually(async () => expect((await found(three.directory, key('a'))).sort()).toEqual(['one', 'two']));
    await one.directory[Symbol.asyncDispose]();
    expect(await found(three.directory, key('a'))).toEqual(['two']);
    // As it would be if its process were killed: nobody renews the lease.
    const leases = await redis.keys('one:relay-replica:*');
    expect(leases).toHaveLength(2);
    for (const lease of leases) {
        const left = await redis.pttl(lease);
        expect([left > 0, left <= LEASE_MS]).toEqual([true, true]);
    }
    // Nothing is left of it for long.
    expect(await redis.hkeys(`one:relay:${key('a')}`)).toHaveLength(1);
    expect(await redis.pttl(`one:relay:${key('a')}`)).toBeGreaterThan(0);
});

test('what Redis has forgotten is said again', async () => {
    const [one, two] = [await replica('one'), await replica('two')];
    for (const each of many(1_200)) one.directory.setRegistered(each, true);
    one.directory.setRegistered(key('a'), true);
    await eventually(async () => expect(await found(two.directory, key('a'))).toEqual(['one']));
    await redis.flushall();
    await eventually(async () => expect(await found(two.directory, key('a'))).toEqual(['one']));
    await eventually(async () => expect(await redis.keys('one:relay:*')).toHaveLength(1_201));
});

test('without Redis nothing is found, nobody waits, and all is said again when it is back', async () => {
    // Their leases outlast it: that is not why.
    const [one, two] = [await replica('one', { leaseMs: 60_000 }), await replica('two', { leaseMs: 60_000 })];
    one.directory.setRegistered(key('a'), true);
    await eventually(async () => expect(await found(two.directory, key('a'))).toEqual(['one']));
    await one.directory.check();
    await server.kill();
    await eventually(async () => expect(await found(two.directory, key('a'))).toEqual([]));
    one.directory.setRegistered(key('a'), false);
    // So many that saying a few again with each heartbeat would take too long.
    for (const each of [...many(1_200), key('b')]) one.directory.setRegistered(each, true);
    await eventually(() => expect(one.directory.check()).rejects.toThrow('Redis does not answer'));
    await server.restart();
    await eventually(async () => expect(await found(two.directory, key('b'))).toEqual(['one']));
    // The append-only file may still have what was withdrawn meanwhile; whoever asks there is told that there is none.
    await one.directory.check();
});

test('a replica starts before Redis does', async () => {
    await server.kill();
    const [one, two] = [await replica('one'), await replica('two')];
    one.directory.setRegistered(key('a'), true);
    await expect(one.directory.check()).rejects.toThrow('Redis does not answer');
    await server.restart();
    await eventually(async () => expect(await found(two.directory, key('a'))).toEqual(['one']));
});

test('a Redis that takes nothing is a fault that is told', async () => {
    const one = await replica('one', { isStarted: false });
    await redis.config('SET', 'maxmemory', '1');
    try {
        await one.directory.start();
        await expect(one.directory.check()).rejects.toThrow(/OOM/);
    } finally {
        await redis.config('SET', 'maxmemory', '0');
    }
    await eventually(() => one.directory.check());
});

test('a replica that cannot be reached is told, and records that are none are left alone', async () => {
    const [one, two] = [await replica('one'), await replica('two')];
    one.directory.setRegistered(key('a'), true);
    await eventually(async () => expect(await two.directory.find(key('a'))).toHaveLength(1));
    await one.listener[Symbol.asyncDispose]();
    const [gone] = await two.directory.find(key('a'));
    await expect(gone?.connect()).rejects.toMatchObject({ code: 'OPEN_FAILED' });
    expect([two.directory.failures, two.failures.length]).toEqual([1, 1]);
    for (const [i, record] of ['nonsense', '{"url":"http://x","token":"t"}', '[]'].entries()) {
        await redis.set(`one:relay-replica:${i}`, record);
        await redis.hset(`one:relay:${key('d')}`, String(i), '1');
    }
    expect(await two.directory.find(key('d'))).toEqual([]);
});

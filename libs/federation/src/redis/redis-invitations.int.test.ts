import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, startRedis, type RedisServer } from '@lama/testing';
import { ensureIdHash, hashText, type Instance, type Person } from '@refinio/one.core';
import { invitationAcceptance, type InvitationsUnderTest } from '@refinio/one.models/pairing/acceptance';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisInvitations } from './index.ts';

let server: RedisServer;
let first: Redis;
let second: Redis;
const connections: Redis[] = [];
beforeAll(async () => {
    server = await startRedis();
    [first, second] = await Promise.all([connect(), connect()]);
    // Hashes in the form of long ones, which have no order.
    await first.config('SET', 'hash-max-listpack-entries', 4);
});
afterAll(async () => {
    for (const redis of connections) redis.disconnect();
    await server.stop();
});

type Options = Pick<RedisOptions, 'commandTimeout' | 'db' | 'keyPrefix' | 'maxRetriesPerRequest'>;

async function connect(options: Options = {}): Promise<Redis> {
    const redis = new Redis(server.url, {
        ...{ lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => 20 },
        ...options,
    });
    redis.on('error', () => undefined);
    connections.push(redis);
    await redis.connect();
    return redis;
}

const newInstance = () => ensureIdHash<Instance>(randomBytes(32).toString('hex'));
const terms = {
    personId: ensureIdHash<Person>('a'.repeat(64)),
    ...({ mode: 'person', url: 'wss://relay.test', maxUses: 2 } as const),
    get expiresAt() {
        return Date.now() + 60_000;
    },
};

/** An instance of its own on the shared server; each handle has another connection than the one before. */
function inRedis(): Promise<InvitationsUnderTest> {
    const instanceId = newInstance();
    let handles = 0;
    return Promise.resolve({
        clock: 'real',
        moment: 40,
        open: (limits = {}) =>
            Promise.resolve(new RedisInvitations({ redis: handles++ % 2 === 0 ? first : second, instanceId, limits })),
        now: async () => {
            const [seconds, micros] = await first.time();
            return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
        },
        pass: ms => sleep(ms),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    });
}

describe('the contract', () => {
    const runs = process.env['TEST_FULL'] ? 1_000 : 25;
    test.each(invitationAcceptance(inRedis, { runs }))('$name', ({ run }) => run());
});

describe('what is in Redis', () => {
    test('has the keys of its instance, ends by itself, and does not hold the token', async () => {
        const redis = await connect({ db: 1 });
        const instanceId = newInstance();
        const store = new RedisInvitations({ redis, instanceId });
        await store.add('short', terms);
        const longest = 2 ** 31 + 24 * 60 * 60_000;
        await store.add('a long secret', { ...terms, expiresAt: 1e15 });
        await store.claim('a long secret');
        await store.add('last', terms);
        const index = `one:invitation:{${instanceId}}`;
        const hashes = await Promise.all(['short', 'a long secret', 'last'].map(token => hashText(token)));
        const keys = hashes.map(hash => `${index}:${hash}`);
        const [short, long] = keys as [string, string];
        expect((await redis.keys('*')).sort()).toEqual([index, ...keys].sort());
        expect(Object.values(await redis.hgetall(index)).sort()).toEqual([...hashes].sort());
        const [ofIndex = 0, ofShort = 0, ofLong = 0] = await Promise.all(
            [index, short, long].map(key => redis.pttl(key)),
        );
        expect(ofShort).toBeGreaterThan(24 * 60 * 60_000);
        expect(ofShort).toBeLessThanOrEqual(24 * 60 * 60_000 + 60_000);
        expect(ofLong).toBeGreaterThan(ofShort);
        expect(ofLong).toBeLessThan(longest);
        expect(Math.abs(ofIndex - ofLong)).toBeLessThan(100);
        const fields = await redis.hgetall(long);
        expect(fields).toMatchObject({ instanceId, personId: terms.personId, mode: 'person', used: '0', revoked: '0' });
        expect(JSON.stringify(fields)).not.toContain('a long secret');
    });

    test('is found under the prefix of a connection, and by no other instance', async () => {
        const redis = await connect({ db: 2, keyPrefix: 'prefix:' });
        const [mine, theirs] = [newInstance(), newInstance()].map(
            instanceId => new RedisInvitations({ redis, instanceId }),
        ) as [RedisInvitations, RedisInvitations];
        const { id } = await mine.add('token', terms);
        const claim = await mine.claim('token');
        await expect(theirs.claim('token')).rejects.toThrow('INVITATION_UNKNOWN');
        await expect(theirs.complete(claim)).rejects.toThrow('INVITATION_CLAIM_LOST');
        expect([await theirs.revoke(id), await theirs.list()]).toEqual([false, []]);
        await theirs.revokeAll();
        await mine.complete(claim);
        expect(await redis.keys('*')).toHaveLength(2);
        expect((await redis.keys('*')).every(key => key.startsWith('prefix:one:invitation:{'))).toBe(true);
    });

    test('is void without its index, because it could not be revoked', async () => {
        const instanceId = newInstance();
        const store = new RedisInvitations({ redis: first, instanceId });
        await store.add('token', terms);
        await store.claim('token');
        await first.del(`one:invitation:{${instanceId}}`);
        await expect(store.claim('token')).rejects.toThrow('INVITATION_UNKNOWN');
        await store.add('token', terms);
        expect(await store.list()).toMatchObject([{ used: 0, claimed: 0 }]);
    });

    test('is refused if it makes no sense', async () => {
        const instanceId = newInstance();
        const store = new RedisInvitations({ redis: first, instanceId });
        await store.add('token', terms);
        await first.hset(`one:invitation:{${instanceId}}:${await hashText('token')}`, 'mode', 'nobody');
        await expect(store.list()).rejects.toMatchObject({ code: 'INVITATIONS_UNAVAILABLE' });
        expect(() => new RedisInvitations({ redis: first, instanceId: '}' as never })).toThrow('Not a hash');
    });

    test('is used also when Redis has forgotten the scripts', async () => {
        const store = new RedisInvitations({ redis: first, instanceId: newInstance() });
        await store.list();
        await first.script('FLUSH');
        await store.add('token', terms);
        expect(await store.list()).toHaveLength(1);
    });
});

describe('without Redis', () => {
    test('a call fails at once, also with a connection that would wait, and later everything is there again', async () => {
        const waiting = await connect({ maxRetriesPerRequest: null });
        const instanceId = newInstance();
        const [store, patient] = [first, waiting].map(redis => new RedisInvitations({ redis, instanceId })) as [
            RedisInvitations,
            RedisInvitations,
        ];
        await store.add('a long secret', terms);
        const claim = await store.claim('a long secret');
        await server.kill();
        const began = performance.now();
        await eventually(() => expect([first.status, waiting.status]).not.toContain('ready'));
        for (const each of [store, patient])
            for (const call of [() => each.claim('a long secret'), () => each.complete(claim), () => each.list()])
                await expect(call()).rejects.toMatchObject({
                    code: 'INVITATIONS_UNAVAILABLE',
                    message: expect.not.stringContaining('secret'),
                });
        expect(performance.now() - began).toBeLessThan(2_000);
        await server.restart();
        await eventually(async () => expect((await store.list()).length).toBe(1));
        await store.complete(claim);
    });

    test('a call that is under way fails with the error of the connection', async () => {
        const redis = await connect({ commandTimeout: 50 });
        const store = new RedisInvitations({ redis, instanceId: newInstance() });
        await first.client('PAUSE', 150);
        await expect(store.list()).rejects.toMatchObject({
            code: 'INVITATIONS_UNAVAILABLE',
            cause: expect.objectContaining({ message: 'Command timed out' }),
        });
    });
});

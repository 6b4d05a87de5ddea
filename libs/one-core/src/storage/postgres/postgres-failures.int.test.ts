import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, freePort, startPostgres, type PostgresServer } from '@lama/testing';
import { Client } from 'pg';
import { contentsOf, keysOf } from '../acceptance.ts';
import type { Write } from '../storage-backend.ts';
import { Store } from '../store.ts';
import { PostgresBackend } from './postgres-backend.ts';

let server: PostgresServer;
beforeAll(async () => {
    server = await startPostgres({ own: true });
}, 60_000);
afterAll(() => server.stop());

const open = (instance: string, url = server.url) => PostgresBackend.open(url, { create: true, instance });
const put = (key: string, text: string): Write => ({ type: 'put', space: 'state', key, value: Buffer.from(text) });
const asAdmin = async <T>(task: (admin: Client) => Promise<T>): Promise<T> => {
    const admin = new Client(server.url);
    await admin.connect();
    return task(admin).finally(() => admin.end());
};

describe('when the server ends', () => {
    test('by a power cut in the middle of commits, all that were acknowledged are there, and none in part', async () => {
        const instance = randomUUID();
        const acknowledged: number[] = [];
        let next = 0;
        for (let round = 0; round < 3; round++) {
            const store = new Store(await open(instance));
            const writers = Array.from({ length: 8 }, async () => {
                for (;;) {
                    const number = next++;
                    await store.transact(async transaction => {
                        transaction.put('objects', `a${number}`, Buffer.from(String(number)));
                        transaction.append('logs', 'list', number, Buffer.from('x'));
                        transaction.put('state', `b${number}`, Buffer.alloc(3000));
                        await Promise.resolve();
                    });
                    acknowledged.push(number);
                }
            });
            const before = acknowledged.length;
            await eventually(() => expect(acknowledged.length).toBeGreaterThan(before + 40));
            await server.kill();
            for (const writer of await Promise.allSettled(writers))
                expect(writer).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_BROKEN' } });
            await store[Symbol.asyncDispose]();
            await server.restart();
        }
        await using backend = await open(instance);
        const numbersOf = (keys: string[]) => keys.map(key => Number(key.slice(1))).sort((a, b) => a - b);
        const stored = numbersOf(await keysOf(backend, 'objects'));
        expect(numbersOf(await keysOf(backend, 'state'))).toEqual(stored);
        expect((await backend.list('logs', 'list')).map(({ number }) => number)).toEqual(stored);
        expect(acknowledged.filter(number => !stored.includes(number))).toEqual([]);
    }, 60_000);

    test('while the store is idle, reading goes on after its restart, and writing when the store is opened again', async () => {
        const instance = randomUUID();
        {
            await using backend = await open(instance);
            await backend.commit([put('a', '1')]);
            await server.kill();
            await expect(open(instance)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
            await expect(backend.get('state', 'a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
            await server.restart();
            expect(await contentsOf(backend)).toEqual({ 'state/a': '1' });
            await expect(backend.commit([put('a', '2')])).rejects.toMatchObject({
                code: 'STORAGE_BROKEN',
                message: expect.stringMatching(/was lost.*Nothing of this was stored.*open the store again/),
            });
        }
        await using again = await open(instance);
        await again.commit([put('b', '2')]);
        expect(await contentsOf(again)).toEqual({ 'state/a': '1', 'state/b': '2' });
    });
});

test('reading and writing of BLOBs go on when sessions are ended that do not write the store', async () => {
    await using backend = await open(randomUUID());
    await backend.commit([put('a', '1')]);
    const blob = await backend.blobs.create();
    const endReaders = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'one.core'
        AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')`;
    await asAdmin(async admin => {
        for (let i = 0; i < 5; i++) {
            const reads = Array.from({ length: 200 }, () => backend.get('state', 'a'));
            const written = blob.write(Buffer.alloc(600_000, i));
            await admin.query(endReaders);
            await written;
            for (const value of await Promise.all(reads)) expect(value).toEqual(Uint8Array.of(0x31));
        }
    });
    expect(await blob.finish('a'.repeat(64))).toBe('new');
    await using reader = await backend.blobs.open('a'.repeat(64));
    const bytes = await reader?.read(0, 3_000_001);
    expect(Buffer.concat([0, 1, 2, 3, 4].map(i => Buffer.alloc(600_000, i))).equals(bytes ?? new Uint8Array())).toBe(
        true,
    );
});

describe('when the server refuses', () => {
    /** Makes each change of a value with this key fail, as the server does with this SQLSTATE. */
    const failing = (key: string, state: string) =>
        asAdmin(admin =>
            admin.query(`CREATE FUNCTION one.fail() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = '${state}'; END $$;
                CREATE TRIGGER fail BEFORE INSERT ON one.store_values FOR EACH ROW
                WHEN (new.key = '\\x03' || '${key}'::bytea) EXECUTE FUNCTION one.fail()`),
        );
    const healed = () => asAdmin(admin => admin.query('DROP FUNCTION IF EXISTS one.fail CASCADE'));

    test.each([
        ['53100', 'STORAGE_FULL'],
        ['25006', 'STORAGE_READ_ONLY'],
        ['XX001', 'STORAGE_DAMAGED'],
        ['22000', 'STORAGE_UNAVAILABLE'],
        ['40001', 'STORAGE_UNAVAILABLE'],
        ['40003', 'STORAGE_BROKEN'],
    ])('with %s, it is %s, and nothing of the commit is stored', async (state, code) => {
        await using backend = await open(randomUUID());
        await backend.commit([put('a', '1')]);
        await failing('bad', state);
        try {
            const several: Write[] = [{ type: 'delete', space: 'state', key: 'a' }, put('b', '1'), put('bad', '1')];
            await expect(backend.commit([put('a', '2'), put('bad', '1')])).rejects.toMatchObject({ code });
            await expect(backend.commit(several)).rejects.toMatchObject({ code });
        } finally {
            await healed();
        }
        expect(await contentsOf(backend)).toEqual({ 'state/a': '1' });
        if (code !== 'STORAGE_BROKEN') await backend.commit([put('bad', '1')]);
        else await expect(backend.commit([])).rejects.toMatchObject({ code });
    });

    test('because the other transaction was first, the commit is repeated', async () => {
        await using backend = await open(randomUUID());
        await asAdmin(admin =>
            admin.query(`CREATE SEQUENCE one.attempts;
                CREATE FUNCTION one.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('one.attempts') < 3 THEN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF;
                RETURN new; END $$;
                CREATE TRIGGER fail BEFORE INSERT ON one.store_values FOR EACH ROW EXECUTE FUNCTION one.fail()`),
        );
        try {
            await backend.commit([put('a', '1'), { type: 'delete', space: 'state', key: 'b' }]);
        } finally {
            await healed();
            await asAdmin(admin => admin.query('DROP SEQUENCE one.attempts'));
        }
        expect(await contentsOf(backend)).toEqual({ 'state/a': '1' });
    });

    test('because it only reads, the store is not opened', async () => {
        const instance = randomUUID();
        await (await open(instance))[Symbol.asyncDispose]();
        const url = new URL(server.url);
        url.searchParams.set('options', '-c default_transaction_read_only=on');
        const opened = open(instance, url.href.replaceAll('+', '%20'));
        await expect(opened).rejects.toMatchObject({ code: 'STORAGE_READ_ONLY' });
    });

    test('commits are on the disk even if the server would answer before', async () => {
        const url = new URL(server.url);
        url.searchParams.set('options', '-c synchronous_commit=off');
        await using backend = await open(randomUUID(), url.href.replaceAll('+', '%20'));
        await asAdmin(admin =>
            admin.query(`CREATE TABLE one.seen (setting text);
                CREATE FUNCTION one.see() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO one.seen VALUES (current_setting('synchronous_commit')); RETURN new; END $$;
                CREATE TRIGGER see BEFORE INSERT ON one.store_values FOR EACH ROW EXECUTE FUNCTION one.see()`),
        );
        try {
            await backend.commit([put('a', '1')]);
            const { rows } = await asAdmin(admin => admin.query('SELECT setting FROM one.seen'));
            expect(rows).toEqual([{ setting: 'on' }]);
        } finally {
            await asAdmin(admin => admin.query('DROP FUNCTION one.see CASCADE; DROP TABLE one.seen'));
        }
    });
});

describe('errors show no secrets', () => {
    const [user, password] = ['somebody-7261', 'p@ss/w#rd-9944'];
    const login = `${user}:${encodeURIComponent(password)}`;
    const urlOf = (change: (url: URL) => void) => {
        const url = new URL(server.url);
        url.username = user;
        url.password = encodeURIComponent(password);
        change(url);
        return url.href;
    };
    const withoutRights = () =>
        asAdmin(async admin => {
            await admin.query(`DROP ROLE IF EXISTS "${user}"`);
            await admin.query(`CREATE ROLE "${user}" LOGIN PASSWORD '${password}'`);
        });

    const cases: [string, string, () => string | Promise<string>][] = [
        ['a wrong password', 'STORAGE_UNAVAILABLE', () => urlOf(() => undefined)],
        [
            'a port where nobody listens',
            'STORAGE_UNAVAILABLE',
            async () => {
                const port = await freePort();
                return urlOf(url => (url.port = String(port)));
            },
        ],
        ['an unknown host', 'STORAGE_UNAVAILABLE', () => urlOf(url => (url.hostname = 'host.invalid'))],
        ['a password that is not encoded', 'STORAGE_UNAVAILABLE', () => `postgres://${user}:${password}@localhost/x`],
        [
            'a password that looks like a port',
            'STORAGE_UNAVAILABLE',
            () => `postgres://${user}:9944/${password}@localhost/x`,
        ],
        ['a URL of something else', 'STORAGE_UNAVAILABLE', () => `mysql://${login}@localhost/x`],
        ['a URL with a bad port', 'STORAGE_UNAVAILABLE', () => `postgres://${login}@localhost:99999/x`],
        ['a URL with bad escapes', 'STORAGE_UNAVAILABLE', () => `postgres://${user}:%zz9944@localhost/x`],
        [
            'a server without TLS',
            'STORAGE_UNAVAILABLE',
            () => urlOf(url => url.searchParams.set('sslmode', 'verify-full')),
        ],
        [
            'a role without rights',
            'STORAGE_UNAVAILABLE',
            async () => {
                await withoutRights();
                return urlOf(() => undefined);
            },
        ],
        [
            'no such database',
            'STORAGE_NOT_FOUND',
            async () => {
                await withoutRights();
                return urlOf(() => undefined).replace(/\/[^/]*$/, '/unknown');
            },
        ],
    ];

    test.each(cases)('with %s', async (_, code, makeUrl) => {
        const url = await makeUrl();
        const error: unknown = await PostgresBackend.open(url, { schema: 'other', create: true, instance: 'x' }).catch(
            (error: unknown) => error,
        );
        expect(error).toMatchObject({ code });
        const all = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)}`;
        for (const secret of [user, password, encodeURIComponent(password), 'rd-9944', 'zz9944', login])
            expect(all).not.toContain(secret);
    });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, startPostgres, type PostgresServer } from '@lama/testing';
import fc from 'fast-check';
import { Client } from 'pg';
import { contentsOf, keysOf, storageAcceptance, type StorageUnderTest } from '../acceptance.ts';
import { checkAgainstModel, steps } from '../acceptance-model.ts';
import type { Write } from '../storage-backend.ts';
import { migrate } from './migrate.ts';
import { PostgresBackend, type PostgresOptions } from './postgres-backend.ts';
import { MIGRATIONS, statementsOf } from './sql.ts';

const schema = `test_${randomUUID().slice(0, 8)}`;
let server: PostgresServer;
/** Somebody with all rights in the database. */
let admin: Client;

beforeAll(async () => {
    server = await startPostgres();
    admin = new Client(server.url);
    await admin.connect();
}, 60_000);

afterAll(async () => {
    await admin.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await admin.end();
    await server.stop();
});

const open = (instance: string, options: Partial<PostgresOptions> = {}, url = server.url) =>
    PostgresBackend.open(url, { schema, create: true, instance, ...options });

const place = (): Promise<StorageUnderTest> => {
    const instance = randomUUID();
    return Promise.resolve({ open: () => open(instance), [Symbol.asyncDispose]: () => Promise.resolve() });
};

const countPieces = async (instance: string) => {
    const pieces = `SELECT FROM ${schema}.blob_pieces JOIN ${schema}.stores ON store = id WHERE name = $1`;
    return (await admin.query(pieces, [instance])).rowCount;
};
const put = (key: string, text: string): Write => ({ type: 'put', space: 'state', key, value: Buffer.from(text) });
const append = (key: string, number: number): Write => ({
    type: 'append',
    space: 'logs',
    key,
    number,
    value: Buffer.from('x'),
});

describe('a store in PostgreSQL', () => {
    test.each(storageAcceptance(place))('$name', async ({ run }) => {
        await run();
    });

    test('has what a model has after any commits', async () => {
        await fc.assert(
            fc.asyncProperty(steps, async made => checkAgainstModel(await place(), made)),
            { numRuns: process.env['TEST_FULL'] ? 1000 : 40 },
        );
    }, 600_000);

    test('is apart from others in the same schema', async () => {
        const [a, b] = [randomUUID(), randomUUID()];
        {
            await using one = await open(a);
            await using other = await open(b);
            await one.commit([put('key', 'of one'), append('list', 1)]);
            await other.commit([put('key', 'of other'), put('more', 'x'), append('list', 2)]);
            await one.commit([
                { type: 'delete', space: 'state', key: 'more' },
                { type: 'trim', space: 'logs', key: 'list', before: 3 },
            ]);
            const writer = await one.blobs.create();
            await writer.write(Buffer.from('blob'));
            await writer.finish('a'.repeat(64));
            expect(await other.blobs.open('a'.repeat(64))).toBeUndefined();
        }
        await using one = await open(a, { create: false });
        await using other = await open(b, { create: false });
        expect(await contentsOf(one)).toEqual({ 'state/key': 'of one' });
        expect(await contentsOf(other)).toEqual({ 'state/key': 'of other', 'state/more': 'x', 'logs/list': '2=x' });
    });

    test('is created once, and its schema, too, when many open at once', async () => {
        const own = `${schema}_many`;
        try {
            const names = Array.from({ length: 6 }, () => randomUUID());
            const backends = await Promise.all(names.map(name => open(name, { schema: own })));
            await Promise.all(backends.map(backend => backend.commit([put('a', 'x')])));
            for (const backend of backends) await backend[Symbol.asyncDispose]();
            const { rows } = await admin.query(`SELECT id FROM ${own}.stores ORDER BY id`);
            expect(rows.map(({ id }: { id: number }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
        } finally {
            await admin.query(`DROP SCHEMA IF EXISTS ${own} CASCADE`);
        }
    });

    test('lists keys beyond a page, each once', async () => {
        await using backend = await open(randomUUID());
        const keys = Array.from({ length: 2500 }, (_, i) => `key-${String(i).padStart(4, '0')}`);
        await backend.commit(keys.flatMap(key => [put(key, 'x'), append(key, 1), append(key, 2)]));
        expect(await keysOf(backend, 'state')).toEqual(keys);
        expect(await keysOf(backend, 'logs')).toEqual(keys);
        expect(await keysOf(backend, 'meta')).toEqual([]);
    });

    test('stores a commit of many statements as a whole', async () => {
        const instance = randomUUID();
        const big = (key: string): Write => ({
            type: 'put',
            space: 'objects',
            key,
            value: Buffer.alloc(5_000_000, key),
        });
        {
            await using backend = await open(instance);
            await backend.commit([put('old', 'x'), append('list', 1)]);
            await backend.commit([
                { type: 'delete', space: 'state', key: 'old' },
                ...['a', 'b', 'c', 'd'].map(big),
                { type: 'trim', space: 'logs', key: 'list', before: 2 },
                append('list', 2),
            ]);
        }
        await using backend = await open(instance);
        expect(await keysOf(backend, 'objects')).toEqual(['a', 'b', 'c', 'd']);
        expect(Buffer.alloc(5_000_000, 'd').equals((await backend.get('objects', 'd')) ?? new Uint8Array())).toBe(true);
        expect(await keysOf(backend, 'state')).toEqual([]);
        expect((await backend.list('logs', 'list')).map(({ number }) => number)).toEqual([2]);
    });

    test('keeps no pieces of BLOBs that were deleted, given up, or came second', async () => {
        const instance = randomUUID();
        await using backend = await open(instance);
        const write = async () => {
            const writer = await backend.blobs.create();
            await writer.write(Buffer.alloc(600_000));
            return writer;
        };
        const [first, second, third] = [await write(), await write(), await write()];
        expect(await first.finish('a'.repeat(64))).toBe('new');
        expect(await second.finish('a'.repeat(64))).toBe('exists');
        await third.abort();
        expect(await countPieces(instance)).toBe(3);
        await backend.blobs.delete('a'.repeat(64));
        expect(await countPieces(instance)).toBe(0);
    });

    test('is not found where there is none, and then nothing is created', async () => {
        const none = `${schema}_none`;
        await expect(open('x', { schema: none, create: false })).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' });
        expect((await admin.query('SELECT FROM pg_namespace WHERE nspname = $1', [none])).rowCount).toBe(0);
        await expect(open('never created', { create: false })).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' });
    });

    test('refuses tables of a newer version, and changes nothing', async () => {
        await (await open('newer'))[Symbol.asyncDispose]();
        await admin.query(`UPDATE ${schema}.layout SET version = version + 1`);
        try {
            await expect(open('newer')).rejects.toMatchObject({ code: 'STORAGE_NEWER' });
            const { rows } = await admin.query<{ version: number }>(`SELECT version FROM ${schema}.layout`);
            expect(rows).toEqual([{ version: 2 }]);
        } finally {
            await admin.query(`UPDATE ${schema}.layout SET version = version - 1`);
        }
    });
});

test('tables that a newer program changes are no longer written by those who know the old ones', async () => {
    const own = `${schema}_changed`;
    const client = new Client(server.url);
    await client.connect();
    try {
        await using old = await open('old', { schema: own });
        await old.commit([put('a', '1')]);
        const changed = { name: own, quoted: own, statements: statementsOf(own) };
        const next = (quoted: string) => [`ALTER TABLE ${quoted}.store_values ADD COLUMN more integer`];
        expect(await migrate(client, changed, false, [...MIGRATIONS, next])).toBe(true);
        await expect(old.commit([put('a', '2')])).rejects.toMatchObject({
            code: 'STORAGE_IN_USE',
            message: expect.stringContaining('a newer program'),
        });
        expect(await contentsOf(old)).toEqual({ 'state/a': '1' });
        await expect(open('other', { schema: own })).rejects.toMatchObject({ code: 'STORAGE_NEWER' });
    } finally {
        await client.end();
        await admin.query(`DROP SCHEMA IF EXISTS ${own} CASCADE`);
    }
});

describe('a second opener', () => {
    /** Ends the session that has the store open, as an administrator or a failing network does. */
    const endWriter = async (session: string) => {
        const { rowCount } = await admin.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)
            WHERE locktype = 'advisory' AND application_name = $1`,
            [session],
        );
        expect(rowCount).toBe(1);
    };
    /** Sessions with a name, by which the server shows them. */
    const named = (session: string) => {
        const url = new URL(server.url);
        url.searchParams.set('application_name', session);
        return url.href;
    };
    const taken = { code: 'STORAGE_IN_USE' };
    const broken = { code: 'STORAGE_BROKEN' };

    test('gets the store when the session of the first was ended, and the first never writes again', async () => {
        const instance = randomUUID();
        await using first = await open(instance, {}, named(instance));
        await first.commit([put('a', 'first')]);
        await expect(open(instance)).rejects.toMatchObject({
            code: 'STORAGE_IN_USE',
            message: expect.stringContaining(`process ${process.pid}`),
        });
        await endWriter(instance);
        await using second = await open(instance);
        await second.commit([put('a', 'second')]);
        for (let i = 0; i < 3; i++) await expect(first.commit([put('a', 'late')])).rejects.toMatchObject(broken);
        await expect(first.blobs.create()).rejects.toMatchObject(broken);
        await expect(first.blobs.delete('b')).rejects.toMatchObject(broken);
        expect(await contentsOf(second)).toEqual({ 'state/a': 'second' });
    });

    test('fences off the first where servers have no locks', async () => {
        const instance = randomUUID();
        await using noLocks = await withoutLocks();
        await using first = await open(instance, {}, noLocks.url);
        await first.commit([put('a', 'first'), append('list', 1)]);
        const writer = await first.blobs.create();
        await writer.write(Buffer.alloc(100_000));
        await using second = await open(instance, {}, noLocks.url);

        await expect(writer.write(Buffer.alloc(300_000))).rejects.toMatchObject(taken);
        await expect(first.commit([put('a', 'late'), append('list', 2)])).rejects.toMatchObject(taken);
        await expect(writer.finish('a'.repeat(64))).rejects.toMatchObject(taken);
        expect(await contentsOf(second)).toEqual({ 'state/a': 'first', 'logs/list': '1=x' });
        expect(await countPieces(instance)).toBe(0);
        await second.commit([put('a', 'second')]);
    });

    test.each([
        ['deletes', (): Write[] => [{ type: 'delete', space: 'state', key: 'a' }]],
        ['trims', (): Write[] => [{ type: 'trim', space: 'logs', key: 'list', before: 9 }]],
        [
            'several statements',
            (): Write[] => [put('a', 'late'), { type: 'trim', space: 'logs', key: 'list', before: 9 }],
        ],
    ])('fences off %s', async (_, late) => {
        const instance = randomUUID();
        await using noLocks = await withoutLocks();
        await using first = await open(instance, {}, noLocks.url);
        await first.commit([put('a', 'first'), append('list', 1)]);
        await using second = await open(instance, {}, noLocks.url);
        await expect(first.commit(late())).rejects.toMatchObject(taken);
        expect(await contentsOf(second)).toEqual({ 'state/a': 'first', 'logs/list': '1=x' });
    });

    test('fences off BLOBs that are named and deleted', async () => {
        const instance = randomUUID();
        const [name, other] = ['a'.repeat(64), 'b'.repeat(64)];
        await using noLocks = await withoutLocks();
        await using first = await open(instance, {}, noLocks.url);
        const writer = await first.blobs.create();
        await writer.write(Buffer.from('blob'));
        await writer.finish(name);
        const late = await first.blobs.create();
        await using second = await open(instance, {}, noLocks.url);
        await expect(late.finish(other)).rejects.toMatchObject(taken);
        await expect(first.blobs.delete(name)).rejects.toMatchObject(taken);
        await using reader = await second.blobs.open(name);
        expect(Buffer.from((await reader?.read(0, 9)) ?? []).toString()).toBe('blob');
        expect(await second.blobs.open(other)).toBeUndefined();
    });

    test('gets the store in the middle of a commit of the first, which then has no effect', async () => {
        const instance = randomUUID();
        await using first = await open(instance, {}, named(instance));
        const gate = new Client(server.url);
        await gate.connect();
        try {
            await gate.query('BEGIN');
            await gate.query(`SELECT FROM ${schema}.stores WHERE name = $1 FOR UPDATE`, [instance]);
            const late = first.commit([put('a', 'late'), append('list', 1)]);
            await eventually(async () => {
                const { rowCount } = await admin.query(
                    "SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'",
                    [instance],
                );
                expect(rowCount).toBe(1);
            });
            await gate.query(`UPDATE ${schema}.stores SET owner = $2, opened_by = 'another' WHERE name = $1`, [
                instance,
                randomUUID(),
            ]);
            await gate.query('COMMIT');
            await expect(late).rejects.toMatchObject({ ...taken, message: expect.stringContaining('another') });
        } finally {
            await gate.end();
        }
        expect(await contentsOf(first)).toEqual({});
        await expect(first.commit([put('a', 'later')])).rejects.toMatchObject(taken);
    });

    /** Sessions whose locks are always free, as those of CockroachDB are. */
    async function withoutLocks(): Promise<{ readonly url: string } & AsyncDisposable> {
        const name = `${schema}_no_locks`;
        await admin.query(`CREATE SCHEMA ${name};
            CREATE FUNCTION ${name}.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
            CREATE FUNCTION ${name}.pg_advisory_unlock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'`);
        const url = new URL(server.url);
        url.searchParams.set('options', `-c search_path=${name},pg_catalog`);
        return {
            url: url.href.replaceAll('+', '%20'),
            [Symbol.asyncDispose]: async () => {
                await admin.query(`DROP SCHEMA ${name} CASCADE`);
            },
        };
    }
});

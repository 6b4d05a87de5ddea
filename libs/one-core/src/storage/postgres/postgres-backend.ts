import { PiecedBlobFiles } from '../pieced-blob-files.ts';
import {
    checkWrites,
    ensureStorageKey,
    isListSpace,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { DatabaseAddress } from './address.ts';
import { changesOf } from './changes.ts';
import { boundsOf, decodeKey, encodeKey } from './keys.ts';
import { bigint, bytesOf, byteaArray } from './parameters.ts';
import { PostgresPieces } from './postgres-pieces.ts';
import { Readers } from './readers.ts';
import type { Value } from './session.ts';
import { PAGE, statementsOf, type Statement, type Statements } from './sql.ts';
import { Writer } from './writer.ts';

export interface PostgresOptions {
    /** Name of the store: any number of them share a schema. */
    readonly instance: string;
    /** Default `one`. Letters, digits and `_`, in lower case. */
    readonly schema?: string;
    /** Create the store, and its schema, if there is none. */
    readonly create?: boolean;
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const INSTANCE = /^\S(.{0,198}\S)?$/;

/**
 * A store in a PostgreSQL database, or in a cluster that speaks its protocol.
 *
 * One process at a time has it open: a lock of its session says so, and a token in the database fences off whoever lost that
 * lock without noticing. CockroachDB has no such locks, and behind a pooler that gives each transaction another session they
 * mean nothing: there, whoever opens the store last has it, and the one before is refused with its next commit.
 *
 * When the session that writes is lost, commits are refused (STORAGE_BROKEN) until the store is opened again; reading goes on.
 */
export class PostgresBackend implements StorageBackend {
    readonly blobs: PiecedBlobFiles;
    readonly #writer: Writer;
    readonly #readers: Readers;
    readonly #statements: Statements;

    private constructor(writer: Writer, readers: Readers, statements: Statements, pieces: PostgresPieces) {
        this.#writer = writer;
        this.#readers = readers;
        this.#statements = statements;
        this.blobs = new PiecedBlobFiles(pieces);
    }

    /**
     * @param url `postgres://user:password@host:5432/database`, with parameters such as `?sslmode=verify-full`
     * @throws StorageError, without user and password of the URL in its text
     */
    static async open(
        url: string,
        { instance, schema = 'one', create = false }: PostgresOptions,
    ): Promise<PostgresBackend> {
        if (!SCHEMA.test(schema))
            throw new TypeError(`${JSON.stringify(schema)} cannot be the name of a schema for stores.`);
        if (!INSTANCE.test(instance) || !instance.isWellFormed())
            throw new TypeError('The name of a store is one line of at most 200 characters.');
        const address = new DatabaseAddress(url);
        const quoted = `"${schema}"`;
        const statements = statementsOf(quoted);
        const writer = await Writer.open(address, { name: schema, quoted, statements }, instance, create);
        const readers = new Readers(address);
        const pieces = new PostgresPieces(writer, readers, statements);
        const backend = new PostgresBackend(writer, readers, statements, pieces);
        try {
            await pieces.discardUnfinished();
            return backend;
        } catch (error) {
            await backend[Symbol.asyncDispose]();
            throw error;
        }
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        const [row] = await this.#read(this.#statements.get, encodeKey(space, ensureStorageKey(space, key)));
        return row && bytesOf(row[0]);
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        const wanted = keys.map(key => encodeKey(space, ensureStorageKey(space, key)));
        if (keys.length === 0) return [];
        const values = new Map(await this.#read(this.#statements.getMany, byteaArray(wanted)));
        return wanted.map(key => {
            const value = values.get(key.toString('hex'));
            return value === undefined ? undefined : bytesOf(value);
        });
    }

    async list(
        space: ListSpace,
        key: string,
        { from = 0, before = Infinity, limit = Infinity, reverse = false }: ListRange = {},
    ): Promise<ListEntry[]> {
        const encoded = encodeKey(space, ensureStorageKey(space, key));
        const statement = reverse ? this.#statements.listReverse : this.#statements.list;
        const rows = await this.#read(statement, encoded, bigint(from), bigint(before), bigint(limit));
        return rows.map(([number, value]) => ({ number: Number(number), value: bytesOf(value) }));
    }

    async *keys(space: Space): AsyncIterable<string> {
        const statement = isListSpace(space) ? this.#statements.listKeys : this.#statements.valueKeys;
        const [first, end] = boundsOf(space);
        for (let last = first; ;) {
            const page = await this.#read(statement, last, end);
            for (const [key] of page) yield decodeKey(key);
            if (page.length < PAGE) return;
            last = Buffer.from(page.at(-1)?.[0] ?? '', 'hex');
        }
    }

    async commit(writes: readonly Write[]): Promise<void> {
        checkWrites(writes);
        await this.#writer.write(changesOf(writes, this.#statements));
    }

    /** Waits for commits under way and lets others open the store. */
    async [Symbol.asyncDispose](): Promise<void> {
        await Promise.all([this.#writer.close(), this.#readers.close()]);
    }

    #read<R extends unknown[]>(statement: Statement<R>, ...values: Value[]): Promise<R[]> {
        return this.#readers.run(statement, [this.#writer.store, ...values]);
    }
}

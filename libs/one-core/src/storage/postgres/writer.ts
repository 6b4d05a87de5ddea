import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Sequence } from '../../sequence.ts';
import { StorageError } from '../storage-errors.ts';
import type { DatabaseAddress } from './address.ts';
import { migrate, type Schema } from './migrate.ts';
import { isDefinite, isToRepeat } from './server-errors.ts';
import { prepare, run, SessionLock, type Value } from './session.ts';
import type { Statement, Statements } from './sql.ts';

/** The session of a process that was just killed ends a moment later. */
const [LOCK_ATTEMPTS, LOCK_PAUSE_MS] = [6, 100];
/** A transaction that others were in the way of is tried so often. */
const ATTEMPTS = 5;
/** Stores that are created at once want the same number. */
const CREATE_ATTEMPTS = 100;

/** A statement that writes with its values after the first two, which say whose store it is. */
export type Change = readonly [Statement<unknown[]>, ...Value[]];

/**
 * The one session that writes to a store, for as long as the store is open.
 *
 * 1. It holds a lock of the server, so nobody else opens the store meanwhile; it ends with the session.
 * 2. Opening puts a new token into the row of the store, and every change checks it there (see `sql.ts`): what a session
 *    that lost the lock without noticing sends later has no effect.
 * 3. When the session is lost, nothing more is written: somebody else may have opened the store. No attempt is made to find
 *    out whether the change under way counts; whoever opens the store again sees it.
 */
export class Writer {
    readonly #client: Client;
    readonly #address: DatabaseAddress;
    readonly #lock: SessionLock;
    readonly #statements: Statements;
    readonly #name: string;
    readonly #sequence = new Sequence();
    readonly #token = randomUUID();
    #store = 0;
    /** Why nothing more is written. */
    #refusal: StorageError | undefined;
    #closing: Promise<void> | undefined;

    private constructor(client: Client, address: DatabaseAddress, schema: Schema, name: string) {
        this.#client = client;
        this.#address = address;
        this.#statements = schema.statements;
        this.#name = name;
        this.#lock = new SessionLock(client, `${schema.name} store ${name}`);
        const lost = () =>
            (this.#refusal ??= this.#lost('Nothing of this was stored: somebody else may have opened it since'));
        client.on('error', lost).on('end', lost);
    }

    /** @throws StorageError */
    static async open(address: DatabaseAddress, schema: Schema, name: string, create: boolean): Promise<Writer> {
        const client = new Client({ ...address.settings, pipeline: true });
        const writer = new Writer(client, address, schema, name);
        try {
            await client.connect();
            await prepare(client);
            if (!(await migrate(client, schema, create))) throw writer.#notFound();
            await writer.#takeLock();
            writer.#store = await writer.#findStore(create);
            await run(client, schema.statements.takeStore, [writer.#store, writer.#token, thisProcess()]);
            return writer;
        } catch (error) {
            const failure = address.errorOf(error);
            await client.end().catch(() => undefined);
            throw failure;
        }
    }

    /** The number of the store. */
    get store(): number {
        return this.#store;
    }

    /** @throws StorageError if nothing is written any more */
    ensureUsable(): void {
        if (this.#refusal !== undefined) throw this.#refusal;
    }

    /**
     * Carries out all changes or none; they are durable when it resolves. In the order of the calls.
     * @returns the row of each
     * @throws StorageError
     */
    write(changes: readonly Change[]): Promise<unknown[][]> {
        return this.#sequence.run(async () => {
            this.ensureUsable();
            if (changes.length === 0) return [];
            const rows = await this.#repeat(() => this.#transaction(changes));
            if (!rows.every(row => row !== undefined)) throw (this.#refusal = await this.#taken());
            return rows;
        });
    }

    /** Waits for changes under way and lets others open the store. */
    close(): Promise<void> {
        return (this.#closing ??= this.#sequence.run(async () => {
            const isLost = this.#refusal?.code === 'STORAGE_BROKEN';
            this.#refusal = new StorageError('STORAGE_CLOSED', `The store "${this.#name}" is closed`);
            // Its end would release it, too, but a moment later.
            if (!isLost) await this.#lock.release().catch(() => undefined);
            await this.#client.end().catch(() => undefined);
        }));
    }

    async #transaction(changes: readonly Change[]): Promise<(unknown[] | undefined)[]> {
        const answers = () =>
            Promise.all(
                changes.map(([statement, ...values]) =>
                    run(this.#client, statement, [this.#store, this.#token, ...values]),
                ),
            );
        // All is sent at once. If a statement fails, COMMIT is a rollback.
        if (changes.length === 1) return (await answers()).map(([row]) => row);
        const [, rows] = await Promise.all([this.#client.query('BEGIN'), answers(), this.#client.query('COMMIT')]);
        return rows.map(([row]) => row);
    }

    async #repeat<T>(task: () => Promise<T>): Promise<T> {
        for (let attempt = 1; ; attempt++) {
            try {
                return await task();
            } catch (error) {
                if (!isDefinite(error) || !(await this.#answers())) throw this.#broken();
                if (!isToRepeat(error) || attempt === ATTEMPTS) throw this.#address.errorOf(error);
            }
        }
    }

    /** Whether the session goes on after an error. If so, its transaction did not count. */
    #answers(): Promise<boolean> {
        return this.#client.query('SELECT 1').then(
            () => true,
            () => false,
        );
    }

    #broken(): StorageError {
        this.#refusal ??= this.#lost('Nothing of this was stored');
        return this.#lost('What was being stored counts or does not');
    }

    #lost(consequence: string): StorageError {
        return new StorageError(
            'STORAGE_BROKEN',
            `The session that writes the store "${this.#name}" in ${this.#address.name} was lost. ${consequence}; open the store again`,
        );
    }

    /** Found by a change that had no effect. */
    async #taken(): Promise<StorageError> {
        const rows = await run(this.#client, this.#statements.findStore, [this.#name]).catch(() => []);
        return this.#inUse(rows[0]?.[1], rows[0]?.[2], 'Nothing more is written here; stop one of both');
    }

    async #takeLock(): Promise<void> {
        for (let attempt = 1; !(await this.#lock.tryToTake()); attempt++) {
            if (attempt === LOCK_ATTEMPTS) {
                const rows = await run(this.#client, this.#statements.findStore, [this.#name]);
                throw this.#inUse(
                    rows[0]?.[1],
                    rows[0]?.[2],
                    'Stop that one. If its machine is gone, the server notices in a minute or two',
                );
            }
            await sleep(LOCK_PAUSE_MS);
        }
    }

    #inUse(by: string | null | undefined, since: string | null | undefined, remedy: string): StorageError {
        return new StorageError(
            'STORAGE_IN_USE',
            `The store "${this.#name}" in ${this.#address.name} was opened by ${by ?? 'another process'} at ${since ?? 'a time unknown'}. ${remedy}`,
        );
    }

    async #findStore(create: boolean): Promise<number> {
        for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
            const found = await run(this.#client, this.#statements.findStore, [this.#name]);
            const id = found[0]?.[0];
            if (id !== undefined) return id;
            if (!create) throw this.#notFound();
            await run(this.#client, this.#statements.createStore, [this.#name]);
        }
        throw new StorageError(
            'STORAGE_UNAVAILABLE',
            `Too many stores are being created at once in ${this.#address.name}; try again`,
        );
    }

    #notFound(): StorageError {
        return new StorageError(
            'STORAGE_NOT_FOUND',
            `There is no store "${this.#name}" in ${this.#address.name}; nothing was changed`,
        );
    }
}

function thisProcess(): string {
    return `process ${process.pid} on ${hostname()}`;
}

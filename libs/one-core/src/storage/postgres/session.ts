import { hash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { isNotSupported } from './server-errors.ts';
import { DURABLE, SESSION_LOCK, TUNE, type Statement } from './sql.ts';

/** What a statement is given: numbers and texts as such, bytes and arrays as buffers. */
export type Value = string | number | Buffer;

/** Anything that runs statements of `pg`. */
export type Runner = Pick<ClientBase, 'query'>;

/** Rows as arrays, of a statement that the server prepares once a session. */
export async function run<R extends unknown[]>(
    runner: Runner,
    { name, text }: Statement<R>,
    values: readonly Value[],
): Promise<R[]> {
    const { rows } = await runner.query<R>({ name, text, values: [...values], rowMode: 'array' });
    return rows;
}

/** Settings of a session that has just begun. */
export async function prepare(runner: Runner): Promise<void> {
    await runner.query(DURABLE);
    // Where a server does not know them, nothing is wrong.
    await runner.query(TUNE).catch(() => undefined);
}

/** A lock that a session holds until it ends. On servers that have none it is always free; fencing does without it. */
export class SessionLock {
    readonly #runner: Runner;
    readonly #number: string;

    /** @param name the lock is of the database, so it names the schema, too */
    constructor(runner: Runner, name: string) {
        this.#runner = runner;
        this.#number = BigInt.asIntN(64, BigInt(`0x${hash('sha256', `one.core ${name}`).slice(0, 16)}`)).toString();
    }

    async tryToTake(): Promise<boolean> {
        const rows = await this.#run<[boolean]>(SESSION_LOCK.take);
        return rows?.[0]?.[0] ?? true;
    }

    async take(): Promise<void> {
        await this.#run(SESSION_LOCK.await);
    }

    async release(): Promise<void> {
        await this.#run(SESSION_LOCK.release);
    }

    async #run<R extends unknown[]>(text: string): Promise<R[] | undefined> {
        try {
            return (await this.#runner.query<R>({ text, values: [this.#number], rowMode: 'array' })).rows;
        } catch (error) {
            if (isNotSupported(error)) return undefined;
            throw error;
        }
    }
}

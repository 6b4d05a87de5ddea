import { Client, Pool } from 'pg';
import { StorageError } from '../storage-errors.ts';
import type { DatabaseAddress } from './address.ts';
import { isOfSession } from './server-errors.ts';
import { prepare, run, type Value } from './session.ts';
import type { Statement } from './sql.ts';

/** Sessions that read at once, and those that store pieces of BLOBs. A server has some hundred for all its clients. */
const SESSIONS = 4;
const IDLE_MS = 60_000;

/** Sessions for what need not be in order. They come and go; a server that was restarted is found again. */
export class Readers {
    readonly #pool: Pool;
    readonly #address: DatabaseAddress;
    #closing: Promise<void> | undefined;

    constructor(address: DatabaseAddress) {
        this.#address = address;
        this.#pool = new Pool({
            Client: clientClass(address),
            max: SESSIONS,
            idleTimeoutMillis: IDLE_MS,
            verify: (client, done) => void prepare(client).then(() => done(), done),
        });
        // Of an idle session: the next statement begins another one.
        this.#pool.on('error', () => undefined);
    }

    /** @throws StorageError */
    async run<R extends unknown[]>(statement: Statement<R>, values: readonly Value[]): Promise<R[]> {
        if (this.#closing !== undefined)
            throw new StorageError('STORAGE_CLOSED', `A store in ${this.#address.name} is closed`);
        try {
            return await run(this.#pool, statement, values).catch((error: unknown) => {
                // A session that was idle may be dead without anybody having noticed.
                if (isOfSession(error)) return run(this.#pool, statement, values);
                throw error;
            });
        } catch (error) {
            throw this.#address.errorOf(error);
        }
    }

    /** Waits for what is being read. */
    close(): Promise<void> {
        return (this.#closing ??= this.#pool.end());
    }
}

/** The pool would apply the limit of beginning a session also to waiting for one. */
function clientClass(address: DatabaseAddress): new () => Client {
    return class extends Client {
        constructor() {
            super(address.settings);
        }
    };
}

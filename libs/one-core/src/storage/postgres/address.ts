import { Client, type ClientConfig } from 'pg';
import { StorageError } from '../storage-errors.ts';
import { meaningOf, saidBy } from './server-errors.ts';

/** A path, query or fragment with an `@` is the rest of a password that was not encoded, and would be shown. */
const FORM = /^postgres(?:ql)?:\/\/[^/?#]*(?:[/?#][^@]*)?$/;
/** Time for a session to begin. A server that says nothing is not there. */
const CONNECT_MS = 10_000;
/** How long a session is idle before the system looks whether the server is still there. */
const KEEP_ALIVE_MS = 10_000;

/** Where a database is. User and password stay in here: whatever it says may be shown to anybody. */
export class DatabaseAddress {
    /** For messages. */
    readonly name: string;
    readonly #url: string;
    readonly #user: string;
    readonly #password: string;

    /** @throws StorageError */
    constructor(url: string) {
        this.#url = url;
        const { host, port, database = '', user = '', password } = this.#parse();
        this.name = `the database "${database}" on ${host.startsWith('/') ? host : `${host}:${port}`}`;
        this.#user = user;
        this.#password = typeof password === 'string' ? password : '';
    }

    /** For `pg`, with the secrets. */
    get settings(): ClientConfig {
        return {
            connectionString: this.#url,
            fallback_application_name: 'one.core',
            connectionTimeoutMillis: CONNECT_MS,
            keepAlive: true,
            keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
        };
    }

    /** What a failure means, with nothing secret in it. */
    errorOf(error: unknown): StorageError {
        if (error instanceof StorageError) return error;
        const { code, what, remedy } = meaningOf(error);
        // Not the original: its text, and what hangs on it, may show the user or more.
        const cause = new Error(this.#withoutSecrets(saidBy(error)));
        return new StorageError(code, `${what} ${this.name}: ${cause.message}. ${remedy}`, { cause });
    }

    #parse(): Client {
        try {
            if (FORM.test(this.#url)) return new Client(this.settings);
        } catch {
            // The reason would quote parts of it.
        }
        throw new StorageError(
            'STORAGE_UNAVAILABLE',
            'The URL of the database is none: expected is postgres://user:password@host:5432/database, with %40 for @ and ' +
                '%2F for / in a password',
        );
    }

    #withoutSecrets(text: string): string {
        let result = text.replaceAll(this.#url, '…').replaceAll(`"${this.#user}"`, '"…"');
        for (const form of [this.#password, encodeURIComponent(this.#password)])
            if (form !== '') result = result.replaceAll(form, '…');
        return result;
    }
}

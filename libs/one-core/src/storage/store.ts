import { Sequence } from '../sequence.ts';
import { StorageKeyExistsError, type Space, type StorageBackend, type Write } from './storage-backend.ts';

/** Reading that sees either a whole commit or nothing of it only inside of a transaction. */
export interface StoreReader {
    get(space: Space, key: string): Promise<Uint8Array | undefined>;
    /** Ascending by UTF-16 units. */
    keys(space: Space): Promise<readonly string[]>;
}

/** Reads what it has written itself. Nothing of it is stored before its task has ended. */
export interface Transaction extends StoreReader {
    /** The key must be new when the transaction is stored. Values are copied. @throws StorageKeyExistsError */
    create(space: Space, key: string, value: Uint8Array): void;
    put(space: Space, key: string, value: Uint8Array): void;
    delete(space: Space, key: string): void;
}

/**
 * A backend with transactions. There is one store per backend; key chain, identities and objects of one instance share it,
 * so that none of them decides by what another is just changing.
 */
export class Store implements StoreReader, AsyncDisposable {
    readonly #backend: StorageBackend;
    readonly #transactions = new Sequence();

    constructor(backend: StorageBackend) {
        this.#backend = backend;
    }

    get(space: Space, key: string): Promise<Uint8Array | undefined> {
        return this.#backend.get(space, key);
    }

    keys(space: Space): Promise<readonly string[]> {
        return this.#backend.keys(space);
    }

    /**
     * Runs a task alone, then stores what it wrote in one commit. If the task or the commit fails, nothing is stored.
     * Resolves when everything is durable. A task must not start a transaction: it would wait for itself.
     */
    transact<T>(task: (transaction: Transaction) => Promise<T>): Promise<T> {
        return this.#transactions.run(async () => {
            const transaction = new CollectedWrites(this.#backend);
            const result = await task(transaction).finally(() => transaction.end());
            if (transaction.writes.size > 0) await this.#backend.commit([...transaction.writes.values()]);
            return result;
        });
    }

    /** Waits for transactions under way and closes the backend. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#transactions.run(async () => this.#backend[Symbol.asyncDispose]());
    }
}

class CollectedWrites implements Transaction {
    readonly writes = new Map<string, Write>();
    readonly #backend: StorageBackend;
    #ended = false;

    constructor(backend: StorageBackend) {
        this.#backend = backend;
    }

    async get(space: Space, key: string): Promise<Uint8Array | undefined> {
        const write = this.writes.get(idOf(space, key));
        if (write === undefined) return this.#backend.get(space, key);
        return write.type === 'delete' ? undefined : new Uint8Array(write.value);
    }

    async keys(space: Space): Promise<readonly string[]> {
        const keys = new Set(await this.#backend.keys(space));
        for (const write of this.writes.values()) {
            if (write.space !== space) continue;
            if (write.type === 'delete') keys.delete(write.key);
            else keys.add(write.key);
        }
        return [...keys].sort();
    }

    create(space: Space, key: string, value: Uint8Array): void {
        const before = this.writes.get(idOf(space, key));
        if (before !== undefined && before.type !== 'delete') throw new StorageKeyExistsError(space, key);
        this.#add({ type: before === undefined ? 'create' : 'put', space, key, value: new Uint8Array(value) });
    }

    put(space: Space, key: string, value: Uint8Array): void {
        // What is created in this transaction must still be new.
        const before = this.writes.get(idOf(space, key));
        const type = before?.type === 'create' ? 'create' : 'put';
        this.#add({ type, space, key, value: new Uint8Array(value) });
    }

    delete(space: Space, key: string): void {
        if (this.writes.get(idOf(space, key))?.type === 'create')
            throw new TypeError(`"${key}" was created in this transaction; do not create it.`);
        this.#add({ type: 'delete', space, key });
    }

    /** A write that comes later would be lost. */
    end(): void {
        this.#ended = true;
    }

    #add(write: Write): void {
        if (this.#ended) throw new TypeError('The transaction has ended; await everything inside of its task.');
        this.writes.set(idOf(write.space, write.key), write);
    }
}

function idOf(space: Space, key: string): string {
    return `${space}/${key}`;
}

import { StorageError } from '../storage-errors.ts';
import { transactionError } from './indexeddb-errors.ts';
import { beginNewLog, openDatabase, type StoreName } from './open-database.ts';
import { abort, endOf } from './requests.ts';
import { lockStore, type StoreLock } from './store-lock.ts';

type Stores = StoreName | StoreName[];

/**
 * An open database and its transactions. After anything that makes the state of the store doubtful, and after it was closed,
 * it refuses everything and says why.
 */
export class Database implements AsyncDisposable {
    readonly name: string;
    readonly #database: IDBDatabase;
    readonly #lock: StoreLock;
    readonly #durability: IDBTransactionDurability;
    readonly #writes = new Set<Promise<unknown>>();
    #refusal: StorageError | undefined;
    #ended: Promise<void> | undefined;

    private constructor(name: string, database: IDBDatabase, lock: StoreLock, durability: IDBTransactionDurability) {
        this.name = name;
        this.#database = database;
        this.#lock = lock;
        this.#durability = durability;
        database.onversionchange = ({ newVersion }) => {
            const what = newVersion === null ? 'deletes' : 'brings a newer version of';
            this.#end(
                'STORAGE_CLOSED',
                `Another tab ${what} the store "${name}", which was closed for that; reload this one`,
            );
        };
        database.onclose = () =>
            this.#end(
                'STORAGE_BROKEN',
                `The browser has closed the store "${name}": its data were cleared, or the disk fails. Open it again to ` +
                    'see what is left',
            );
        void lock.stolen.then(() =>
            this.#end(
                'STORAGE_CLOSED',
                `Another tab has taken over the store "${name}"; go on there, or reload this one`,
            ),
        );
    }

    /** @throws StorageError */
    static async open(name: string, create: boolean, durability: IDBTransactionDurability): Promise<Database> {
        const lock = await lockStore(name);
        try {
            const database = new Database(name, await openDatabase(name, create), lock, durability);
            // On a full disk it fails, and the store can be read nevertheless.
            await beginNewLog(name).catch(() => undefined);
            return database;
        } catch (error) {
            await lock.release();
            throw error;
        }
    }

    /** The task may await requests of the transaction and nothing else. @throws StorageError */
    async read<T>(stores: Stores, task: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
        const transaction = this.#begin(stores, 'readonly');
        try {
            return await task(transaction);
        } catch (error) {
            throw this.#failure(error, 'read');
        }
    }

    /** As `read`; resolves when it is durable, and nothing is changed if the task fails. */
    write<T>(stores: Stores, task: (transaction: IDBTransaction) => T | Promise<T>): Promise<T> {
        const write = this.#write(stores, task);
        this.#writes.add(write);
        const forget = () => void this.#writes.delete(write);
        write.then(forget, forget);
        return write;
    }

    /** Waits for writes under way and lets others open the store. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#end('STORAGE_CLOSED', `The store "${this.name}" was closed; open it again`);
        await this.#ended;
    }

    async #write<T>(stores: Stores, task: (transaction: IDBTransaction) => T | Promise<T>): Promise<T> {
        const transaction = this.#begin(stores, 'readwrite');
        const ended = endOf(transaction);
        try {
            const result = await task(transaction);
            // Else the engine would wait for the answers to all requests first.
            transaction.commit();
            await ended;
            return result;
        } catch (error) {
            abort(transaction);
            await ended.catch(() => undefined);
            throw this.#failure(transaction.error ?? error);
        }
    }

    #begin(stores: Stores, mode: 'readonly' | 'readwrite'): IDBTransaction {
        if (this.#refusal !== undefined) throw this.#refusal;
        try {
            return this.#database.transaction(stores, mode, { durability: this.#durability });
        } catch (error) {
            throw this.#failure(error);
        }
    }

    #failure(cause: unknown, doing: 'read' | 'write' = 'write'): unknown {
        const error = transactionError(this.name, cause, doing);
        if (!(error instanceof StorageError) || error.code !== 'STORAGE_BROKEN') return error;
        this.#refuse(error);
        return this.#refusal;
    }

    #end(code: 'STORAGE_CLOSED' | 'STORAGE_BROKEN', message: string): void {
        this.#refuse(new StorageError(code, message));
    }

    /** Transactions that were begun go on. */
    #refuse(error: StorageError): void {
        this.#refusal ??= error;
        this.#database.close();
        this.#ended ??= Promise.allSettled(this.#writes).then(() => this.#lock.release());
    }
}

// What the types of this folder need; all other code of the library is written against those of Node alone.
/// <reference lib="dom" />
import { openingError, transactionError, unavailableError } from '../indexeddb/indexeddb-errors.ts';
import { answerTo } from '../indexeddb/requests.ts';
import { StorageError } from '../storage-errors.ts';

/** Object stores that hold something to import. */
export const originalSpaces = ['objects', 'vheads', 'rmaps', 'private'] as const;
export type OriginalSpace = (typeof originalSpaces)[number];
/** All that there are; the content of the last two means nothing after the page was closed. */
const known: readonly string[] = [...originalSpaces, 'tmp', 'acache'];
/** Of every deployed installation. */
const VERSION = 1;

/** Most of one part: enough to make round trips cheap. One record more may be in memory, however large it is. */
const MAX_PART_RECORDS = 500;
const MAX_PART_BYTES = 4 * 1024 * 1024;

/** A record as it is, or why the browser cannot read it. */
export interface OriginalRecord {
    readonly key: IDBValidKey;
    readonly value?: unknown;
    readonly unreadable?: StorageError;
}

/** What Chromium alone tells, and only to who opens a database first after it has removed all of them. */
interface DataLoss {
    readonly dataLoss?: 'none' | 'total';
}

/** A database of an original installation, open for reading. It yields to whoever wants to change or delete it. */
export class OriginalDatabase {
    readonly name: string;
    readonly #database: IDBDatabase;
    #refusal: StorageError | undefined;

    private constructor(name: string, database: IDBDatabase) {
        this.name = name;
        this.#database = database;
        database.onversionchange = () => this.#end(`Another tab deletes or changes the database "${name}"`);
        database.onclose = () => this.#end(`The browser has closed the database "${name}": its data were cleared`);
    }

    /** @throws StorageError; nothing was created or changed */
    static async open(name: string): Promise<OriginalDatabase> {
        const database = await open(name);
        try {
            const stores = [...database.objectStoreNames];
            const lost = originalSpaces.find(store => !stores.includes(store));
            if (lost !== undefined)
                throw new StorageError(
                    'STORAGE_INCOMPLETE',
                    `The database "${name}" of this browser has no part "${lost}": it is damaged, or not one of an original ` +
                        'installation. Check its name',
                );
            const unknown = stores.find(store => !known.includes(store));
            if (unknown !== undefined) throw newerError(name, `has a part "${unknown}"`);
            return new OriginalDatabase(name, database);
        } catch (error) {
            database.close();
            throw error;
        }
    }

    /** The task may await requests of the transaction and nothing else. @throws StorageError */
    async read<T>(
        stores: OriginalSpace | readonly OriginalSpace[],
        task: (transaction: IDBTransaction) => Promise<T>,
    ): Promise<T> {
        this.#ensureOpen();
        try {
            return await task(this.#database.transaction(stores, 'readonly'));
        } catch (error) {
            this.#ensureOpen();
            throw transactionError(this.name, error, 'read');
        }
    }

    /** The records of a range in parts: who iterates may take their time. */
    async *records(store: OriginalSpace, range: IDBKeyRange): AsyncIterable<OriginalRecord> {
        for (let rest: IDBKeyRange | undefined = range; rest !== undefined;) {
            const { records, end } = await this.#part(store, rest);
            yield* records;
            const last = records.at(-1);
            rest =
                end || last === undefined ? undefined : IDBKeyRange.bound(last.key, range.upper, true, range.upperOpen);
        }
    }

    /** Reading ends. */
    close(): void {
        this.#end(`The database "${this.name}" was closed`);
    }

    /** The first records of a range; one that cannot be read is a part of its own. */
    async #part(store: OriginalSpace, range: IDBKeyRange): Promise<{ records: OriginalRecord[]; end: boolean }> {
        const records: OriginalRecord[] = [];
        try {
            const end = await this.read(store, async transaction => {
                const request = transaction.objectStore(store).openCursor(range);
                let bytes = 0;
                for (;;) {
                    const cursor = await answerTo(request);
                    if (cursor === null) return true;
                    const { key, value } = cursor as { key: IDBValidKey; value: unknown };
                    records.push({ key, value });
                    bytes += sizeOf(value);
                    if (records.length >= MAX_PART_RECORDS || bytes >= MAX_PART_BYTES) return false;
                    cursor.continue();
                }
            });
            return { records, end };
        } catch (error) {
            if (!(error instanceof StorageError) || error.code !== 'STORAGE_DAMAGED') throw error;
            if (records.length > 0) return { records, end: false };
            const key = await this.read(store, transaction => answerTo(transaction.objectStore(store).getKey(range)));
            if (key === undefined) throw error;
            return { records: [{ key, unreadable: error }], end: false };
        }
    }

    #ensureOpen(): void {
        if (this.#refusal !== undefined) throw this.#refusal;
    }

    #end(message: string): void {
        this.#refusal ??= new StorageError('STORAGE_CLOSED', `${message}; open it again to import it`);
        this.#database.close();
    }
}

/** A later version, of which nobody can say here what it means. */
function newerError(name: string, what: string, cause?: unknown): StorageError {
    return new StorageError(
        'STORAGE_NEWER',
        `The database "${name}" of this browser ${what}, which this version cannot import; install a newer one. Nothing ` +
            'was changed',
        { cause },
    );
}

function open(name: string): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
        let refusal: StorageError | undefined;
        const request = requestToOpen(name);
        request.onupgradeneeded = event => {
            refusal =
                (event as IDBVersionChangeEvent & DataLoss).dataLoss === 'total'
                    ? new StorageError(
                          'STORAGE_DAMAGED',
                          `The browser has found its databases of this page damaged and has removed them, "${name}" with ` +
                              'them if it was there; restore its profile from a backup',
                      )
                    : new StorageError(
                          'STORAGE_NOT_FOUND',
                          `There is no database "${name}" of an original installation in this browser: check the name of ` +
                              'the instance and its e-mail, and that this page has the address of that installation',
                      );
            // A database that was just being created vanishes with this.
            request.transaction?.abort();
        };
        request.onerror = event => {
            event.preventDefault();
            const { error } = request;
            if (error?.name === 'VersionError') refusal = newerError(name, 'has a later version', error);
            reject(refusal ?? openingError(name, error));
        };
        request.onsuccess = () => resolve(request.result);
    });
}

function requestToOpen(name: string): IDBOpenDBRequest {
    const engine = (globalThis as { indexedDB?: IDBFactory }).indexedDB;
    if (engine === undefined) throw unavailableError(name, 'leave the private mode, or take another browser');
    try {
        return engine.open(name, VERSION);
    } catch (error) {
        throw openingError(name, error);
    }
}

/** Bytes of a value in memory, about. */
function sizeOf(value: unknown): number {
    if (typeof value === 'string') return value.length;
    return value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value.byteLength : 0;
}

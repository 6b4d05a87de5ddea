// What the types of this folder need; all other code of the library is written against those of Node alone.
/// <reference lib="dom" />
import { spaces } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { openingError, unavailableError } from './indexeddb-errors.ts';
import { answerTo } from './requests.ts';

/** Of the schema below; a new one needs an upgrade of the stores that people have. */
const VERSION = 1;

// Object stores, none with keys inside of its values:
//
//   name            key              value
//   <value space>   key              bytes
//   <list space>    [key, number]    bytes
//   blobs           name             { id, size }            BLOBs that are complete
//   pieces          [id, index]      bytes                   of complete and unfinished BLOBs
//   uploads         id               1                       BLOBs that are not complete
//   order           -                -                       in every commit, so that no two of them overlap
//
// A store per space lets reads of one space go on while a commit changes others.
const stores = [...spaces, 'blobs', 'pieces', 'uploads', 'order'] as const;
export type StoreName = (typeof stores)[number];

/** What Chromium alone tells, and only to who opens a database first after it has removed all of them. */
interface DataLoss {
    readonly dataLoss?: 'none' | 'total';
}

/** @throws StorageError */
export function openDatabase(name: string, create: boolean, version = VERSION): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
        let refusal: StorageError | undefined;
        const request = requestToOpen(name, version);
        request.onupgradeneeded = event => {
            const { oldVersion, dataLoss } = event as IDBVersionChangeEvent & DataLoss;
            if (dataLoss === 'total')
                refusal ??= new StorageError(
                    'STORAGE_DAMAGED',
                    `The browser has found its databases of this page damaged and has removed them, "${name}" with ` +
                        'them if it was there; restore it from a backup, or open it again to create it anew',
                );
            if (oldVersion === 0 && !create)
                refusal ??= new StorageError(
                    'STORAGE_NOT_FOUND',
                    `There is no store "${name}" in this browser; create it, or restore it from a backup`,
                );
            if (refusal === undefined) for (const store of stores) request.result.createObjectStore(store);
            // A database that was just being created vanishes with this.
            else request.transaction?.abort();
        };
        request.onblocked = () => {
            refusal = new StorageError(
                'STORAGE_IN_USE',
                `Another tab has an older version of the store "${name}" open; close or reload it, then open it here`,
            );
            reject(refusal);
        };
        request.onerror = event => {
            event.preventDefault();
            reject(refusal ?? openingError(name, request.error));
        };
        request.onsuccess = () => {
            const database = request.result;
            const lost = stores.find(store => !database.objectStoreNames.contains(store));
            if (lost !== undefined)
                refusal ??= new StorageError(
                    'STORAGE_INCOMPLETE',
                    `The database "${name}" of this browser has no part "${lost}": it is damaged or belongs to another ` +
                        'application. Nothing was changed; restore it from a backup, or take another name',
                );
            if (refusal === undefined) {
                resolve(database);
            } else {
                database.close();
                reject(refusal);
            }
        };
    });
}

/**
 * The engine of Chromium (LevelDB) goes on with the log of a process that was killed, even if the last record there is
 * incomplete. Whoever reads that log next takes it for damage, and the browser removes all databases of the page: after a
 * kill in the middle of a commit, the second start loses everything (google/leveldb#1287). Removing a database makes the
 * engine write its memory to a table and begin a new log. Where there is another engine, this costs a few milliseconds.
 */
export async function beginNewLog(name: string): Promise<void> {
    const request = requestToOpen(`${name}/scratch`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('scratch').put(1, 1);
    (await answerTo(request)).close();
    await answerTo(indexedDB.deleteDatabase(`${name}/scratch`));
}

function requestToOpen(name: string, version: number): IDBOpenDBRequest {
    const engine = (globalThis as { indexedDB?: IDBFactory }).indexedDB;
    if (engine === undefined) throw unavailableError(name, 'leave the private mode, or take another browser');
    try {
        return engine.open(name, version);
    } catch (error) {
        throw openingError(name, error);
    }
}

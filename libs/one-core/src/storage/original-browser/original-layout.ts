import { answerTo } from '../indexeddb/requests.ts';
import { StorageError } from '../storage-errors.ts';
import { originalSpaces, type OriginalDatabase } from './original-database.ts';
import type { StorageKeyRecords } from './storage-cipher.ts';

/** Bytes of the records that are found without a secret (spec 31 §6.2). */
const KEY_RECORDS = { SN: 24, SK: 72, FN: 64, FK: 72 } as const;
type KeyRecord = keyof typeof KEY_RECORDS;

/** What a database holds, as far as it can be seen without its secret. */
export interface OriginalLayout {
    readonly encrypted: boolean;
    readonly keys: StorageKeyRecords;
    /** Records of `objects`, of which none is ever removed. */
    readonly objects: number;
}

/** Names that are texts. */
export function textKeys(): IDBKeyRange {
    return IDBKeyRange.bound('', new ArrayBuffer(0), false, true);
}

/** Names that are encrypted: their keys are bytes, which come after all texts and before arrays. */
export function encryptedKeys(): IDBKeyRange {
    return IDBKeyRange.bound(new ArrayBuffer(0), [], false, true);
}

/**
 * @param encrypted which of two instances, if there are two
 * @throws StorageError `STORAGE_NOT_FOUND`, `STORAGE_OTHER_INSTANCE`, `STORAGE_INCOMPLETE`, `STORAGE_DAMAGED`
 */
export async function layoutOf(database: OriginalDatabase, encrypted?: boolean): Promise<OriginalLayout> {
    const { name } = database;
    const { plain, sealed, all, objects, privateTexts, values } = await survey(database);
    if (all === 0 || (encrypted === true && sealed === 0) || (encrypted === false && plain === 0))
        throw new StorageError(
            'STORAGE_NOT_FOUND',
            `The database "${name}" of this browser holds no ${kindOf(encrypted)}instance: it was emptied, or never completed`,
        );
    if (plain > 0 && sealed > 0 && encrypted === undefined)
        throw new StorageError(
            'STORAGE_OTHER_INSTANCE',
            `The database "${name}" of this browser holds two instances, because it was opened with and without encryption: ` +
                `${plain} records are plain, ${sealed} are encrypted. Say which one is to be imported (encrypted: true or false)`,
        );
    const strange = privateTexts.find(key => typeof key !== 'string' || !Object.hasOwn(KEY_RECORDS, key));
    if (all !== plain + sealed || strange !== undefined)
        throw new StorageError(
            'STORAGE_DAMAGED',
            `The database "${name}" of this browser has records that no original installation writes` +
                `${strange === undefined ? '' : ` (${JSON.stringify(strange)} in "private")`}: another program has changed it. ` +
                'Restore the profile of this browser from a backup',
        );
    const keys = Object.keys(KEY_RECORDS).map((record, i) => [record, keyRecord(name, record as KeyRecord, values[i])]);
    return {
        encrypted: encrypted ?? sealed > 0,
        keys: Object.fromEntries(keys) as unknown as StorageKeyRecords,
        objects,
    };
}

/** Number of records of `objects`. */
export function countObjects(database: OriginalDatabase): Promise<number> {
    return database.read('objects', transaction => answerTo(transaction.objectStore('objects').count()));
}

/** How many records there are of each kind, and those that can be read without a secret; all at one moment. */
function survey(database: OriginalDatabase) {
    return database.read(originalSpaces, async transaction => {
        let [plain, sealed, all, objects] = [0, 0, 0, 0];
        for (const space of ['vheads', 'rmaps', 'objects'] as const) {
            const store = transaction.objectStore(space);
            const counts = [textKeys(), encryptedKeys(), undefined].map(range => answerTo(store.count(range)));
            const [texts = 0, bytes = 0, both = 0] = await Promise.all(counts);
            plain += texts;
            sealed += bytes;
            all += both;
            objects = both;
        }
        const store = transaction.objectStore('private');
        const [privateTexts, ...values] = await Promise.all([
            answerTo(store.getAllKeys(textKeys())),
            ...Object.keys(KEY_RECORDS).map(key => answerTo<unknown>(store.get(key))),
        ]);
        return { plain, sealed, all, objects, privateTexts, values };
    });
}

function keyRecord(database: string, record: KeyRecord, value: unknown): Uint8Array {
    if (value instanceof ArrayBuffer && value.byteLength === KEY_RECORDS[record]) return new Uint8Array(value);
    const [code, what] =
        value === undefined
            ? (['STORAGE_INCOMPLETE', 'is lost'] as const)
            : (['STORAGE_DAMAGED', 'is damaged'] as const);
    throw new StorageError(
        code,
        `The record "${record}" of the database "${database}" ${what}, without which no secret opens it; restore the profile ` +
            'of this browser from a backup',
    );
}

function kindOf(encrypted: boolean | undefined): string {
    if (encrypted === undefined) return '';
    return encrypted ? 'encrypted ' : 'plain ';
}

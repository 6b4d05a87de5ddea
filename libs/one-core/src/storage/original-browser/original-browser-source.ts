// The database of an original installation in a browser (spec 31 §6.2–§6.4), to be imported by `copyInstance`. It is only
// read: nothing is written, no version raised, and no database appears by looking for one.
//
// What the specification leaves open, and is taken as deployed installations most plausibly have it:
// - version 1 and six object stores; a later version or another store is refused, a missing `tmp` or `acache` is not missed
// - whether everything is encrypted, nothing in the database says: the keys of `objects`, `vheads` and `rmaps` do. If they
//   are of both kinds, the database holds two instances, and the caller says which; the key files are of both and all copied
// - SN, SK, FN and FK are the only names of `private` that are not encrypted; all four are needed, also for a plain database
// - values and keys that are not text are ArrayBuffers; a Uint8Array counts as one
// - `tmp` and `acache` hold nothing that means something after the page was closed
// - a record of bytes in `objects` is a BLOB; a large one is streamed, every text is a value
// - the content of a record of `objects` has the hash that is its name, also that of an ID object
// - reverse maps name an entry once, as folders of original installations (reverse-map-file.ts)
// - the application may be open in another tab, which nothing prevents: a change of it is noticed at the end
import { storageLocationHash } from '../../instance/instance-ids.ts';
import { MAX_INLINE_BLOB } from '../../limits.ts';
import type { BlobFileReader, BlobFiles } from '../blob-files.ts';
import { answerTo } from '../indexeddb/requests.ts';
import { inRange } from '../list-range.ts';
import { decodeReverseMapFile } from '../reverse-map-file.ts';
import {
    isStorageKey,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
} from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { OriginalDatabase, originalSpaces, type OriginalRecord, type OriginalSpace } from './original-database.ts';
import { countObjects, encryptedKeys, layoutOf, textKeys } from './original-layout.ts';
import { OriginalRecords, type OriginalEntry } from './original-records.ts';
import { StorageCipher, StorageCipherError, type StorageKeyRecords } from './storage-cipher.ts';

export interface OriginalBrowserOptions {
    /** Which instance, if the database holds an encrypted and a plain one. Default: the only one. */
    readonly encrypted?: boolean;
    /** Told of each record that is damaged, which is then left out. Default: the first one ends the import. */
    readonly onDamaged?: (error: StorageError) => void;
}

/** Name of the database of an instance. @param directory as that installation was told */
export async function originalDatabaseName(name: string, email: string, directory = 'OneDB'): Promise<string> {
    return `${directory}#${await storageLocationHash(name, email)}`;
}

/**
 * A backend that can only be copied from. Close the application before: it knows of nothing that reads beside it. Memory
 * depends on the largest record.
 */
export class OriginalBrowserSource implements StorageBackend {
    readonly original = true;
    readonly blobs: BlobFiles;
    readonly #database: OriginalDatabase;
    readonly #cipher: StorageCipher;
    readonly #records: OriginalRecords;
    readonly #objects: number;
    readonly #onDamaged: OriginalBrowserOptions['onDamaged'];
    /** Whoever iterates asks for the content of a name next. */
    #last: (OriginalEntry & { readonly space: OriginalSpace }) | undefined;

    private constructor(
        database: OriginalDatabase,
        cipher: StorageCipher,
        layout: { readonly encrypted: boolean; readonly objects: number },
        onDamaged: OriginalBrowserOptions['onDamaged'],
    ) {
        this.#database = database;
        this.#cipher = cipher;
        this.#records = new OriginalRecords(database.name, cipher, layout.encrypted);
        this.#objects = layout.objects;
        this.#onDamaged = onDamaged;
        this.blobs = {
            create: () => Promise.reject(this.#readOnly()),
            delete: () => Promise.reject(this.#readOnly()),
            open: name => this.#openBlob(name),
            // All of them are records of `objects`.
            names: () => nothing,
        };
    }

    /**
     * @param name of the database: `originalDatabaseName`
     * @param secret of that instance
     * @throws StorageError `STORAGE_NOT_FOUND`, `SC-INIT1` for a wrong secret, `STORAGE_OTHER_INSTANCE` if it holds two,
     * `STORAGE_INCOMPLETE`, `STORAGE_DAMAGED`, `STORAGE_NEWER`, `STORAGE_UNAVAILABLE`
     */
    static async open(
        name: string,
        secret: string,
        options: OriginalBrowserOptions = {},
    ): Promise<OriginalBrowserSource> {
        const database = await OriginalDatabase.open(name);
        try {
            const layout = await layoutOf(database, options.encrypted);
            const cipher = await openCipher(name, layout.keys, secret);
            return new OriginalBrowserSource(database, cipher, layout, options.onDamaged);
        } catch (error) {
            database.close();
            throw error;
        }
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        const entry = isOriginal(space) ? await this.#entry(space, key) : undefined;
        // A large BLOB is to be streamed.
        if (space === 'objects' && entry?.isText === false && entry.content.length > MAX_INLINE_BLOB) return undefined;
        return entry?.content.slice();
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        const values: (Uint8Array | undefined)[] = [];
        for (const key of keys) values.push(await this.get(space, key));
        return values;
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        const entry = isOriginal(space) ? await this.#entry(space, key) : undefined;
        const hashes = entry === undefined ? [] : decodeReverseMapFile(key, entry.content);
        const entries = hashes.map((hash, number) => ({ number, value: new TextEncoder().encode(hash) }));
        return inRange(entries, range);
    }

    /** @throws StorageError `STORAGE_DAMAGED` for a record, `STORAGE_IN_USE` at the end if somebody has added something */
    async *keys(space: Space): AsyncIterable<string> {
        if (!isOriginal(space)) return;
        const range = this.#records.isEncrypted(space) ? encryptedKeys() : textKeys();
        for await (const record of this.#database.records(space, range)) {
            const entry = await this.#soundEntry(space, record);
            // An empty list is none.
            if (entry === undefined || (space === 'rmaps' && entry.content.length === 0)) continue;
            this.#last = { ...entry, space };
            yield entry.name;
        }
        this.#last = undefined;
        if ((await countObjects(this.#database)) === this.#objects) return;
        throw new StorageError(
            'STORAGE_IN_USE',
            `The database "${this.#database.name}" was changed while it was read: close all tabs of that application, and ` +
                'import it again into an empty store',
        );
    }

    commit(): Promise<void> {
        return Promise.reject(this.#readOnly());
    }

    [Symbol.asyncDispose](): Promise<void> {
        this.#database.close();
        this.#cipher[Symbol.dispose]();
        this.#last = undefined;
        return Promise.resolve();
    }

    async #soundEntry(space: OriginalSpace, record: OriginalRecord): Promise<OriginalEntry | undefined> {
        try {
            return await this.#records.entryOf(space, record);
        } catch (error) {
            if (!(error instanceof StorageError) || this.#onDamaged === undefined) throw error;
            this.#onDamaged(error);
            return undefined;
        }
    }

    async #entry(space: OriginalSpace, name: string): Promise<OriginalEntry | undefined> {
        if (this.#last?.space === space && this.#last.name === name) return this.#last;
        if (!isStorageKey(space, name)) return undefined;
        const key = this.#records.keyOf(space, name);
        const value = await this.#database.read(space, transaction =>
            answerTo<unknown>(transaction.objectStore(space).get(key)),
        );
        return value === undefined ? undefined : this.#records.entryOf(space, { key, value });
    }

    async #openBlob(name: string): Promise<BlobFileReader | undefined> {
        const content = (await this.#entry('objects', name))?.content;
        if (content === undefined) return undefined;
        return {
            size: content.length,
            read: (offset, length) => Promise.resolve(content.slice(offset, offset + length)),
            [Symbol.asyncDispose]: () => Promise.resolve(),
        };
    }

    #readOnly(): StorageError {
        return new StorageError(
            'STORAGE_READ_ONLY',
            `The database "${this.#database.name}" of an original installation is only read here: copy it into another ` +
                'store, and open that one',
        );
    }
}

async function openCipher(database: string, keys: StorageKeyRecords, secret: string): Promise<StorageCipher> {
    try {
        return await StorageCipher.open(keys, secret);
    } catch (cause) {
        if (!(cause instanceof StorageCipherError)) throw cause;
        throw new StorageError(
            'SC-INIT1',
            `The secret does not open the database "${database}": it is wrong, or the records SK, FN and FK are damaged. ` +
                'Nothing was changed; try it again with the secret of that installation',
            { cause },
        );
    }
}

function isOriginal(space: Space): space is OriginalSpace {
    return (originalSpaces as readonly Space[]).includes(space);
}

const nothing: AsyncIterable<never> = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

// The store of a peer on Node: LevelDB for entries, files for large BLOBs (store-folder.ts).
//
// What LevelDB does not do by itself (docs/decisions/0001-embedded-engine.md): its logs are checked before they are opened, its
// tables when it was not closed in order, every entry when it is read; after a failed write it is opened again, which tells
// whether the commit counts.
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Sequence } from '../../sequence.ts';
import { FolderBlobFiles } from '../file/folder-blob-files.ts';
import { folderOperations } from '../file/folder-operations.ts';
import { storageErrorOf } from '../file/system-errors.ts';
import {
    checkWrites,
    ensureStorageKey,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { keysOf, listEntries, openDatabase, operationsOf, put, type Database } from './database.ts';
import { checkedValue, OWN, valueKey } from './entry-codec.ts';
import { checkLogs, checkTables } from './level-files.ts';
import { prepareFolder, readClosed, releaseReserve, reserve, takeFolder, writeClosed } from './store-folder.ts';

/** Lookups after which others get a turn. */
const LOOKUPS = 256;
/** Entry with the number of the last commit. */
const COMMITS = Buffer.from([...OWN, ...Buffer.from('commits')]);

export interface EmbeddedBackendOptions {
    /** Create the store if there is none. */
    readonly create?: boolean;
    /** Told when damage is found while nobody reads. From then on everything is refused with the same error. */
    readonly onDamage?: (error: StorageError) => void;
}

export class EmbeddedBackend implements StorageBackend {
    readonly blobs: FolderBlobFiles;
    readonly #folder: string;
    readonly #lock: AsyncDisposable;
    readonly #onDamage: EmbeddedBackendOptions['onDamage'];
    readonly #commits = new Sequence();
    #database: Database;
    /** Resolves when the database can be read: it is opened again after a failed write. */
    #ready: Promise<void> | undefined;
    #commitNumber = 0;
    #refusal: StorageError | undefined;
    #closing: Promise<void> | undefined;
    #check: Promise<void> | undefined;

    private constructor(
        folder: string,
        lock: AsyncDisposable,
        database: Database,
        onDamage: EmbeddedBackendOptions['onDamage'],
    ) {
        this.#folder = folder;
        this.#lock = lock;
        this.#database = database;
        this.#onDamage = onDamage;
        this.blobs = new FolderBlobFiles(join(folder, 'blobs'), join(folder, 'tmp'), {
            ensureOpen: () => this.#ensureOpen(),
        });
    }

    /**
     * Opens the store of a folder for this process alone.
     * @throws StorageError, FolderInUseError
     */
    static async open(
        path: string,
        { create = false, onDamage }: EmbeddedBackendOptions = {},
    ): Promise<EmbeddedBackend> {
        const folder = resolve(path);
        try {
            const lock = await takeFolder(folder, create);
            try {
                await prepareFolder(folder, create);
                const closedAt = await readClosed(folder);
                await checkLogs(join(folder, 'db'));
                const database = await openDatabase(folder);
                const backend = new EmbeddedBackend(folder, lock, database, onDamage);
                try {
                    await backend.#start(closedAt);
                } catch (error) {
                    await database.close();
                    throw error;
                }
                return backend;
            } catch (error) {
                await lock[Symbol.asyncDispose]();
                throw error;
            }
        } catch (error) {
            throw storageErrorOf(error, folder);
        }
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        const bytes = valueKey(space, ensureStorageKey(space, key));
        await this.#readable();
        return this.#lookUp(bytes, `${space}/${key}`);
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        const encoded = keys.map(key => valueKey(space, ensureStorageKey(space, key)));
        const values: (Uint8Array | undefined)[] = [];
        for (const [i, bytes] of encoded.entries()) {
            if (i % LOOKUPS === 0) {
                if (i > 0) await new Promise(resolve => setImmediate(resolve));
                await this.#readable();
            }
            values.push(this.#lookUp(bytes, `${space}/${keys[i]}`));
        }
        return values;
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        ensureStorageKey(space, key);
        await this.#readable();
        return listEntries(this.#database, space, key, range);
    }

    async *keys(space: Space): AsyncIterable<string> {
        await this.#readable();
        yield* keysOf(this.#database, space);
    }

    /** Resolves when LevelDB has forced it to the disk. @throws StorageError; after one, nothing of it is there */
    async commit(writes: readonly Write[]): Promise<void> {
        this.#ensureOpen();
        await this.#commits.run(async () => {
            if (this.#refusal !== undefined) throw this.#refusal;
            checkWrites(writes);
            if (writes.length === 0) return;
            if (this.#database.status !== 'open') await this.#reopen();
            const operations = await operationsOf(writes, this.#database);
            const number = this.#commitNumber + 1;
            operations.push(put(COMMITS, Buffer.from(String(number))));
            try {
                await this.#database.batch(operations, { sync: true });
            } catch (error) {
                if (!(await this.#wasStored(number, error))) throw storageErrorOf(error, this.#folder);
            }
            this.#commitNumber = number;
        });
    }

    /**
     * Compares all files with their checksums.
     * @throws StorageError `STORAGE_DAMAGED` naming the file
     */
    async checkFiles(): Promise<void> {
        this.#ensureOpen();
        await checkTables(join(this.#folder, 'db'), () => this.#closing === undefined);
    }

    /** Waits for commits under way and lets others open the folder. */
    [Symbol.asyncDispose](): Promise<void> {
        this.#closing ??= this.#commits.run(async () => {
            try {
                await this.#check;
                await this.blobs.close();
                await this.#database.close();
                if (this.#refusal === undefined) await writeClosed(this.#folder, this.#commitNumber);
            } finally {
                await this.#lock[Symbol.asyncDispose]();
            }
        });
        return this.#closing;
    }

    /** @param closedAt number of the last commit, if the store was closed in order */
    async #start(closedAt: number | undefined): Promise<void> {
        this.#commitNumber = this.#lastCommit();
        if (closedAt !== undefined && closedAt !== this.#commitNumber)
            throw new StorageError(
                'STORAGE_DAMAGED',
                `The store in "${this.#folder}" was closed with ${closedAt} commits and has ${this.#commitNumber} now: it ` +
                    'was replaced or cut. Restore it from a backup; nothing was changed',
            );
        await rm(join(this.#folder, 'closed'), { force: true });
        await folderOperations.syncFolder(this.#folder);
        await this.blobs.removeUnfinished();
        await reserve(this.#folder);
        if (closedAt === undefined) this.#check = this.#checkLater();
    }

    /** After a crash the tables are looked at while the store is in use already. */
    async #checkLater(): Promise<void> {
        try {
            await this.checkFiles();
        } catch (error) {
            if (error instanceof StorageError && error.code === 'STORAGE_DAMAGED') this.#refusal = error;
            const told =
                error instanceof StorageError
                    ? error
                    : new StorageError('STORAGE_UNAVAILABLE', `The store in "${this.#folder}" cannot be checked`, {
                          cause: error,
                      });
            this.#onDamage?.(told);
        }
    }

    #ensureOpen(): void {
        if (this.#closing !== undefined)
            throw new StorageError('STORAGE_CLOSED', `The store in "${this.#folder}" is closed`);
        if (this.#refusal !== undefined) throw this.#refusal;
    }

    async #readable(): Promise<void> {
        this.#ensureOpen();
        while (this.#ready !== undefined) await this.#ready;
        this.#ensureOpen();
    }

    #lookUp(key: Uint8Array, name: string): Uint8Array | undefined {
        const bytes = this.#database.getSync(key);
        return bytes === undefined ? undefined : checkedValue(key, bytes, name);
    }

    #lastCommit(): number {
        return Number(Buffer.from(this.#lookUp(COMMITS, 'commits') ?? '0').toString());
    }

    /**
     * A write that failed may be in the log or not, and what is written behind it may be dropped later: LevelDB is opened again,
     * and tells.
     */
    async #wasStored(number: number, cause: unknown): Promise<boolean> {
        const ready = Promise.withResolvers<void>();
        this.#ready = ready.promise;
        try {
            await releaseReserve(this.#folder);
            await this.#reopen();
            return this.#lastCommit() === number;
        } catch (error) {
            this.#refusal = new StorageError(
                'STORAGE_BROKEN',
                `The disk of "${this.#folder}" fails in the middle of a commit; open the store again to see whether it counts`,
                { cause: new AggregateError([cause, error]) },
            );
            throw this.#refusal;
        } finally {
            this.#ready = undefined;
            ready.resolve();
            await reserve(this.#folder);
        }
    }

    async #reopen(): Promise<void> {
        await this.#database.close();
        await checkLogs(join(this.#folder, 'db'));
        this.#database = await openDatabase(this.#folder);
    }
}

// The store of a peer on Node: LevelDB for entries, files for large BLOBs.
//
//   <folder>/created     there is a store; without it, what a crash has left of creating one is removed
//            one.lock    whose it is now
//            closed      number of the last commit, while it is closed in order
//            reserve     space that is given back when the disk is full, so that LevelDB can be opened again
//            db          LevelDB: see entry-codec.ts
//            blobs       complete BLOBs, named by their hash
//            tmp         unfinished ones
//
// What LevelDB does not do by itself (docs/decisions/0001-embedded-engine.md): its logs are checked before they are opened, its
// tables when it was not closed in order, every entry when it is read; after a failed write it is opened again, which tells
// whether the commit counts.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { Sequence } from '../../sequence.ts';
import { makePath } from '../file/file-backend.ts';
import { FolderBlobFiles } from '../file/folder-blob-files.ts';
import { lockFolder } from '../file/folder-lock.ts';
import { folderOperations } from '../file/folder-operations.ts';
import { hasCode, storageErrorOf } from '../file/system-errors.ts';
import {
    checkWrites,
    ensureStorageKey,
    isListSpace,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { checkedValue, listKey, nameOf, numberOf, OWN, spaceRange, valueKey, withCheck } from './entry-codec.ts';
import { checkLogs, checkTables } from './level-files.ts';

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array };

/** Index and filter blocks of open tables and hot data stay in memory. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** Entries that cross from native code at once. */
const PIECE = 1000;
/** Lookups after which others get a turn. */
const LOOKUPS = 256;
const RESERVE_BYTES = 16 * 1024 * 1024;
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
            if ((await folderOperations.kind(folder)) !== 'folder') {
                if (!create) throw new StorageError('STORAGE_NOT_FOUND', `There is no store in "${folder}"`);
                await makePath(folder, folderOperations);
            }
            const lock = await lockFolder(join(folder, 'one.lock'));
            try {
                await prepare(folder, create);
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

    async list(space: ListSpace, key: string, range: ListRange = {}): Promise<ListEntry[]> {
        ensureStorageKey(space, key);
        await this.#readable();
        const { from = 0, before = Infinity, limit = Infinity, reverse = false } = range;
        const bounds = { gte: listKey(space, key, from), lt: listKey(space, key, before) };
        if (limit <= 0 || from >= before) return [];
        const entries: ListEntry[] = [];
        const iterator = this.#database.iterator({ ...bounds, reverse, ...(limit < Infinity && { limit }) });
        try {
            for (;;) {
                const piece = await iterator.nextv(Math.min(PIECE, limit - entries.length));
                for (const [bytes, value] of piece)
                    entries.push({
                        number: numberOf(bytes),
                        value: checkedValue(bytes, value, `${space}/${key}`),
                    });
                if (piece.length === 0 || entries.length >= limit) return entries;
            }
        } finally {
            await iterator.close();
        }
    }

    async *keys(space: Space): AsyncIterable<string> {
        await this.#readable();
        const isList = isListSpace(space);
        const iterator = this.#database.keys(spaceRange(space));
        let last: string | undefined;
        try {
            for (let piece = await iterator.nextv(PIECE); piece.length > 0; piece = await iterator.nextv(PIECE))
                for (const bytes of piece) {
                    const name = nameOf(bytes, isList);
                    if (name !== last) yield name;
                    last = name;
                }
        } finally {
            await iterator.close();
        }
    }

    /** Resolves when LevelDB has forced it to the disk. @throws StorageError; after one, nothing of it is there */
    async commit(writes: readonly Write[]): Promise<void> {
        this.#ensureOpen();
        await this.#commits.run(async () => {
            if (this.#refusal !== undefined) throw this.#refusal;
            checkWrites(writes);
            if (writes.length === 0) return;
            if (this.#database.status !== 'open') await this.#reopen();
            const operations = await this.#operations(writes);
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

    async #operations(writes: readonly Write[]): Promise<Operation[]> {
        const operations: Operation[] = [];
        for (const write of writes) {
            const { space, key } = write;
            if (write.type === 'put') operations.push(put(valueKey(space, key), write.value));
            else if (write.type === 'delete') operations.push({ type: 'del', key: valueKey(space, key) });
            else if (write.type === 'append') operations.push(put(listKey(space, key, write.number), write.value));
            else {
                const range = { gte: listKey(space, key, 0), lt: listKey(space, key, write.before) };
                for await (const found of this.#database.keys(range)) operations.push({ type: 'del', key: found });
            }
        }
        return operations;
    }

    /**
     * A write that failed may be in the log or not, and what is written behind it may be dropped later: LevelDB is opened again,
     * and tells.
     */
    async #wasStored(number: number, cause: unknown): Promise<boolean> {
        const ready = Promise.withResolvers<void>();
        this.#ready = ready.promise;
        try {
            await rm(join(this.#folder, 'reserve'), { force: true });
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

function put(key: Uint8Array, value: Uint8Array): Operation {
    return { type: 'put', key, value: withCheck(key, value) };
}

/** What there is, or was begun, becomes a store with a database in it. */
async function prepare(folder: string, create: boolean): Promise<void> {
    const [db, created] = [join(folder, 'db'), join(folder, 'created')];
    if ((await folderOperations.kind(created)) === 'missing') {
        if (!create) throw new StorageError('STORAGE_NOT_FOUND', `There is no store in "${folder}"`);
        const strangers = (await folderOperations.list(folder)).filter(
            name => !['db', 'blobs', 'tmp', 'reserve', 'closed.part'].includes(name) && !name.startsWith('one.lock'),
        );
        if (strangers.length > 0)
            throw new StorageError(
                'STORAGE_INCOMPLETE',
                `"${folder}" holds other files (${strangers.slice(0, 3).join(', ')}), and no store: use an empty folder`,
            );
        // Nobody was ever told that something is in it.
        await rm(db, { recursive: true, force: true });
        for (const name of ['blobs', 'tmp']) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
        await (await openDatabase(folder, true)).close();
        // Not empty: some programs leave out empty files when they copy.
        await writeFile(created, 'This folder holds a store.\n', { flag: 'wx' });
        await folderOperations.syncFolder(folder);
        await folderOperations.syncFolder(dirname(folder));
    }
    for (const name of ['db', 'blobs', 'tmp'])
        if ((await folderOperations.kind(join(folder, name))) !== 'folder')
            throw new StorageError(
                'STORAGE_INCOMPLETE',
                `The store in "${folder}" has lost its folder "${name}"; restore it from a backup. Nothing was changed`,
            );
}

/** An existing database is never replaced by an empty one: that would remove all its files. */
async function openDatabase(folder: string, create = false): Promise<Database> {
    const database: Database = new ClassicLevel(join(folder, 'db'), {
        keyEncoding: 'view',
        valueEncoding: 'view',
        createIfMissing: create,
        cacheSize: CACHE_BYTES,
    });
    try {
        await database.open();
        return database;
    } catch (error) {
        const cause = error instanceof Error ? error.cause : undefined;
        const text = cause instanceof Error ? cause.message : String(error);
        const meaning = storageErrorOf(cause, folder);
        if (meaning instanceof StorageError) throw meaning;
        throw new StorageError('STORAGE_DAMAGED', `The store in "${folder}" cannot be opened: ${text}`, {
            cause: error,
        });
    }
}

async function readClosed(folder: string): Promise<number | undefined> {
    try {
        const [, number] = /^(\d+)\n$/.exec(await readFile(join(folder, 'closed'), 'utf8')) ?? [];
        // One that is torn says as little as none.
        return number === undefined ? undefined : Number(number);
    } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw error;
    }
}

/** Complete or not at all. On a full disk the store is closed without it: then it is checked when it is opened. */
async function writeClosed(folder: string, commits: number): Promise<void> {
    const draft = join(folder, 'closed.part');
    await rm(draft, { force: true });
    try {
        await folderOperations.writeDurably(draft, Buffer.from(`${commits}\n`), 0o600);
        await folderOperations.rename(draft, join(folder, 'closed'));
        await folderOperations.syncFolder(folder);
    } catch {
        await rm(draft, { force: true });
    }
}

/** Without it a full disk is a little worse to leave; a store works. */
async function reserve(folder: string): Promise<void> {
    const file = join(folder, 'reserve');
    if ((await folderOperations.size(file)) === RESERVE_BYTES) return;
    try {
        await writeFile(file, new Uint8Array(RESERVE_BYTES));
    } catch {
        await rm(file, { force: true });
    }
}

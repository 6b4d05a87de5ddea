// A store in the directory of an original installation (spec 20 §2), in place: folder-layout.ts says where everything is,
// folder-commits.ts how a commit is there as a whole or not at all.
import { dirname, resolve } from 'node:path';
import { Sequence } from '../../sequence.ts';
import {
    checkWrites,
    ensureStorageKey,
    isStorageKey,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { changesOf } from './file-changes.ts';
import { FolderBlobFiles } from './folder-blob-files.ts';
import { FolderCommits } from './folder-commits.ts';
import { ensureFolder, FolderLayout } from './folder-layout.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';
import { decodeList, LogIndexes, readerOf } from './list-files.ts';
import { isValue, readValue } from './object-files.ts';
import { storageErrorOf } from './system-errors.ts';

const READ_AT_ONCE = 64;

export interface FileBackendOptions {
    /** Create the folder if there is none. */
    readonly create?: boolean;
    readonly operations?: FolderOperations;
}

export class FileBackend implements StorageBackend {
    readonly blobs: FolderBlobFiles;
    readonly original = true;
    /** An original installation adds a file of objects with everything it does, so that this folder's time tells. */
    changedOutside = false;
    readonly #layout: FolderLayout;
    readonly #operations: FolderOperations;
    readonly #lock: AsyncDisposable;
    readonly #commits: FolderCommits;
    readonly #sequence = new Sequence();
    readonly #logs = new LogIndexes();
    #closed = false;

    private constructor(layout: FolderLayout, operations: FolderOperations, lock: AsyncDisposable) {
        this.#layout = layout;
        this.#operations = operations;
        this.#lock = lock;
        this.#commits = new FolderCommits(layout, operations);
        this.blobs = new FolderBlobFiles(layout.of('objects'), layout.tmp(), {
            ensureOpen: () => this.#ensureOpen(),
            lists: async name =>
                isStorageKey('objects', name) && !(await isValue(layout.path('objects', name), operations)),
        });
    }

    /**
     * Opens the folder of one instance for this process alone, and completes a commit that a crash left behind.
     * @param path `<directory>/<storage location hash>` (spec 31 §1.3)
     * @throws StorageError, FolderInUseError
     */
    static async open(path: string, { create = false, operations = folderOperations }: FileBackendOptions = {}) {
        const layout = new FolderLayout(resolve(path));
        await ensureFolder(layout.folder, create, operations);
        const lock = await operations.lock(layout.lock);
        const backend = new FileBackend(layout, operations, lock);
        try {
            await backend.#commits.recover();
            backend.changedOutside = (await backend.#stamp()) !== (await backend.#storedStamp());
            return backend;
        } catch (error) {
            await lock[Symbol.asyncDispose]();
            throw error;
        }
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        this.#ensureOpen();
        const path = this.#layout.path(space, ensureStorageKey(space, key));
        const step = this.#commits.pending(space, key);
        if (step !== undefined && step.part === undefined) return undefined;
        const pending = step && (await this.#commits.readPart(step));
        if (pending !== undefined) return pending;
        return space === 'objects' ? readValue(path, this.#operations) : this.#operations.read(path);
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        const values: (Uint8Array | undefined)[] = [];
        for (let at = 0; at < keys.length; at += READ_AT_ONCE)
            values.push(...(await Promise.all(keys.slice(at, at + READ_AT_ONCE).map(key => this.get(space, key)))));
        return values;
    }

    /** Waits for commits under way: they change lists in place. */
    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        ensureStorageKey(space, key);
        this.#ensureOpen();
        return this.#sequence.run(async () => {
            const path = this.#layout.path(space, key);
            if (this.#commits.pending(space, key) !== undefined)
                return decodeList(space, key, (await this.#pendingList(space, key)) ?? new Uint8Array(), range);
            const size = await this.#operations.size(path);
            if (size === undefined) return [];
            if (space === 'rmaps')
                return decodeList(space, key, (await this.#operations.read(path)) ?? new Uint8Array(), range);
            return this.#logs.list(key, size, readerOf(path, this.#operations), range);
        });
    }

    async *keys(space: Space): AsyncIterable<string> {
        this.#ensureOpen();
        // Steps that are carried out while the folder is listed count, whether the list shows them or not.
        const before = this.#commits.allPending();
        const names = new Set(await this.#operations.list(this.#layout.of(space)));
        const pending = new Set<string>();
        for (const step of [...before, ...this.#commits.allPending()]) {
            if (step.space !== space) continue;
            names.delete(step.key);
            if (step.part === undefined) pending.delete(step.key);
            else pending.add(step.key);
        }
        yield* pending;
        // A file that some other program left there is no entry.
        for (const name of names)
            if (isStorageKey(space, name) && (space !== 'objects' || (await this.#isValue(name)))) yield name;
    }

    /** Resolves when the record is on the disk. @throws StorageError, and the errors of the file system */
    commit(writes: readonly Write[]): Promise<void> {
        return this.#sequence.run(async () => {
            this.#ensureOpen();
            this.#commits.ensureUsable();
            checkWrites(writes);
            if (writes.length === 0) return;
            try {
                await this.#commits.carryOut();
                const changes = await changesOf(writes, this.#layout, this.#operations);
                if (changes.length === 0) return;
                await this.#commits.record(changes);
                for (const { space, key, at } of changes)
                    if (space === 'logs' && at === undefined) this.#logs.forget(key);
            } catch (error) {
                throw storageErrorOf(error, this.#layout.folder);
            }
            // It counts already. What cannot be done now is done before the next commit; reads see it either way.
            await this.#commits.carryOut().catch(() => undefined);
        });
    }

    /** Waits for commits under way and lets others open the folder. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#sequence.run(async () => {
            if (this.#closed) return;
            this.#closed = true;
            await this.blobs.close();
            await this.#keepStamp();
            await this.#lock[Symbol.asyncDispose]();
        });
    }

    #stamp(): Promise<string> {
        return this.#operations.changed(this.#layout.of('objects'));
    }

    async #storedStamp(): Promise<string> {
        return new TextDecoder().decode(await this.#operations.read(this.#layout.stamp));
    }

    /** Without it the folder counts as changed: also after a crash, and where nothing of ours is. */
    async #keepStamp(): Promise<void> {
        const path = this.#layout.stamp;
        if ((await this.#operations.kind(dirname(path))) !== 'folder') return;
        const stamp = new TextEncoder().encode(await this.#stamp());
        await this.#operations.writeEndDurably(path, 0, stamp).catch(() => undefined);
    }

    #ensureOpen(): void {
        if (this.#closed) throw new StorageError('STORAGE_CLOSED', `The store in "${this.#layout.folder}" is closed`);
    }

    #isValue(key: string): Promise<boolean> {
        return isValue(this.#layout.path('objects', key), this.#operations);
    }

    /** The content of a list, with a commit that counts and is not carried out. */
    async #pendingList(space: ListSpace, key: string): Promise<Uint8Array | undefined> {
        const path = this.#layout.path(space, key);
        const step = this.#commits.pending(space, key);
        if (step !== undefined && step.part === undefined) return undefined;
        const part = step && (await this.#commits.readPart(step));
        if (part === undefined) return this.#operations.read(path);
        if (step?.at === undefined) return part;
        const whole = new Uint8Array(step.at + part.length);
        whole.set(await this.#operations.readRange(path, 0, step.at));
        whole.set(part, step.at);
        return whole;
    }
}

// The directory of an original installation (spec 20 §2), one file a key:
//
//   <folder>/objects  vheads  rmaps  private (mode 0700)  tmp  acache
//
// A commit of one file is a rename. A commit of several is first written to tmp/commit (complete, by rename, forced to the
// disk), then carried out, then tmp/commit is removed: whoever opens the folder after a crash carries it out again. So the
// files always have the names and contents of spec 20 and 31, and a commit is there as a whole or not at all.
import { join } from 'node:path';
import { OneError } from '../../errors.ts';
import { Sequence } from '../../sequence.ts';
import {
    ensureStorageKey,
    spaces,
    StorageKeyExistsError,
    type Space,
    type StorageBackend,
    type Write,
} from '../storage-backend.ts';
import { decodeCommit, encodeCommit } from './commit-record.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';

const FOLDERS = [...spaces, 'tmp', 'acache'] as const;
const RECORD = 'commit';
/** Unfinished files of ours in `tmp`; other names there are streams of original peers. */
const PART = /^commit-\d+\.part$/;

/** The commit is safe, but not all of its files could be written (a full disk?); the next operation completes it. */
export class CommitUnfinishedError extends OneError {
    readonly code = 'STORAGE_COMMIT_UNFINISHED';

    constructor(folder: string, options: ErrorOptions) {
        super(
            `A change of "${folder}" is recorded but not carried out yet; that is tried again at the next access. ` +
                'Check the space and the permissions of the disk; do not repeat the change.',
            options,
        );
    }
}

export class FileBackend implements StorageBackend {
    readonly #folder: string;
    readonly #operations: FolderOperations;
    readonly #commits = new Sequence();
    #parts = 0;
    /** A commit is written down but could not be carried out; the next operation tries again. */
    #unfinished = false;

    private constructor(folder: string, operations: FolderOperations) {
        this.#folder = folder;
        this.#operations = operations;
    }

    /**
     * Opens or creates the folder of one instance and completes a commit that a crash left behind.
     * @param folder `<directory>/<storage location hash>` (spec 31 §1.3)
     */
    static async open(folder: string, operations: FolderOperations = folderOperations): Promise<FileBackend> {
        const backend = new FileBackend(folder, operations);
        for (const name of FOLDERS) await operations.makeFolder(join(folder, name), name === 'private' ? 0o700 : 0o777);
        await backend.#recover();
        return backend;
    }

    async get(space: Space, key: string): Promise<Uint8Array | undefined> {
        if (this.#unfinished) await this.#commits.run(() => this.#recover());
        return this.#operations.read(this.#path(space, key));
    }

    async keys(space: Space): Promise<readonly string[]> {
        if (this.#unfinished) await this.#commits.run(() => this.#recover());
        return (await this.#operations.list(join(this.#folder, space))).sort();
    }

    /** @throws StorageKeyExistsError, CommitUnfinishedError */
    commit(writes: readonly Write[]): Promise<void> {
        return this.#commits.run(async () => {
            if (this.#unfinished) await this.#recover();
            for (const { type, space, key } of writes) {
                const path = this.#path(space, key);
                if (type === 'create' && (await this.#operations.read(path)) !== undefined)
                    throw new StorageKeyExistsError(space, key);
            }
            if (writes.length <= 1) return this.#carryOut(writes);
            await this.#record(writes);
            try {
                await this.#operations.syncFolder(this.#tmp);
                await this.#carryOut(writes);
                await this.#forgetRecord();
            } catch (cause) {
                this.#unfinished = true;
                throw new CommitUnfinishedError(this.#folder, { cause });
            }
        });
    }

    /** Waits for commits under way. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#commits.run(() => Promise.resolve());
    }

    #record(writes: readonly Write[]): Promise<void> {
        return this.#place(this.#recordPath, encodeCommit(writes), 0o600);
    }

    async #recover(): Promise<void> {
        const record = await this.#operations.read(this.#recordPath);
        const writes = record && decodeCommit(record);
        if (writes !== undefined) await this.#carryOut(writes);
        if (record !== undefined) await this.#forgetRecord();
        for (const name of await this.#operations.list(this.#tmp))
            if (PART.test(name)) await this.#operations.remove(join(this.#tmp, name));
        this.#unfinished = false;
    }

    /** Durably: a record that came back after a loss of power would undo what was committed since. */
    async #forgetRecord(): Promise<void> {
        await this.#operations.remove(this.#recordPath);
        await this.#operations.syncFolder(this.#tmp);
    }

    /** May be repeated from any point. */
    async #carryOut(writes: readonly Write[]): Promise<void> {
        for (const write of writes) {
            const path = this.#path(write.space, write.key);
            if (write.type === 'delete') await this.#operations.remove(path);
            else await this.#place(path, write.value, write.space === 'private' ? 0o600 : 0o666);
        }
        for (const space of new Set(writes.map(({ space }) => space)))
            await this.#operations.syncFolder(join(this.#folder, space));
    }

    /** Puts a complete file under its name. */
    async #place(path: string, content: Uint8Array, mode: number): Promise<void> {
        const part = join(this.#tmp, `commit-${this.#parts++}.part`);
        await this.#operations.writeDurably(part, content, mode);
        await this.#operations.rename(part, path);
    }

    get #tmp(): string {
        return join(this.#folder, 'tmp');
    }

    get #recordPath(): string {
        return join(this.#tmp, RECORD);
    }

    #path(space: Space, key: string): string {
        return join(this.#folder, space, ensureStorageKey(space, key));
    }
}

// The directory of an original installation (spec 20 §2), one file a key:
//
//   <folder>/objects  vheads  rmaps  private (mode 0700)  tmp  acache
//
// A commit: 1. every value is written to a part file in tmp and forced to the disk; 2. tmp/commit, the record, says which part
// gets which name; from the moment it is on the disk, the commit counts; 3. the parts are renamed, the record is removed.
// A crash or an error before 2 leaves nothing; after 2 the commit is carried out by the next operation or by whoever opens
// the folder next, and until then its values are read from the parts. So every file always has a name and content of spec
// 20 and 31, and a commit is there as a whole or not at all.
import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { OneError } from '../../errors.ts';
import { Sequence } from '../../sequence.ts';
import {
    checkWrites,
    ensureStorageKey,
    isStorageKey,
    spaces,
    StorageKeyExistsError,
    type Space,
    type StorageBackend,
    type Write,
} from '../storage-backend.ts';
import { decodeCommit, encodeCommit, type Step } from './commit-record.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';

const NEEDED = [...spaces, 'tmp'] as const;
const FOLDERS = [...NEEDED, 'acache'] as const;
const [RECORD, LOCK] = ['commit', 'one.lock'];
/** Unfinished files of ours in `tmp`; other names there are streams of original peers. */
const PART = /^commit-[0-9a-f-]{36}\.part$/;

/** A folder cannot be opened as a store. */
export class StorageFolderError extends OneError {
    readonly code: 'STORAGE_NOT_FOUND' | 'STORAGE_INCOMPLETE' | 'STORAGE_DAMAGED' | 'STORAGE_CLOSED' | 'STORAGE_BROKEN';

    constructor(code: StorageFolderError['code'], message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

export interface FileBackendOptions {
    /** Create the folder if there is none. */
    readonly create?: boolean;
    readonly operations?: FolderOperations;
}

export class FileBackend implements StorageBackend {
    readonly #folder: string;
    readonly #operations: FolderOperations;
    readonly #lock: AsyncDisposable;
    readonly #commits = new Sequence();
    /** Steps of a commit that counts but is not carried out completely, by space and key. */
    #pending = new Map<string, Step>();
    #refusal: StorageFolderError | undefined;

    private constructor(folder: string, operations: FolderOperations, lock: AsyncDisposable) {
        this.#folder = folder;
        this.#operations = operations;
        this.#lock = lock;
    }

    /**
     * Opens the folder of one instance for this process alone, and completes a commit that a crash left behind.
     * @param path `<directory>/<storage location hash>` (spec 31 §1.3)
     * @throws StorageFolderError, FolderInUseError
     */
    static async open(path: string, { create = false, operations = folderOperations }: FileBackendOptions = {}) {
        const folder = resolve(path);
        if ((await operations.kind(folder)) === 'missing') {
            if (!create) throw new StorageFolderError('STORAGE_NOT_FOUND', `There is no store in "${folder}"`);
            await createFolder(folder, operations);
        }
        for (const name of NEEDED)
            if ((await operations.kind(join(folder, name))) !== 'folder')
                throw new StorageFolderError(
                    'STORAGE_INCOMPLETE',
                    `The store in "${folder}" has lost its folder "${name}"; restore it from a backup. Nothing was changed`,
                );
        const lock = await operations.lock(join(folder, 'tmp', LOCK));
        const backend = new FileBackend(folder, operations, lock);
        try {
            await backend.#recover();
            return backend;
        } catch (error) {
            await lock[Symbol.asyncDispose]();
            throw error;
        }
    }

    async get(space: Space, key: string): Promise<Uint8Array | undefined> {
        const path = this.#path(space, ensureStorageKey(space, key));
        const step = this.#pending.get(`${space}/${key}`);
        if (step === undefined) return this.#operations.read(path);
        if (step.part === undefined) return undefined;
        return (await this.#operations.read(this.#tmp(step.part))) ?? this.#operations.read(path);
    }

    async keys(space: Space): Promise<readonly string[]> {
        // Steps that are carried out while the folder is listed count, whether the list shows them or not.
        const before = [...this.#pending.values()];
        const names = new Set(await this.#operations.list(join(this.#folder, space)));
        for (const step of [...before, ...this.#pending.values()]) {
            if (step.space !== space) continue;
            if (step.part === undefined) names.delete(step.key);
            else names.add(step.key);
        }
        // A file that some other program left there is no entry.
        return [...names].filter(name => isStorageKey(space, name)).sort();
    }

    /** Resolves when the record is on the disk. @throws StorageFolderError, and the errors of the file system */
    commit(writes: readonly Write[]): Promise<void> {
        return this.#commits.run(async () => {
            if (this.#refusal !== undefined) throw this.#refusal;
            checkWrites(writes);
            if (writes.length === 0) return;
            if (this.#pending.size > 0) await this.#carryOut();
            for (const write of writes) await this.#checkTarget(write);
            const steps = await this.#prepare(writes);
            await this.#record(steps);
            this.#pending = new Map(steps.map(step => [`${step.space}/${step.key}`, step]));
            // It counts already. What cannot be done now is done before the next commit; reads see it either way.
            await this.#carryOut().catch(() => undefined);
        });
    }

    /** Waits for commits under way and lets others open the folder. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#commits.run(async () => {
            this.#refusal ??= new StorageFolderError('STORAGE_CLOSED', `The store in "${this.#folder}" is closed`);
            await this.#lock[Symbol.asyncDispose]();
        });
    }

    async #checkTarget({ type, space, key }: Write): Promise<void> {
        const kind = await this.#operations.kind(this.#path(space, key));
        if (kind === 'file' && type === 'create') throw new StorageKeyExistsError(space, key);
        if (kind === 'folder')
            throw new StorageFolderError('STORAGE_DAMAGED', `"${this.#path(space, key)}" is a folder, not a file`);
    }

    /** Step 1: all values as parts on the disk; after an error none of them. */
    async #prepare(writes: readonly Write[]): Promise<Step[]> {
        const steps: Step[] = [];
        try {
            for (const write of writes) {
                const { space, key } = write;
                const part = write.type === 'delete' ? undefined : `commit-${randomUUID()}.part`;
                steps.push({ space, key, part });
                if (part !== undefined && write.type !== 'delete')
                    await this.#operations.writeDurably(this.#tmp(part), write.value, modeOf(space));
            }
            return steps;
        } catch (error) {
            await this.#removeParts(steps);
            throw error;
        }
    }

    /** Step 2. After an error the record is taken back; if even that fails, nobody can know what counts before reopening. */
    async #record(steps: readonly Step[]): Promise<void> {
        const part = `commit-${randomUUID()}.part`;
        try {
            await this.#operations.writeDurably(this.#tmp(part), encodeCommit(steps), 0o600);
            await this.#operations.syncFolder(this.#tmp());
            await this.#operations.rename(this.#tmp(part), this.#tmp(RECORD));
            await this.#operations.syncFolder(this.#tmp());
        } catch (cause) {
            try {
                await this.#forgetRecord();
            } catch {
                this.#refusal = new StorageFolderError(
                    'STORAGE_BROKEN',
                    `The disk of "${this.#folder}" fails in the middle of a commit; open the store again to see whether it counts`,
                    { cause },
                );
                throw this.#refusal;
            }
            await this.#removeParts([...steps, { space: 'objects', key: '', part }]);
            throw cause;
        }
    }

    /** Step 3; may be repeated from any point. */
    async #carryOut(): Promise<void> {
        const steps = [...this.#pending.values()];
        for (const { space, key, part } of steps) {
            const path = this.#path(space, key);
            if (part === undefined) await this.#operations.remove(path);
            else if ((await this.#operations.kind(this.#tmp(part))) === 'file')
                await this.#operations.rename(this.#tmp(part), path);
        }
        for (const space of new Set(steps.map(step => step.space)))
            await this.#operations.syncFolder(join(this.#folder, space));
        await this.#forgetRecord();
        this.#pending.clear();
    }

    async #recover(): Promise<void> {
        const record = await this.#operations.read(this.#tmp(RECORD));
        const steps = record && decodeCommit(record);
        if (record !== undefined && steps === undefined)
            throw new StorageFolderError(
                'STORAGE_DAMAGED',
                `"${this.#tmp(RECORD)}" records a commit that this version cannot read: it is damaged, or written by a ` +
                    'newer one. Nothing was changed',
            );
        if (steps !== undefined) {
            for (const step of steps) await this.#checkStep(step);
            this.#pending = new Map(steps.map(step => [`${step.space}/${step.key}`, step]));
            await this.#carryOut();
        }
        for (const name of await this.#operations.list(this.#tmp()))
            if (PART.test(name)) await this.#operations.remove(this.#tmp(name));
    }

    async #checkStep({ space, key, part }: Step): Promise<void> {
        ensureStorageKey(space, key);
        if (part === undefined) return;
        for (const path of [this.#tmp(part), this.#path(space, key)])
            if ((await this.#operations.kind(path)) === 'file') return;
        throw new StorageFolderError(
            'STORAGE_DAMAGED',
            `The value of "${key}" in "${space}" of "${this.#folder}" was committed and is lost; restore a backup`,
        );
    }

    /** Durably: a record that came back after a loss of power would delete what was created since. */
    async #forgetRecord(): Promise<void> {
        await this.#operations.remove(this.#tmp(RECORD));
        await this.#operations.syncFolder(this.#tmp());
    }

    /** What cannot be removed now is removed when the folder is opened next. */
    async #removeParts(steps: readonly Step[]): Promise<void> {
        for (const { part } of steps)
            if (part !== undefined) await this.#operations.remove(this.#tmp(part)).catch(() => undefined);
    }

    #tmp(name = ''): string {
        return join(this.#folder, 'tmp', name);
    }

    #path(space: Space, key: string): string {
        return join(this.#folder, space, key);
    }
}

function modeOf(space: Space): number {
    return space === 'private' ? 0o600 : 0o666;
}

/** All folders at once, by renaming: one that has only some of them is damaged, not new. */
async function createFolder(folder: string, operations: FolderOperations): Promise<void> {
    const draft = `${folder}.${randomUUID()}`;
    await makePath(draft, operations);
    try {
        for (const name of FOLDERS) await operations.makeFolder(join(draft, name), name === 'private' ? 0o700 : 0o777);
        await operations.syncFolder(draft);
        await operations.rename(draft, folder);
    } catch (error) {
        await operations.removeFolder(draft).catch(() => undefined);
        // Somebody else was faster; the lock decides who works in it.
        if ((await operations.kind(folder)) !== 'folder') throw error;
    }
    await operations.syncFolder(dirname(folder));
}

/** Creates a folder and its parents; what is new is known to the disk when it returns. */
export async function makePath(path: string, operations: FolderOperations): Promise<void> {
    if ((await operations.kind(path)) === 'folder') return;
    await makePath(dirname(path), operations);
    await operations.makeFolder(path, 0o777);
    await operations.syncFolder(dirname(path));
}

// The directory of an original installation (spec 20 §2), one file a key:
//
//   <folder>/objects  vheads  rmaps  private (mode 0700)  tmp  acache      spec 20 §2
//   <folder>/lama/state  meta  logs                                      ours; original installations do not look there
//
// A commit: 1. every value is written to a part file in tmp and forced to the disk; 2. tmp/commit, the record, says which part
// gets which name, or becomes the end of which list; from the moment it is on the disk, the commit counts; 3. the parts are
// renamed or appended, the record is removed.
// A crash or an error before 2 leaves nothing; after 2 the commit is carried out by the next operation or by whoever opens
// the folder next, and until then its values are read from the parts. So every file always has a name and content of spec
// 20 and 31, and a commit is there as a whole or not at all.
import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { OBJECT_FRAME, ID_OBJECT_FRAME } from '../../microdata/content-type.ts';
import { Sequence } from '../../sequence.ts';
import {
    checkWrites,
    ensureStorageKey,
    isStorageKey,
    type Append,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { decodeCommit, encodeCommit, type Step } from './commit-record.ts';
import { BLOB_PART, FolderBlobFiles } from './folder-blob-files.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';
import { appended, decodeList, LogIndexes, trimmed } from './list-files.ts';
import { storageErrorOf } from './system-errors.ts';

const ORIGINAL = ['objects', 'vheads', 'rmaps', 'private'] as const;
const NEEDED = [...ORIGINAL, 'tmp'] as const;
const FOLDERS = [...NEEDED, 'acache'] as const;
/** Holds the spaces that original installations do not have; they never look into it. */
const OWN = 'lama';
const [RECORD, LOCK] = ['commit', 'one.lock'];
/** When the objects were changed, as far as we know. */
const STAMP = 'stamp';
/** Unfinished files of ours in `tmp`; other names there are streams of original peers. */
const PART = /^commit-[0-9a-f-]{36}\.part$/;
/** A longer file that is no microdata is a BLOB, which is not read as a whole. */
const MAX_BLOB_VALUE = 1024 * 1024;
const FRAMES = [OBJECT_FRAME, ID_OBJECT_FRAME];
const READ_AT_ONCE = 64;

export interface FileBackendOptions {
    /** Create the folder if there is none. */
    readonly create?: boolean;
    readonly operations?: FolderOperations;
}

/** What a commit does with one file. */
interface Change {
    readonly space: Space;
    readonly key: string;
    /** Undefined if the file is removed. */
    readonly content: Uint8Array | undefined;
    readonly at?: number | undefined;
}

export class FileBackend implements StorageBackend {
    readonly blobs: FolderBlobFiles;
    readonly original = true;
    /** An original installation adds a file of objects with everything it does, so that this folder's time tells. */
    changedOutside = false;
    readonly #folder: string;
    readonly #operations: FolderOperations;
    readonly #lock: AsyncDisposable;
    readonly #commits = new Sequence();
    readonly #logs = new LogIndexes();
    /** Steps of a commit that counts but is not carried out completely, by space and key. */
    #pending = new Map<string, Step>();
    #refusal: StorageError | undefined;
    #closed = false;

    private constructor(folder: string, operations: FolderOperations, lock: AsyncDisposable) {
        this.#folder = folder;
        this.#operations = operations;
        this.#lock = lock;
        this.blobs = new FolderBlobFiles(join(folder, 'objects'), join(folder, 'tmp'), {
            ensureOpen: () => this.#ensureOpen(),
            // Every BLOB is a value of `objects`, too.
            listed: false,
        });
    }

    /**
     * Opens the folder of one instance for this process alone, and completes a commit that a crash left behind.
     * @param path `<directory>/<storage location hash>` (spec 31 §1.3)
     * @throws StorageError, FolderInUseError
     */
    static async open(path: string, { create = false, operations = folderOperations }: FileBackendOptions = {}) {
        const folder = resolve(path);
        if ((await operations.kind(folder)) === 'missing') {
            if (!create) throw new StorageError('STORAGE_NOT_FOUND', `There is no store in "${folder}"`);
            await createFolder(folder, operations);
        }
        for (const name of NEEDED)
            if ((await operations.kind(join(folder, name))) !== 'folder')
                throw new StorageError(
                    'STORAGE_INCOMPLETE',
                    `The store in "${folder}" has lost its folder "${name}"; restore it from a backup. Nothing was changed`,
                );
        const lock = await operations.lock(join(folder, 'tmp', LOCK));
        const backend = new FileBackend(folder, operations, lock);
        try {
            await backend.#recover();
            backend.changedOutside = (await backend.#stamp()) !== (await backend.#storedStamp());
            return backend;
        } catch (error) {
            await lock[Symbol.asyncDispose]();
            throw error;
        }
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        this.#ensureOpen();
        const path = this.#path(space, ensureStorageKey(space, key));
        const step = this.#pending.get(`${space}/${key}`);
        if (step === undefined) return this.#read(space, path);
        if (step.part === undefined) return undefined;
        return (await this.#operations.read(this.#tmp(step.part))) ?? this.#read(space, path);
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
        return this.#commits.run(async () => {
            const path = this.#path(space, key);
            if (this.#pending.has(`${space}/${key}`))
                return decodeList(space, key, (await this.#listContent(space, key)) ?? new Uint8Array(), range);
            const size = await this.#operations.size(path);
            if (size === undefined) return [];
            if (space === 'rmaps')
                return decodeList(space, key, (await this.#operations.read(path)) ?? new Uint8Array(), range);
            return this.#logs.list(key, size, (at, length) => this.#readFrom(path, at, length), range);
        });
    }

    async *keys(space: Space): AsyncIterable<string> {
        this.#ensureOpen();
        // Steps that are carried out while the folder is listed count, whether the list shows them or not.
        const before = [...this.#pending.values()];
        const names = new Set(await this.#operations.list(dirname(this.#path(space, 'x'))));
        for (const step of [...before, ...this.#pending.values()]) {
            if (step.space !== space) continue;
            if (step.part === undefined) names.delete(step.key);
            else names.add(step.key);
        }
        // A file that some other program left there is no entry.
        for (const name of names) if (isStorageKey(space, name)) yield name;
    }

    /** Resolves when the record is on the disk. @throws StorageError, and the errors of the file system */
    commit(writes: readonly Write[]): Promise<void> {
        return this.#commits.run(async () => {
            this.#ensureOpen();
            if (this.#refusal !== undefined) throw this.#refusal;
            checkWrites(writes);
            if (writes.length === 0) return;
            try {
                if (this.#pending.size > 0) await this.#carryOut();
                const changes = await this.#changes(writes);
                const steps = await this.#prepare(changes);
                await this.#record(steps);
                for (const { space, key, at } of steps)
                    if (space === 'logs' && at === undefined) this.#logs.forget(key);
                this.#pending = new Map(steps.map(step => [`${step.space}/${step.key}`, step]));
            } catch (error) {
                throw storageErrorOf(error, this.#folder);
            }
            // It counts already. What cannot be done now is done before the next commit; reads see it either way.
            await this.#carryOut().catch(() => undefined);
        });
    }

    /** Waits for commits under way and lets others open the folder. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#commits.run(async () => {
            if (this.#closed) return;
            this.#closed = true;
            await this.blobs.close();
            await this.#keepStamp();
            await this.#lock[Symbol.asyncDispose]();
        });
    }

    #stamp(): Promise<string> {
        return this.#operations.changed(join(this.#folder, 'objects'));
    }

    async #storedStamp(): Promise<string> {
        return new TextDecoder().decode(await this.#operations.read(join(this.#folder, OWN, STAMP)));
    }

    /** Without it the folder counts as changed: also after a crash, and where nothing of ours is. */
    async #keepStamp(): Promise<void> {
        const path = join(this.#folder, OWN, STAMP);
        if ((await this.#operations.kind(dirname(path))) !== 'folder') return;
        const stamp = new TextEncoder().encode(await this.#stamp());
        await this.#operations.writeEndDurably(path, 0, stamp).catch(() => undefined);
    }

    #ensureOpen(): void {
        if (this.#closed) throw new StorageError('STORAGE_CLOSED', `The store in "${this.#folder}" is closed`);
    }

    async #read(space: ValueSpace, path: string): Promise<Uint8Array | undefined> {
        if (space !== 'objects') return this.#operations.read(path);
        const size = await this.#operations.size(path);
        if (size === undefined || size <= MAX_BLOB_VALUE) return this.#operations.read(path);
        const start = new TextDecoder().decode(await this.#operations.readRange(path, 0, ID_OBJECT_FRAME.length));
        return FRAMES.some(frame => start.startsWith(frame)) ? this.#operations.read(path) : undefined;
    }

    #readFrom(path: string, at?: number, length?: number): Promise<Uint8Array | undefined> {
        return at === undefined || length === undefined
            ? this.#operations.read(path)
            : this.#operations.readRange(path, at, length);
    }

    /** The content of a list, with a commit that counts. */
    async #listContent(space: ListSpace, key: string): Promise<Uint8Array | undefined> {
        const path = this.#path(space, key);
        const step = this.#pending.get(`${space}/${key}`);
        const part = step?.part === undefined ? undefined : await this.#operations.read(this.#tmp(step.part));
        if (part === undefined)
            return step !== undefined && step.part === undefined ? undefined : this.#operations.read(path);
        if (step?.at === undefined) return part;
        const whole = new Uint8Array(step.at + part.length);
        whole.set(await this.#operations.readRange(path, 0, step.at));
        whole.set(part, step.at);
        return whole;
    }

    /** What the writes are for files: those of one list are one change. */
    async #changes(writes: readonly Write[]): Promise<Change[]> {
        const changes: Change[] = [];
        const lists = new Map<string, { space: ListSpace; key: string; before: number; appends: Append[] }>();
        for (const write of writes) {
            const { space, key } = write;
            await this.#checkTarget(space, key);
            if (write.type === 'put') changes.push({ space, key, content: write.value });
            else if (write.type === 'delete') changes.push({ space, key, content: undefined });
            else {
                const id = `${space}/${key}`;
                const list = lists.get(id) ?? { space: write.space, key, before: 0, appends: [] };
                if (write.type === 'trim') list.before = write.before;
                else list.appends.push(write);
                lists.set(id, list);
            }
        }
        for (const { space, key, before, appends } of lists.values()) {
            const path = this.#path(space, key);
            if (before > 0) {
                const content = trimmed(
                    space,
                    key,
                    (await this.#operations.read(path)) ?? new Uint8Array(),
                    before,
                    appends,
                );
                changes.push({ space, key, content: content.length === 0 ? undefined : content });
                continue;
            }
            const size = await this.#operations.size(path);
            const read = (at?: number, length?: number) => this.#readFrom(path, at, length);
            changes.push({ space, key, ...(await appended(space, key, appends, size, read)) });
        }
        return changes;
    }

    async #checkTarget(space: Space, key: string): Promise<void> {
        if ((await this.#operations.kind(this.#path(space, key))) === 'folder')
            throw new StorageError('STORAGE_DAMAGED', `"${this.#path(space, key)}" is a folder, not a file`);
    }

    /** Step 1: all values as parts on the disk; after an error none of them. */
    async #prepare(changes: readonly Change[]): Promise<Step[]> {
        const steps: Step[] = [];
        try {
            for (const space of new Set(changes.map(change => change.space)))
                if (isOwn(space)) await makePath(dirname(this.#path(space, 'x')), this.#operations);
            for (const { space, key, content, at } of changes) {
                const part = content === undefined ? undefined : `commit-${randomUUID()}.part`;
                steps.push({ space, key, part, at });
                if (part !== undefined && content !== undefined)
                    await this.#operations.writeDurably(this.#tmp(part), content, modeOf(space));
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
                this.#refusal = new StorageError(
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
        for (const { space, key, part, at } of steps) {
            const path = this.#path(space, key);
            if (part === undefined) await this.#operations.remove(path);
            else if ((await this.#operations.kind(this.#tmp(part))) !== 'file') continue;
            else if (at === undefined) await this.#operations.rename(this.#tmp(part), path);
            else await this.#append(path, at, (await this.#operations.read(this.#tmp(part))) ?? new Uint8Array());
        }
        for (const space of new Set(steps.map(step => step.space)))
            await this.#operations.syncFolder(dirname(this.#path(space, 'x')));
        await this.#forgetRecord();
        this.#pending.clear();
        await this.#removeParts(steps.filter(({ at }) => at !== undefined));
    }

    /** What somebody else has appended behind this commit, after a crash of ours, stays. */
    async #append(path: string, at: number, content: Uint8Array): Promise<void> {
        const size = (await this.#operations.size(path)) ?? 0;
        const end = size > at ? await this.#operations.readRange(path, at, size - at) : new Uint8Array();
        if (startsWith(end, content)) return;
        const torn = startsWith(content, end);
        await this.#operations.writeEndDurably(path, torn ? Math.min(at, size) : size, content);
    }

    async #recover(): Promise<void> {
        const record = await this.#operations.read(this.#tmp(RECORD));
        const steps = record && decodeCommit(record);
        if (record !== undefined && steps === undefined)
            throw new StorageError(
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
            if (PART.test(name) || BLOB_PART.test(name)) await this.#operations.remove(this.#tmp(name));
    }

    async #checkStep({ space, key, part }: Step): Promise<void> {
        ensureStorageKey(space, key);
        if (part === undefined) return;
        for (const path of [this.#tmp(part), this.#path(space, key)])
            if ((await this.#operations.kind(path)) === 'file') return;
        throw new StorageError(
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
        return isOwn(space) ? join(this.#folder, OWN, space, key) : join(this.#folder, space, key);
    }
}

function isOwn(space: Space): boolean {
    return !(ORIGINAL as readonly string[]).includes(space);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
    return bytes.length >= start.length && start.every((byte, i) => byte === bytes[i]);
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

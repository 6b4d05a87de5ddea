// Commits of several files at once:
//
//   1. every value is written to a part file in tmp and forced to the disk;
//   2. tmp/commit, the record (commit-record.ts), says which part gets which name, or becomes the end of which list; from the
//      moment it is on the disk, the commit counts;
//   3. the parts are renamed or appended, the record is removed.
//
// A crash or an error before 2 leaves nothing; after 2 the commit is carried out by the next operation or by whoever opens
// the folder next, and until then its values are read from the parts. So every file always has a name and content of spec
// 20 and 31, and a commit is there as a whole or not at all.
import { randomUUID } from 'node:crypto';
import { ensureStorageKey, type Space } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { decodeCommit, encodeCommit, type Step } from './commit-record.ts';
import type { FileChange } from './file-changes.ts';
import { BLOB_PART } from './folder-blob-files.ts';
import { isOwn, makePath, type FolderLayout } from './folder-layout.ts';
import type { FolderOperations } from './folder-operations.ts';

const RECORD = 'commit';
/** Unfinished files of ours in `tmp`; other names there are streams of original peers. */
const PART = /^commit-[0-9a-f-]{36}\.part$/;

/** The commits of one folder, one at a time. */
export class FolderCommits {
    readonly #layout: FolderLayout;
    readonly #operations: FolderOperations;
    /** Steps of a commit that counts but is not carried out completely, by space and key. */
    #pending = new Map<string, Step>();
    #refusal: StorageError | undefined;

    constructor(layout: FolderLayout, operations: FolderOperations) {
        this.#layout = layout;
        this.#operations = operations;
    }

    /** What is still to be done with a file by a commit that counts already. */
    pending(space: Space, key: string): Step | undefined {
        return this.#pending.get(`${space}/${key}`);
    }

    allPending(): Step[] {
        return [...this.#pending.values()];
    }

    /** Content of the part of a step; undefined if it has none, or was carried out meanwhile. */
    async readPart({ part }: Step): Promise<Uint8Array | undefined> {
        return part === undefined ? undefined : this.#operations.read(this.#layout.tmp(part));
    }

    /** @throws StorageError `STORAGE_BROKEN` if nobody knows what counts */
    ensureUsable(): void {
        if (this.#refusal !== undefined) throw this.#refusal;
    }

    /** When it resolves, the changes count; `carryOut` then gives the files their names. After an error, nothing of them is there. */
    async record(changes: readonly FileChange[]): Promise<void> {
        const steps = await this.#prepare(changes);
        await this.#writeRecord(steps);
        this.#hold(steps);
    }

    /** Step 3; may be repeated from any point. Does nothing if there is nothing to do. */
    async carryOut(): Promise<void> {
        const steps = this.allPending();
        if (steps.length === 0) return;
        for (const { space, key, part, at } of steps) {
            const path = this.#layout.path(space, key);
            if (part === undefined) await this.#operations.remove(path);
            else if ((await this.#operations.kind(this.#layout.tmp(part))) !== 'file') continue;
            else if (at === undefined) await this.#operations.rename(this.#layout.tmp(part), path);
            else
                await this.#append(path, at, (await this.#operations.read(this.#layout.tmp(part))) ?? new Uint8Array());
        }
        for (const space of new Set(steps.map(step => step.space)))
            await this.#operations.syncFolder(this.#layout.of(space));
        await this.#forgetRecord();
        this.#pending.clear();
        await this.#removeParts(steps.filter(({ at }) => at !== undefined));
    }

    /** Completes the commit that a crash left behind, and removes unfinished files. @throws StorageError `STORAGE_DAMAGED` */
    async recover(): Promise<void> {
        const file = this.#layout.tmp(RECORD);
        const record = await this.#operations.read(file);
        const steps = record && decodeCommit(record);
        if (record !== undefined && steps === undefined)
            throw new StorageError(
                'STORAGE_DAMAGED',
                `"${file}" records a commit that this version cannot read: it is damaged, or written by a newer one. ` +
                    'Nothing was changed',
            );
        if (steps !== undefined) {
            for (const step of steps) await this.#checkStep(step);
            this.#hold(steps);
            await this.carryOut();
        }
        for (const name of await this.#operations.list(this.#layout.tmp()))
            if (PART.test(name) || BLOB_PART.test(name)) await this.#operations.remove(this.#layout.tmp(name));
    }

    #hold(steps: readonly Step[]): void {
        this.#pending = new Map(steps.map(step => [`${step.space}/${step.key}`, step]));
    }

    /** Step 1: all values as parts on the disk; after an error none of them. */
    async #prepare(changes: readonly FileChange[]): Promise<Step[]> {
        const steps: Step[] = [];
        try {
            for (const space of new Set(changes.map(change => change.space)))
                if (isOwn(space)) await makePath(this.#layout.of(space), this.#operations);
            for (const { space, key, content, at } of changes) {
                const part = content === undefined ? undefined : `commit-${randomUUID()}.part`;
                steps.push({ space, key, part, at });
                if (part !== undefined && content !== undefined)
                    await this.#operations.writeDurably(this.#layout.tmp(part), content, modeOf(space));
            }
            return steps;
        } catch (error) {
            await this.#removeParts(steps);
            throw error;
        }
    }

    /** Step 2. After an error the record is taken back; if even that fails, nobody can know what counts before reopening. */
    async #writeRecord(steps: readonly Step[]): Promise<void> {
        const part = `commit-${randomUUID()}.part`;
        const tmp = this.#layout.tmp();
        try {
            await this.#operations.writeDurably(this.#layout.tmp(part), encodeCommit(steps), 0o600);
            await this.#operations.syncFolder(tmp);
            await this.#operations.rename(this.#layout.tmp(part), this.#layout.tmp(RECORD));
            await this.#operations.syncFolder(tmp);
        } catch (cause) {
            try {
                await this.#forgetRecord();
            } catch {
                this.#refusal = new StorageError(
                    'STORAGE_BROKEN',
                    `The disk of "${this.#layout.folder}" fails in the middle of a commit; open the store again to see ` +
                        'whether it counts',
                    { cause },
                );
                throw this.#refusal;
            }
            await this.#removeParts([...steps, { space: 'objects', key: '', part }]);
            throw cause;
        }
    }

    /** What somebody else has appended behind this commit, after a crash of ours, stays. */
    async #append(path: string, at: number, content: Uint8Array): Promise<void> {
        const size = (await this.#operations.size(path)) ?? 0;
        const end = size > at ? await this.#operations.readRange(path, at, size - at) : new Uint8Array();
        if (startsWith(end, content)) return;
        const torn = startsWith(content, end);
        await this.#operations.writeEndDurably(path, torn ? Math.min(at, size) : size, content);
    }

    async #checkStep({ space, key, part }: Step): Promise<void> {
        ensureStorageKey(space, key);
        if (part === undefined) return;
        for (const path of [this.#layout.tmp(part), this.#layout.path(space, key)])
            if ((await this.#operations.kind(path)) === 'file') return;
        throw new StorageError(
            'STORAGE_DAMAGED',
            `The value of "${key}" in "${space}" of "${this.#layout.folder}" was committed and is lost; restore a backup`,
        );
    }

    /** Durably: a record that came back after a loss of power would delete what was created since. */
    async #forgetRecord(): Promise<void> {
        await this.#operations.remove(this.#layout.tmp(RECORD));
        await this.#operations.syncFolder(this.#layout.tmp());
    }

    /** What cannot be removed now is removed when the folder is opened next. */
    async #removeParts(steps: readonly Step[]): Promise<void> {
        for (const { part } of steps)
            if (part !== undefined) await this.#operations.remove(this.#layout.tmp(part)).catch(() => undefined);
    }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
    return bytes.length >= start.length && start.every((byte, i) => byte === bytes[i]);
}

function modeOf(space: Space): number {
    return space === 'private' ? 0o600 : 0o666;
}

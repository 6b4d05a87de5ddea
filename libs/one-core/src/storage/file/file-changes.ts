// What the writes of a commit are for files: each value is a file, and all writes to one list are one change of its file.
import type { Append, ListSpace, Space, Write } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import type { FolderLayout } from './folder-layout.ts';
import type { FolderOperations } from './folder-operations.ts';
import { appended, readerOf, trimmed } from './list-files.ts';

/** What a commit does with one file. */
export interface FileChange {
    readonly space: Space;
    readonly key: string;
    /** Undefined if the file is removed. */
    readonly content: Uint8Array | undefined;
    /** Where in the file the content begins, if it is its end only. */
    readonly at?: number | undefined;
}

interface ListWrites {
    readonly space: ListSpace;
    readonly key: string;
    readonly appends: Append[];
    /** Entries with smaller numbers are removed. */
    before: number;
}

/** @throws StorageError `STORAGE_DAMAGED` for a list that cannot be read */
export async function changesOf(
    writes: readonly Write[],
    layout: FolderLayout,
    operations: FolderOperations,
): Promise<FileChange[]> {
    const changes: FileChange[] = [];
    const lists = new Map<string, ListWrites>();
    for (const write of writes) {
        const { space, key } = write;
        await ensureFile(layout.path(space, key), operations);
        if (write.type === 'put') changes.push({ space, key, content: write.value });
        else if (write.type === 'delete') changes.push({ space, key, content: undefined });
        // Trimming nothing creates no list.
        else if (write.type === 'append' || write.before > 0) {
            const id = `${space}/${key}`;
            const list = lists.get(id) ?? { space: write.space, key, before: 0, appends: [] };
            if (write.type === 'trim') list.before = write.before;
            else list.appends.push(write);
            lists.set(id, list);
        }
    }
    for (const list of lists.values())
        changes.push(await listChange(list, layout.path(list.space, list.key), operations));
    return changes;
}

async function listChange(
    { space, key, before, appends }: ListWrites,
    path: string,
    operations: FolderOperations,
): Promise<FileChange> {
    const read = readerOf(path, operations);
    if (before === 0)
        return { space, key, ...(await appended(space, key, appends, await operations.size(path), read)) };
    const content = trimmed(space, key, (await read()) ?? new Uint8Array(), before, appends);
    return { space, key, content: content.length === 0 ? undefined : content };
}

async function ensureFile(path: string, operations: FolderOperations): Promise<void> {
    if ((await operations.kind(path)) === 'folder')
        throw new StorageError('STORAGE_DAMAGED', `"${path}" is a folder, not a file`);
}

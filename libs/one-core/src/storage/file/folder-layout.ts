// The directory of an original installation (spec 20 §2), one file a key:
//
//   <folder>/objects  vheads  rmaps  private (mode 0700)  tmp  acache      spec 20 §2
//   <folder>/lama/state  meta  logs                                      ours; original installations do not look there
//            lama/stamp                                                  when the objects were changed, as far as we know
//            tmp/one.lock                                                whose the folder is now
//            tmp/commit                                                  record of a commit: see folder-commits.ts
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Space } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import type { FolderOperations } from './folder-operations.ts';

const ORIGINAL: readonly Space[] = ['objects', 'vheads', 'rmaps', 'private'];
const NEEDED = [...ORIGINAL, 'tmp'] as const;
const FOLDERS = [...NEEDED, 'acache'] as const;
/** Holds the spaces that original installations do not have; they never look into it. */
const OWN = 'lama';

/** Where in the folder of an instance everything is. */
export class FolderLayout {
    readonly folder: string;

    constructor(folder: string) {
        this.folder = folder;
    }

    get stamp(): string {
        return join(this.folder, OWN, 'stamp');
    }

    get lock(): string {
        return this.tmp('one.lock');
    }

    /** A file of `tmp`, or that folder. */
    tmp(name = ''): string {
        return join(this.folder, 'tmp', name);
    }

    /** The folder of a space. */
    of(space: Space): string {
        return isOwn(space) ? join(this.folder, OWN, space) : join(this.folder, space);
    }

    path(space: Space, key: string): string {
        return join(this.of(space), key);
    }
}

/** Whether original installations do not have a space, so that its folder is created when it is needed. */
export function isOwn(space: Space): boolean {
    return !ORIGINAL.includes(space);
}

/** @throws StorageError `STORAGE_NOT_FOUND`, `STORAGE_INCOMPLETE` */
export async function ensureFolder(folder: string, create: boolean, operations: FolderOperations): Promise<void> {
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

// The folder of a store:
//
//   <folder>/created     there is a store; without it, what a crash has left of creating one is removed
//            one.lock    whose it is now
//            closed      number of the last commit, while it is closed in order
//            reserve     space that is given back when the disk is full, so that LevelDB can be opened again
//            db          LevelDB: see entry-codec.ts
//            blobs       complete BLOBs, named by their hash
//            tmp         unfinished ones
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makePath } from '../file/folder-layout.ts';
import { lockFolder } from '../file/folder-lock.ts';
import { folderOperations } from '../file/folder-operations.ts';
import { hasCode } from '../file/system-errors.ts';
import { StorageError } from '../storage-errors.ts';
import { openDatabase } from './database.ts';

const RESERVE_BYTES = 16 * 1024 * 1024;

/** Takes a folder for this process alone. @throws StorageError `STORAGE_NOT_FOUND`, FolderInUseError */
export async function takeFolder(folder: string, create: boolean): Promise<AsyncDisposable> {
    if ((await folderOperations.kind(folder)) !== 'folder') {
        if (!create) throw notFound(folder);
        await makePath(folder, folderOperations);
    }
    return lockFolder(join(folder, 'one.lock'));
}

/** What there is, or was begun, becomes a store with a database in it. @throws StorageError `STORAGE_INCOMPLETE` */
export async function prepareFolder(folder: string, create: boolean): Promise<void> {
    const [db, created] = [join(folder, 'db'), join(folder, 'created')];
    if ((await folderOperations.kind(created)) === 'missing') {
        if (!create) throw notFound(folder);
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

/** Number of the last commit, if the store was closed in order. */
export async function readClosed(folder: string): Promise<number | undefined> {
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
export async function writeClosed(folder: string, commits: number): Promise<void> {
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
export async function reserve(folder: string): Promise<void> {
    const file = join(folder, 'reserve');
    if ((await folderOperations.size(file)) === RESERVE_BYTES) return;
    try {
        await writeFile(file, new Uint8Array(RESERVE_BYTES));
    } catch {
        await rm(file, { force: true });
    }
}

/** Gives its space to the engine. */
export async function releaseReserve(folder: string): Promise<void> {
    await rm(join(folder, 'reserve'), { force: true });
}

function notFound(folder: string): StorageError {
    return new StorageError('STORAGE_NOT_FOUND', `There is no store in "${folder}"`);
}

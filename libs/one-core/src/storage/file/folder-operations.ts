// What the file backend asks of the file system. Its own interface, so that a test can cut the power (in thought) after any
// single operation.
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { lockFolder } from './folder-lock.ts';

export interface FolderOperations {
    kind(path: string): Promise<'file' | 'folder' | 'missing'>;
    read(path: string): Promise<Uint8Array | undefined>;
    list(folder: string): Promise<string[]>;
    /** Its parent must exist; an existing folder stays as it is. */
    makeFolder(path: string, mode: number): Promise<void>;
    /** Writes a file that must be new, and forces its content to the disk; its name needs `syncFolder`. */
    writeDurably(path: string, content: Uint8Array, mode: number): Promise<void>;
    rename(from: string, to: string): Promise<void>;
    remove(path: string): Promise<void>;
    /** With everything in it. */
    removeFolder(path: string): Promise<void>;
    /** Forces the names in a folder to the disk. */
    syncFolder(path: string): Promise<void>;
    /** Takes a folder by a lock file in it, until disposed. @throws FolderInUseError */
    lock(file: string): Promise<AsyncDisposable>;
}

/** The real file system. */
export const folderOperations: FolderOperations = {
    async kind(path) {
        try {
            return (await stat(path)).isDirectory() ? 'folder' : 'file';
        } catch (error) {
            if (hasCode(error, 'ENOENT')) return 'missing';
            throw error;
        }
    },
    async read(path) {
        try {
            return new Uint8Array(await readFile(path));
        } catch (error) {
            if (hasCode(error, 'ENOENT')) return undefined;
            throw error;
        }
    },
    list: async folder => readdir(folder),
    async makeFolder(path, mode) {
        try {
            await mkdir(path, { mode });
        } catch (error) {
            if (!hasCode(error, 'EEXIST')) throw error;
        }
    },
    async writeDurably(path, content, mode) {
        await using file = await open(path, 'wx', mode);
        await file.writeFile(content);
        await file.sync();
    },
    rename,
    remove: path => rm(path, { force: true }),
    removeFolder: path => rm(path, { force: true, recursive: true }),
    async syncFolder(path) {
        // Windows cannot open folders; NTFS keeps names in its journal.
        if (process.platform === 'win32') return;
        await using folder = await open(path, 'r');
        await folder.sync();
    },
    lock: lockFolder,
};

function hasCode(error: unknown, code: string): boolean {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

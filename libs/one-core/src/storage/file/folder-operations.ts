// What the file backend asks of the file system. Its own interface, so that a test can end the process (in thought) before
// any single operation.
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface FolderOperations {
    read(path: string): Promise<Uint8Array | undefined>;
    list(folder: string): Promise<string[]>;
    /** Creates the folder and its parents; existing ones stay as they are. */
    makeFolder(path: string, mode: number): Promise<void>;
    /** Writes a file and forces it to the disk. */
    writeDurably(path: string, content: Uint8Array, mode: number): Promise<void>;
    rename(from: string, to: string): Promise<void>;
    remove(path: string): Promise<void>;
    /** Forces the names in a folder to the disk. */
    syncFolder(path: string): Promise<void>;
}

/** The real file system. */
export const folderOperations: FolderOperations = {
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
        await mkdir(dirname(path), { recursive: true });
        try {
            await mkdir(path, { mode });
        } catch (error) {
            if (!hasCode(error, 'EEXIST')) throw error;
        }
    },
    async writeDurably(path, content, mode) {
        await using file = await open(path, 'w', mode);
        await file.writeFile(content);
        await file.sync();
    },
    rename,
    remove: path => rm(path, { force: true }),
    async syncFolder(path) {
        // Windows cannot open folders; NTFS keeps names in its journal.
        if (process.platform === 'win32') return;
        await using folder = await open(path, 'r');
        await folder.sync();
    },
};

function hasCode(error: unknown, code: string): boolean {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

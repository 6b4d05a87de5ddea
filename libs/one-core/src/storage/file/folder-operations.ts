// What the file backend asks of the file system. Its own interface, so that a test can cut the power (in thought) after any
// single operation.
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { lockFolder } from './folder-lock.ts';
import { hasCode } from './system-errors.ts';

export interface FolderOperations {
    kind(path: string): Promise<'file' | 'folder' | 'missing'>;
    read(path: string): Promise<Uint8Array | undefined>;
    /** Bytes of a file; undefined if there is none. */
    size(path: string): Promise<number | undefined>;
    /** When names in a folder were last changed, as a text that is only good for comparing. */
    changed(folder: string): Promise<string>;
    /** Fewer bytes than asked for only at the end. */
    readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
    list(folder: string): Promise<string[]>;
    /** Its parent must exist; an existing folder stays as it is. */
    makeFolder(path: string, mode: number): Promise<void>;
    /** Writes a file that must be new, and forces its content to the disk; its name needs `syncFolder`. */
    writeDurably(path: string, content: Uint8Array, mode: number): Promise<void>;
    /** Replaces everything from an offset on, in a file that may be new, and forces it to the disk. */
    writeEndDurably(path: string, offset: number, content: Uint8Array): Promise<void>;
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
    async size(path) {
        try {
            return (await stat(path)).size;
        } catch (error) {
            if (hasCode(error, 'ENOENT')) return undefined;
            throw error;
        }
    },
    changed: async folder => String((await stat(folder, { bigint: true })).mtimeNs),
    async readRange(path, offset, length) {
        await using file = await open(path, 'r');
        const bytes = new Uint8Array(length);
        let read = 0;
        while (read < length) {
            const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
            if (bytesRead === 0) break;
            read += bytesRead;
        }
        return bytes.subarray(0, read);
    },
    async list(folder) {
        try {
            return await readdir(folder);
        } catch (error) {
            if (hasCode(error, 'ENOENT')) return [];
            throw error;
        }
    },
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
    async writeEndDurably(path, offset, content) {
        await using file = await open(path, constants.O_RDWR | constants.O_CREAT);
        await file.truncate(offset);
        let written = 0;
        while (written < content.length)
            written += (await file.write(content, written, content.length - written, offset + written)).bytesWritten;
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

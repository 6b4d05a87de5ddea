import { randomUUID } from 'node:crypto';
import { open, opendir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobFileReader, BlobFiles, BlobFileWriter } from '../blob-files.ts';
import { ensureStorageKey } from '../storage-backend.ts';
import { folderOperations } from './folder-operations.ts';
import { hasCode, storageErrorOf } from './system-errors.ts';

/** Names of unfinished BLOBs of ours. */
export const BLOB_PART = /^blob-[0-9a-f-]{36}\.part$/;

export interface FolderBlobFilesOptions {
    /** @throws StorageError if the store is closed */
    readonly ensureOpen: () => void;
    /** Whether a file is a BLOB, where the folder holds others, too. Default: all are. */
    readonly lists?: (name: string) => Promise<boolean>;
}

/** BLOBs as files of a folder, unfinished ones in another folder of the same file system. */
export class FolderBlobFiles implements BlobFiles {
    readonly #folder: string;
    readonly #unfinished: string;
    readonly #options: FolderBlobFilesOptions;
    readonly #writers = new Set<FileWriter>();

    constructor(folder: string, unfinished: string, options: FolderBlobFilesOptions) {
        this.#folder = folder;
        this.#unfinished = unfinished;
        this.#options = options;
    }

    /** Removes what a crash has left unfinished. */
    async removeUnfinished(): Promise<void> {
        for (const name of await folderOperations.list(this.#unfinished))
            if (BLOB_PART.test(name)) await rm(join(this.#unfinished, name), { force: true });
    }

    async create(): Promise<BlobFileWriter> {
        this.#options.ensureOpen();
        const part = join(this.#unfinished, `blob-${randomUUID()}.part`);
        try {
            const writer = new FileWriter(this.#folder, part, await open(part, 'wx'), () =>
                this.#writers.delete(writer),
            );
            this.#writers.add(writer);
            return writer;
        } catch (error) {
            throw storageErrorOf(error, this.#folder);
        }
    }

    async open(name: string): Promise<BlobFileReader | undefined> {
        this.#options.ensureOpen();
        const path = join(this.#folder, ensureStorageKey('objects', name));
        let file: FileHandle;
        try {
            file = await open(path, 'r');
        } catch (error) {
            if (hasCode(error, 'ENOENT')) return undefined;
            throw storageErrorOf(error, this.#folder);
        }
        const { size } = await file.stat();
        return {
            size,
            read: async (offset, length) => {
                const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
                let read = 0;
                while (read < bytes.length) {
                    const { bytesRead } = await file.read(bytes, read, bytes.length - read, offset + read);
                    if (bytesRead === 0) break;
                    read += bytesRead;
                }
                return bytes.subarray(0, read);
            },
            [Symbol.asyncDispose]: () => file.close(),
        };
    }

    /** Gives up what is unfinished. */
    async close(): Promise<void> {
        for (const writer of this.#writers) await writer.abort();
    }

    async *names(): AsyncIterable<string> {
        this.#options.ensureOpen();
        const { lists = () => Promise.resolve(true) } = this.#options;
        for await (const entry of await opendir(this.#folder))
            if (entry.isFile() && (await lists(entry.name))) yield entry.name;
    }

    async delete(name: string): Promise<void> {
        this.#options.ensureOpen();
        await rm(join(this.#folder, ensureStorageKey('objects', name)), { force: true });
        await folderOperations.syncFolder(this.#folder);
    }
}

class FileWriter implements BlobFileWriter {
    readonly #folder: string;
    readonly #part: string;
    readonly #file: FileHandle;
    readonly #onEnd: () => void;
    #ended = false;

    constructor(folder: string, part: string, file: FileHandle, onEnd: () => void) {
        this.#folder = folder;
        this.#part = part;
        this.#file = file;
        this.#onEnd = onEnd;
    }

    async write(bytes: Uint8Array): Promise<void> {
        this.#ensureOpen();
        try {
            await this.#file.writeFile(bytes);
        } catch (error) {
            throw storageErrorOf(error, this.#folder);
        }
    }

    async finish(name: string): Promise<'new' | 'exists'> {
        this.#ensureOpen();
        const path = join(this.#folder, ensureStorageKey('objects', name));
        try {
            if (await exists(path)) {
                await this.abort();
                return 'exists';
            }
            await this.#file.sync();
            await this.#end();
            await rename(this.#part, path);
            await folderOperations.syncFolder(this.#folder);
            return 'new';
        } catch (error) {
            throw storageErrorOf(error, this.#folder);
        }
    }

    async abort(): Promise<void> {
        if (this.#ended) return;
        await this.#end();
        await rm(this.#part, { force: true });
    }

    async #end(): Promise<void> {
        this.#ended = true;
        this.#onEnd();
        await this.#file.close();
    }

    #ensureOpen(): void {
        if (this.#ended) throw new TypeError('This BLOB is finished.');
    }
}

async function exists(path: string): Promise<boolean> {
    try {
        return (await stat(path)).isFile();
    } catch (error) {
        if (hasCode(error, 'ENOENT')) return false;
        throw error;
    }
}

// For tests: a store that survives its instance, and loses what was not committed when that one died.
import type { BlobFiles, BlobFileReader, BlobFileWriter } from '../../storage/blob-files.ts';
import { MemoryBackend } from '../../storage/memory/memory-backend.ts';
import type {
    ListEntry,
    ListRange,
    ListSpace,
    Space,
    StorageBackend,
    ValueSpace,
    Write,
} from '../../storage/storage-backend.ts';

/** What is durable, to be looked at without waiting. */
export class Disk {
    readonly objects = new Map<string, Uint8Array>();
    /** Hash of the current version node by ID hash. */
    readonly heads = new Map<string, string>();
    /** Of objects that are here as CLOBs or BLOBs only. */
    readonly raw = new Set<string>();
    /** Large BLOBs. */
    readonly blobs = new Set<string>();
    /** Counts the changes. */
    version = 0;
    /** BLOBs that somebody writes. */
    openWriters = 0;
    readonly memory = new MemoryBackend();

    has(hash: string): boolean {
        return this.objects.has(hash) || this.blobs.has(hash);
    }

    committed(writes: readonly Write[]): void {
        this.version++;
        for (const write of writes)
            if (write.type === 'put') this.#put(write);
            else if (write.type === 'delete' && write.space === 'state') this.raw.delete(write.key.replace('raw.', ''));
    }

    blobStored(name: string): void {
        this.version++;
        this.blobs.add(name);
    }

    #put({ space, key, value }: Extract<Write, { type: 'put' }>): void {
        if (space === 'objects') this.objects.set(key, value);
        else if (space === 'vheads') this.heads.set(key, new TextDecoder().decode(value));
        else if (space === 'state' && key.startsWith('raw.')) this.raw.add(key.replace('raw.', ''));
    }
}

/** The disk as one life of an instance has it. After its death nothing is answered any more, and nothing changes. */
export class MountedDisk implements StorageBackend {
    readonly blobs: BlobFiles;
    readonly #disk: Disk;
    /** Milliseconds that the next commit takes. */
    readonly #delay: () => number;
    #commits: Promise<void> = Promise.resolve();
    #isDead = false;

    constructor(disk: Disk, delay: () => number = () => 0) {
        this.#disk = disk;
        this.#delay = delay;
        this.blobs = new MountedBlobs(disk, task => this.#alive(task));
    }

    die(): void {
        this.#isDead = true;
    }

    get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        return this.#alive(() => this.#disk.memory.get(space, key));
    }

    getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        return this.#alive(() => this.#disk.memory.getMany(space, keys));
    }

    list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        return this.#alive(() => this.#disk.memory.list(space, key, range));
    }

    keys(space: Space): AsyncIterable<string> {
        return this.#disk.memory.keys(space);
    }

    /** One after the other, each at the end of its time. */
    commit(writes: readonly Write[]): Promise<void> {
        const commit = async (): Promise<void> => {
            const ms = this.#delay();
            if (ms > 0) await new Promise(resolve => setTimeout(resolve, ms));
            await this.#alive(() => this.#disk.memory.commit(writes));
            this.#disk.committed(writes);
        };
        this.#commits = this.#commits.then(commit, commit);
        return this.#commits;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return Promise.resolve();
    }

    #alive<T>(task: () => Promise<T>): Promise<T> {
        return this.#isDead ? new Promise(() => undefined) : task();
    }
}

type Alive = <T>(task: () => Promise<T>) => Promise<T>;

class MountedBlobs implements BlobFiles {
    readonly #disk: Disk;
    readonly #alive: Alive;

    constructor(disk: Disk, alive: Alive) {
        this.#disk = disk;
        this.#alive = alive;
    }

    async create(): Promise<BlobFileWriter> {
        const writer = await this.#alive(() => this.#disk.memory.blobs.create());
        this.#disk.openWriters++;
        let isOpen = true;
        const end = (): void => {
            if (isOpen) this.#disk.openWriters--;
            isOpen = false;
        };
        return {
            write: bytes => this.#alive(() => writer.write(bytes)),
            finish: async name => {
                const status = await this.#alive(() => writer.finish(name));
                end();
                this.#disk.blobStored(name);
                return status;
            },
            abort: async () => {
                await this.#alive(() => writer.abort());
                end();
            },
        };
    }

    open(name: string): Promise<BlobFileReader | undefined> {
        return this.#alive(() => this.#disk.memory.blobs.open(name));
    }

    names(): AsyncIterable<string> {
        return this.#disk.memory.blobs.names();
    }

    delete(name: string): Promise<void> {
        return this.#alive(() => this.#disk.memory.blobs.delete(name));
    }
}

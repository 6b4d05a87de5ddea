// Import and export: the objects, heads, reverse maps, keys and BLOBs of a store, and what nobody could find out again (which bytes
// came as a CLOB or BLOB only, which versions are not merged), into an empty one of any kind. What is derived is computed when the copy is
// opened, and its journal begins anew.
import { BLOB_PIECE } from './blob-files.ts';
import type { StorageBackend, StorageReader, Write } from './storage-backend.ts';
import { isEmpty } from './is-empty.ts';
import { StorageError } from './storage-errors.ts';
import { MAX_ORDERED_ENTRIES } from '../limits.ts';

/** Present in a copy that is not complete. */
const COPYING = 'copying';
const JOURNAL = 'journal';
/** Of the space `state`. */
const CARRIED = /^(?:raws$|raw\.|unmerged\.)/;
const MAX_BATCH_ENTRIES = 500;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** What can be copied: any backend, or a reader of a foreign format. */
export interface CopySource extends StorageReader {
    readonly blobs?: StorageBackend['blobs'];
}

export interface CopyProgress {
    readonly entries: number;
    readonly bytes: number;
}

/**
 * @param onProgress called after each commit
 * @throws StorageError `STORAGE_OTHER_INSTANCE` if the target is not empty; those of both stores. A copy that was interrupted
 * cannot be opened.
 */
export async function copyStore(
    source: CopySource,
    target: StorageBackend,
    onProgress?: (progress: CopyProgress) => void,
): Promise<CopyProgress> {
    await ensureCompleteCopy(source);
    if (!(await isEmpty(target)))
        throw new StorageError('STORAGE_OTHER_INSTANCE', 'A store can only be copied to an empty one');
    await target.commit([{ type: 'put', space: 'meta', key: COPYING, value: Uint8Array.of(1) }]);
    const copy = new Copy(target, onProgress);
    for (const space of ['objects', 'vheads', 'private'] as const)
        for await (const key of source.keys(space)) {
            const value = await source.get(space, key);
            // A large BLOB among the objects of an original installation.
            if (value === undefined) await copy.blob(source, key);
            else await copy.add({ type: 'put', space, key, value }, value.length);
        }
    for await (const key of source.keys('state')) {
        const value = CARRIED.test(key) ? await source.get('state', key) : undefined;
        if (value !== undefined) await copy.add({ type: 'put', space: 'state', key, value }, value.length);
    }
    let longest = 0;
    for await (const key of source.keys('rmaps')) {
        let number = 0;
        for (const { value } of await source.list('rmaps', key))
            await copy.add({ type: 'append', space: 'rmaps', key, number: number++, value }, value.length);
        longest = Math.max(longest, number);
    }
    for await (const name of source.blobs?.names() ?? []) await copy.blob(source, name);
    // Numbers of ordered lists go on behind those that were given here.
    const journal = Math.ceil(longest / MAX_ORDERED_ENTRIES) + 1;
    await copy.add({ type: 'append', space: 'logs', key: JOURNAL, number: journal, value: new Uint8Array() }, 0);
    await copy.add({ type: 'delete', space: 'meta', key: COPYING }, 0);
    await copy.flush();
    return copy.progress;
}

/** @throws StorageError `STORAGE_INCOMPLETE` for a copy that was interrupted */
export async function ensureCompleteCopy(reader: Pick<StorageReader, 'get'>): Promise<void> {
    if ((await reader.get('meta', COPYING)) === undefined) return;
    throw new StorageError(
        'STORAGE_INCOMPLETE',
        'This store is a copy that was interrupted: remove it, and copy again. The source was not changed',
    );
}

class Copy {
    progress: CopyProgress = { entries: 0, bytes: 0 };
    readonly #target: StorageBackend;
    readonly #onProgress: ((progress: CopyProgress) => void) | undefined;
    #batch: Write[] = [];
    #bytes = 0;

    constructor(target: StorageBackend, onProgress: ((progress: CopyProgress) => void) | undefined) {
        this.#target = target;
        this.#onProgress = onProgress;
    }

    async add(write: Write, bytes: number): Promise<void> {
        this.#batch.push(write);
        this.#bytes += bytes;
        if (this.#batch.length >= MAX_BATCH_ENTRIES || this.#bytes >= MAX_BATCH_BYTES) await this.flush();
    }

    async blob(source: CopySource, name: string): Promise<void> {
        const reader = await source.blobs?.open(name);
        if (reader === undefined)
            throw new StorageError('STORAGE_DAMAGED', `${name} vanished from the source while it was copied`);
        const writer = await this.#target.blobs.create();
        try {
            for (let at = 0; at < reader.size;) {
                const bytes = await reader.read(at, BLOB_PIECE);
                await writer.write(bytes);
                at += bytes.length;
                if (bytes.length === 0)
                    throw new StorageError(
                        'STORAGE_DAMAGED',
                        `The BLOB ${name} ends before its end; it was not copied`,
                    );
            }
            await writer.finish(name);
        } finally {
            await writer.abort();
            await reader[Symbol.asyncDispose]();
        }
        this.#count(1, reader.size);
    }

    async flush(): Promise<void> {
        const [batch, bytes] = [this.#batch, this.#bytes];
        this.#batch = [];
        this.#bytes = 0;
        if (batch.length === 0) return;
        await this.#target.commit(batch);
        this.#count(batch.length, bytes);
    }

    #count(entries: number, bytes: number): void {
        this.progress = { entries: this.progress.entries + entries, bytes: this.progress.bytes + bytes };
        this.#onProgress?.(this.progress);
    }
}

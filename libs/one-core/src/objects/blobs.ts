// BLOBs and CLOBs as streams (spec 20 §3). A small one is a value like an object, in one commit with its entry of the journal;
// a larger one is a file or pieces, complete and durable before the journal tells of it:
//
//   state/blobs-under-way    hashes of those that may be complete without an entry; looked at when the store is opened
import { sha256Stream } from '#platform/sha256';
import { decodeHashes, encodeHashes } from '../hash-list.ts';
import { BLOB_PIECE, type BlobFileReader, type BlobFileWriter } from '../storage/blob-files.ts';
import { MAX_INLINE_BLOB } from '../limits.ts';
import { concat } from '../crypto/keys.ts';
import { Sequence } from '../sequence.ts';
import { damaged } from './object-reader.ts';
import { ObjectStoreError } from './object-errors.ts';
import type { ObjectStore } from './object-store.ts';
import type { ObjectTransaction } from './object-transaction.ts';
import { isFramed, markRaw, type StoreStatus } from './stored-text.ts';

const UNDER_WAY = 'blobs-under-way';
/** Bytes by which an object is told. */
const START = 64;

export interface BlobResult {
    readonly hash: string;
    readonly status: StoreStatus;
}

/** Bytes of a BLOB or CLOB. */
export interface BlobReader extends AsyncDisposable {
    readonly hash: string;
    /** Bytes. */
    readonly size: number;
    /** Fewer bytes than asked for only at the end. @throws StorageError */
    read(offset: number, length: number): Promise<Uint8Array>;
    /**
     * The bytes from one offset to another, in pieces, as fast as they are taken.
     * @throws StorageError `STORAGE_DAMAGED` at the end, if all were read and are not those of the hash
     */
    stream(from?: number, to?: number): AsyncIterable<Uint8Array>;
}

/** The BLOBs of one instance. Memory does not depend on their size. */
export class Blobs {
    readonly #objects: ObjectStore;

    constructor(objects: ObjectStore) {
        this.#objects = objects;
    }

    /**
     * Stores what a source gives, such as a file or the body of a request; after an error of the source nothing is left.
     * @throws StorageError, and what the source throws
     */
    async store(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobResult> {
        const writer = this.createWriter();
        try {
            for await (const bytes of source) await writer.write(bytes);
        } catch (error) {
            await writer.cancel();
            throw error;
        }
        return writer.end();
    }

    /** For bytes that somebody else pushes. */
    createWriter(): BlobWriter {
        return new BlobWriter(this.#objects);
    }

    async has(hash: string): Promise<boolean> {
        await using file = await this.#find(hash);
        return file !== undefined;
    }

    /** @throws ObjectStoreError `SST-CR3` if it is not here; StorageError */
    async open(hash: string): Promise<BlobReader> {
        const file = await this.#find(hash);
        if (file === undefined) throw new ObjectStoreError('SST-CR3', `The BLOB ${hash} is not in this store`);
        return readerOf(hash, file);
    }

    /** After a crash: tells the journal of what was complete already. */
    async recover(): Promise<void> {
        const hashes = decodeHashes(await this.#objects.store.get('state', UNDER_WAY));
        if (hashes.length === 0) return;
        const complete: [hash: string, start: Uint8Array][] = [];
        for (const hash of hashes) {
            await using file = await this.#objects.store.blobs.open(hash);
            if (file !== undefined) complete.push([hash, await file.read(0, START)]);
        }
        await this.#objects.transact(async objects => {
            for (const [hash, start] of complete) await noteFile(objects, hash, start);
            objects.transaction.delete('state', UNDER_WAY);
            await Promise.resolve();
        });
    }

    /** Files first: where each value is one, a long text need not be in memory as a whole. */
    async #find(hash: string): Promise<BlobFileReader | undefined> {
        const file = await this.#objects.store.blobs.open(hash);
        if (file !== undefined) return file;
        const value = await this.#objects.store.get('objects', hash);
        return value && inMemory(value);
    }
}

/** Takes the bytes of one BLOB. Whoever awaits `write` never fills the memory. */
export class BlobWriter {
    readonly #objects: ObjectStore;
    readonly #sha256 = sha256Stream();
    /** What came so far, while it is small. */
    #pieces: Uint8Array[] = [];
    /** The first bytes of what is no more small. */
    #start = new Uint8Array();
    #size = 0;
    #file: BlobFileWriter | undefined;
    #ended = false;
    /** What a write has failed with: the hash counts bytes that are not there. */
    #failure: { readonly error: unknown } | undefined;
    readonly #calls = new Sequence();

    constructor(objects: ObjectStore) {
        this.#objects = objects;
    }

    /** Calls may overlap; the bytes must not change before it resolves. @throws StorageError, and then so does `end` */
    write(bytes: Uint8Array): Promise<void> {
        return this.#calls.run(() => this.#write(bytes));
    }

    /** Resolves when everything is durable. @throws StorageError */
    end(): Promise<BlobResult> {
        return this.#calls.run(() => this.#end(this.#digest()));
    }

    /** Like `end`, if this is the hash of what was written; otherwise forgets it. @returns undefined then */
    endAs(hash: string): Promise<BlobResult | undefined> {
        return this.#calls.run(async () => {
            const actual = this.#digest();
            if (actual === hash) return this.#end(actual);
            await this.#file?.abort();
            return undefined;
        });
    }

    /** Forgets what was written; does nothing after the end. */
    cancel(): Promise<void> {
        return this.#calls.run(async () => {
            if (this.#ended) return;
            this.#ended = true;
            this.#sha256.drop();
            await this.#file?.abort();
        });
    }

    async #write(bytes: Uint8Array): Promise<void> {
        this.#ensureOpen();
        try {
            await this.#append(bytes);
        } catch (error) {
            this.#failure = { error };
            throw error;
        }
    }

    async #append(bytes: Uint8Array): Promise<void> {
        this.#sha256.update(bytes);
        this.#size += bytes.length;
        if (this.#file === undefined && this.#size <= MAX_INLINE_BLOB) {
            this.#pieces.push(new Uint8Array(bytes));
            return;
        }
        if (this.#file === undefined) {
            this.#file = await this.#objects.store.blobs.create();
            for (const piece of this.#pieces) await this.#file.write(piece);
            this.#start = concat(...this.#pieces, bytes).slice(0, START);
            this.#pieces = [];
        }
        await this.#file.write(bytes);
    }

    #digest(): string {
        this.#ensureOpen();
        if (this.#failure !== undefined) throw this.#failure.error;
        this.#ended = true;
        return this.#sha256.digest();
    }

    #end(hash: string): Promise<BlobResult> {
        return this.#file === undefined ? this.#storeValue(hash) : this.#storeFile(hash, this.#file);
    }

    #storeValue(hash: string): Promise<BlobResult> {
        return this.#objects.transact(objects => objects.storeBytes('blob', hash, concat(...this.#pieces)));
    }

    /** Between the first and the last step it may be there without an entry of the journal. */
    async #storeFile(hash: string, file: BlobFileWriter): Promise<BlobResult> {
        let status: StoreStatus;
        let untold: boolean;
        try {
            // Another one, or an attempt that failed at the end, may have left it complete and untold.
            untold = await this.#changeUnderWay(hash, true);
            const isValue = (await this.#objects.store.get('objects', hash)) !== undefined;
            // A CLOB of the same bytes.
            if (isValue) await file.abort();
            status = isValue ? 'exists' : await file.finish(hash);
        } catch (error) {
            await file.abort();
            throw error;
        }
        await this.#changeUnderWay(hash, false, untold || status === 'new');
        return { hash, status };
    }

    /** @returns whether it was under way before */
    #changeUnderWay(hash: string, begins: boolean, isNew = false): Promise<boolean> {
        return this.#objects.transact(async objects => {
            const { transaction } = objects;
            const hashes = new Set(decodeHashes(await transaction.get('state', UNDER_WAY)));
            const before = hashes.has(hash);
            if (begins) hashes.add(hash);
            else hashes.delete(hash);
            if (isNew) await noteFile(objects, hash, this.#start);
            if (hashes.size === 0) transaction.delete('state', UNDER_WAY);
            else transaction.put('state', UNDER_WAY, encodeHashes(hashes));
            return before;
        });
    }

    #ensureOpen(): void {
        if (this.#ended) throw new TypeError('This BLOB is finished.');
    }
}

/** Where objects and BLOBs are files of one folder, a large text is a value now. */
async function noteFile(objects: ObjectTransaction, hash: string, start: Uint8Array): Promise<void> {
    objects.noteStored('blob', hash);
    const isValue = isFramed(start) && (await objects.transaction.get('objects', hash)) !== undefined;
    if (isValue) markRaw(objects.transaction, hash);
}

function readerOf(hash: string, file: BlobFileReader): BlobReader {
    const { size } = file;
    return {
        hash,
        size,
        read: (offset, length) => file.read(offset, length),
        async *stream(from = 0, to = size) {
            const whole = from === 0 && to >= size ? sha256Stream() : undefined;
            let digest: string | undefined;
            try {
                for (let at = from; at < Math.min(to, size);) {
                    const bytes = await file.read(at, Math.min(BLOB_PIECE, to - at));
                    if (bytes.length === 0) throw damaged(hash);
                    whole?.update(bytes);
                    at += bytes.length;
                    yield bytes;
                }
                digest = whole?.digest();
            } finally {
                if (digest === undefined) whole?.drop();
            }
            if (whole !== undefined && digest !== hash) throw damaged(hash);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(file[Symbol.asyncDispose]()),
    };
}

function inMemory(value: Uint8Array): BlobFileReader {
    return {
        size: value.length,
        read: (offset, length) => Promise.resolve(value.slice(offset, offset + length)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
    };
}

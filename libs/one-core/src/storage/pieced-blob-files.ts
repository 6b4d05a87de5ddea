import type { BlobFileReader, BlobFiles, BlobFileWriter } from './blob-files.ts';
import { StorageError } from './storage-errors.ts';

/** Bytes of each piece but the last: few round trips to a database, and small enough to be held by many at once. */
export const PIECE_SIZE = 256 * 1024;

/** Where the pieces are, for engines without files. */
export interface Pieces {
    /** Begins a new one. @returns its number or name among those that are kept */
    begin(): Promise<string>;
    put(id: string, index: number, bytes: Uint8Array): Promise<void>;
    /** Durable, all at once; an unfinished one is removed if one of this name exists. */
    finish(id: string, name: string, size: number): Promise<'new' | 'exists'>;
    /** Removes an unfinished one. */
    discard(id: string): Promise<void>;
    find(name: string): Promise<{ readonly id: string; readonly size: number } | undefined>;
    get(id: string, index: number): Promise<Uint8Array | undefined>;
    names(): AsyncIterable<string>;
    delete(name: string): Promise<void>;
}

/** BLOBs in pieces of equal size. */
export class PiecedBlobFiles implements BlobFiles {
    readonly #pieces: Pieces;

    constructor(pieces: Pieces) {
        this.#pieces = pieces;
    }

    async create(): Promise<BlobFileWriter> {
        return new PieceWriter(this.#pieces, await this.#pieces.begin());
    }

    async open(name: string): Promise<BlobFileReader | undefined> {
        const found = await this.#pieces.find(name);
        if (found === undefined) return undefined;
        const pieces = this.#pieces;
        const { id, size } = found;
        // Readers ask for less than a piece at a time, one after the other.
        let last: { readonly index: number; readonly piece: Uint8Array | undefined } | undefined;
        return {
            size,
            read: async (offset, length) => {
                const end = Math.min(size, offset + length);
                const result = new Uint8Array(Math.max(0, end - offset));
                for (let at = offset; at < end;) {
                    const index = Math.floor(at / PIECE_SIZE);
                    const start = index * PIECE_SIZE;
                    if (last?.index !== index) last = { index, piece: await pieces.get(id, index) };
                    const { piece } = last;
                    if (piece?.length !== Math.min(PIECE_SIZE, size - start))
                        throw new StorageError(
                            'STORAGE_DAMAGED',
                            `A piece of the BLOB ${name} is lost, or was removed while it was read`,
                        );
                    const part = piece.subarray(at - start, Math.min(PIECE_SIZE, end - start));
                    result.set(part, at - offset);
                    at += part.length;
                }
                return result;
            },
            [Symbol.asyncDispose]: () => Promise.resolve(),
        };
    }

    names(): AsyncIterable<string> {
        return this.#pieces.names();
    }

    delete(name: string): Promise<void> {
        return this.#pieces.delete(name);
    }
}

class PieceWriter implements BlobFileWriter {
    readonly #pieces: Pieces;
    readonly #id: string;
    readonly #piece = new Uint8Array(PIECE_SIZE);
    #filled = 0;
    #written = 0;
    #ended = false;

    constructor(pieces: Pieces, id: string) {
        this.#pieces = pieces;
        this.#id = id;
    }

    async write(bytes: Uint8Array): Promise<void> {
        this.#ensureOpen();
        for (let at = 0; at < bytes.length;) {
            const part = bytes.subarray(at, at + PIECE_SIZE - this.#filled);
            this.#piece.set(part, this.#filled);
            this.#filled += part.length;
            at += part.length;
            if (this.#filled === PIECE_SIZE) await this.#put();
        }
    }

    async finish(name: string): Promise<'new' | 'exists'> {
        this.#ensureOpen();
        if (this.#filled > 0) await this.#put();
        this.#ended = true;
        return this.#pieces.finish(this.#id, name, this.#written);
    }

    async abort(): Promise<void> {
        if (this.#ended) return;
        this.#ended = true;
        await this.#pieces.discard(this.#id);
    }

    async #put(): Promise<void> {
        const index = Math.floor(this.#written / PIECE_SIZE);
        await this.#pieces.put(this.#id, index, this.#piece.slice(0, this.#filled));
        this.#written += this.#filled;
        this.#filled = 0;
    }

    #ensureOpen(): void {
        if (this.#ended) throw new TypeError('This BLOB is finished.');
    }
}

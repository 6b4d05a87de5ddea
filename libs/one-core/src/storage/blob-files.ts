// Large BLOBs: byte sequences that are written once, piece by piece, and read in ranges. They get their name, the hash, when
// they are complete; until then nobody sees them, and after a crash nothing of them is left.

/** Bytes of one piece that writers are given and readers return at most. */
export const BLOB_PIECE = 64 * 1024;

export interface BlobFiles {
    /** Begins a new one. */
    create(): Promise<BlobFileWriter>;
    /** Undefined if there is none of this name. @throws StorageError */
    open(name: string): Promise<BlobFileReader | undefined>;
    /** In no order. */
    names(): AsyncIterable<string>;
    /** What is not there is not missed. For stores that evict. */
    delete(name: string): Promise<void>;
}

export interface BlobFileWriter {
    /** Resolves when it wants more: who awaits it never fills the memory. The bytes must not change before. */
    write(bytes: Uint8Array): Promise<void>;
    /** Makes it durable under a name; `exists`: one of this name stays as it was, and this one is forgotten. */
    finish(name: string): Promise<'new' | 'exists'>;
    /** Forgets what was written; does nothing after `finish`. */
    abort(): Promise<void>;
}

export interface BlobFileReader extends AsyncDisposable {
    /** Bytes. */
    readonly size: number;
    /** Fewer bytes than asked for only at the end. @throws StorageError */
    read(offset: number, length: number): Promise<Uint8Array>;
}

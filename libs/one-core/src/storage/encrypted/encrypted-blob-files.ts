// BLOBs, encrypted:
//
//   id (16 bytes, random) ‖ chunks ‖ end
//
//   chunk    nonce (24) ‖ XChaCha20-Poly1305(64 KiB; the last one less), bound to id and index
//   end      nonce (24) ‖ XChaCha20-Poly1305(name (32), size (8)), bound to id and "end"
//
// The name is the digest of the hash (encrypted-backend.ts); the hash itself stands in the end, because it is known last.
import { primitives } from '#platform/primitives';
import { hexToUint8Array, uint8ArrayToHex } from '../../crypto/hex.ts';
import { concat } from '../../crypto/keys.ts';
import { isHash } from '../../hashes.ts';
import type { BlobFileReader, BlobFiles, BlobFileWriter } from '../blob-files.ts';
import { InvalidStorageKeyError, StorageError } from '../storage-errors.ts';

const ID_BYTES = 16;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const CHUNK = 64 * 1024;
const SEALED_CHUNK = NONCE_BYTES + CHUNK + TAG_BYTES;
const END_BYTES = 40;
const SEALED_END = NONCE_BYTES + END_BYTES + TAG_BYTES;
const encoder = new TextEncoder();

export class EncryptedBlobFiles implements BlobFiles {
    readonly #inner: BlobFiles;
    readonly #key: Uint8Array;
    readonly #nameOf: (hash: string) => string;

    /** @param nameOf name of a hash on the disk */
    constructor(inner: BlobFiles, key: Uint8Array, nameOf: (hash: string) => string) {
        this.#inner = inner;
        this.#key = key;
        this.#nameOf = nameOf;
    }

    async create(): Promise<BlobFileWriter> {
        const id = primitives.randomBytes(ID_BYTES);
        const inner = await this.#inner.create();
        try {
            await inner.write(id);
        } catch (error) {
            await inner.abort();
            throw error;
        }
        return new EncryptedWriter(inner, id, this.#key, this.#nameOf);
    }

    async open(hash: string): Promise<BlobFileReader | undefined> {
        if (!isHash(hash)) return undefined;
        const inner = await this.#inner.open(this.#nameOf(hash));
        if (inner === undefined) return undefined;
        try {
            const { id, name, size } = await readEnd(inner, this.#key);
            if (name !== hash) throw damaged();
            return new EncryptedReader(inner, id, size, this.#key);
        } catch (error) {
            await inner[Symbol.asyncDispose]();
            throw error;
        }
    }

    async *names(): AsyncIterable<string> {
        for await (const name of this.#inner.names()) {
            await using inner = await this.#inner.open(name);
            if (inner !== undefined) yield (await readEnd(inner, this.#key)).name;
        }
    }

    delete(hash: string): Promise<void> {
        return this.#inner.delete(this.#nameOf(hash));
    }
}

class EncryptedWriter implements BlobFileWriter {
    readonly #inner: BlobFileWriter;
    readonly #id: Uint8Array;
    readonly #key: Uint8Array;
    readonly #nameOf: (hash: string) => string;
    readonly #chunk = new Uint8Array(CHUNK);
    #filled = 0;
    #index = 0;
    #size = 0;

    constructor(inner: BlobFileWriter, id: Uint8Array, key: Uint8Array, nameOf: (hash: string) => string) {
        this.#inner = inner;
        this.#id = id;
        this.#key = key;
        this.#nameOf = nameOf;
    }

    async write(bytes: Uint8Array): Promise<void> {
        for (let at = 0; at < bytes.length;) {
            // A full chunk waits: whether it is the last one is known with the next byte only.
            if (this.#filled === CHUNK) await this.#flush();
            const part = bytes.subarray(at, at + CHUNK - this.#filled);
            this.#chunk.set(part, this.#filled);
            this.#filled += part.length;
            this.#size += part.length;
            at += part.length;
        }
        // An abandoned writer refuses even nothing.
        await this.#inner.write(new Uint8Array());
    }

    async finish(hash: string): Promise<'new' | 'exists'> {
        if (!isHash(hash)) throw new InvalidStorageKeyError('objects', hash, 'BLOBs are named by their hash');
        if (this.#filled > 0) await this.#flush();
        const end = new Uint8Array(END_BYTES);
        end.set(hexToUint8Array(hash));
        new DataView(end.buffer).setBigUint64(32, BigInt(this.#size));
        await this.#inner.write(seal(end, this.#id, 'end', this.#key));
        return this.#inner.finish(this.#nameOf(hash));
    }

    abort(): Promise<void> {
        return this.#inner.abort();
    }

    async #flush(): Promise<void> {
        await this.#inner.write(seal(this.#chunk.subarray(0, this.#filled), this.#id, this.#index, this.#key));
        this.#index++;
        this.#filled = 0;
    }
}

class EncryptedReader implements BlobFileReader {
    readonly size: number;
    readonly #inner: BlobFileReader;
    readonly #id: Uint8Array;
    readonly #key: Uint8Array;

    constructor(inner: BlobFileReader, id: Uint8Array, size: number, key: Uint8Array) {
        this.#inner = inner;
        this.#id = id;
        this.size = size;
        this.#key = key;
    }

    async read(offset: number, length: number): Promise<Uint8Array> {
        const end = Math.min(this.size, offset + length);
        const result = new Uint8Array(Math.max(0, end - offset));
        for (let at = offset; at < end;) {
            const index = Math.floor(at / CHUNK);
            const start = index * CHUNK;
            const sealedLength = NONCE_BYTES + Math.min(CHUNK, this.size - start) + TAG_BYTES;
            const sealed = await this.#inner.read(ID_BYTES + index * SEALED_CHUNK, sealedLength);
            const part = open(sealed, this.#id, index, this.#key).subarray(at - start, end - start);
            result.set(part, at - offset);
            at += part.length;
        }
        return result;
    }

    [Symbol.asyncDispose](): PromiseLike<void> {
        return this.#inner[Symbol.asyncDispose]();
    }
}

async function readEnd(
    inner: BlobFileReader,
    key: Uint8Array,
): Promise<{ id: Uint8Array; name: string; size: number }> {
    if (inner.size < ID_BYTES + SEALED_END) throw damaged();
    const id = await inner.read(0, ID_BYTES);
    const end = open(await inner.read(inner.size - SEALED_END, SEALED_END), id, 'end', key);
    const size = Number(new DataView(end.buffer, end.byteOffset).getBigUint64(32));
    const chunks = Math.ceil(size / CHUNK);
    if (inner.size !== ID_BYTES + size + chunks * (NONCE_BYTES + TAG_BYTES) + SEALED_END) throw damaged();
    return { id, name: uint8ArrayToHex(end.subarray(0, 32)), size };
}

function seal(plain: Uint8Array, id: Uint8Array, index: number | 'end', key: Uint8Array): Uint8Array {
    const nonce = primitives.randomBytes(NONCE_BYTES);
    const cypher = primitives.aeadSeal(plain, contextOf(id, index), nonce, key);
    return concat(nonce, cypher);
}

function open(sealed: Uint8Array, id: Uint8Array, index: number | 'end', key: Uint8Array): Uint8Array {
    const cypher = sealed.subarray(NONCE_BYTES);
    const plain = primitives.aeadOpen(cypher, contextOf(id, index), sealed.subarray(0, NONCE_BYTES), key);
    if (plain === undefined) throw damaged();
    return plain;
}

function contextOf(id: Uint8Array, index: number | 'end'): Uint8Array {
    return encoder.encode(`blob/${uint8ArrayToHex(id)}/${index}`);
}

function damaged(): StorageError {
    return new StorageError(
        'STORAGE_DAMAGED',
        'An encrypted BLOB was changed; restore it from a backup, or from an instance that has it',
    );
}

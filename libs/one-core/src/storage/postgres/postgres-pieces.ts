import { randomUUID } from 'node:crypto';
import type { Pieces } from '../pieced-blob-files.ts';
import { StorageError } from '../storage-errors.ts';
import { decodeName, encodeName } from './keys.ts';
import { bytesOf, textArray } from './parameters.ts';
import type { Readers } from './readers.ts';
import { PAGE, type Statements } from './sql.ts';
import type { Writer } from './writer.ts';

/** Pieces of BLOBs in a table. One that is not finished has a row without a name, which is removed with its pieces. */
export class PostgresPieces implements Pieces {
    readonly #writer: Writer;
    readonly #readers: Readers;
    readonly #statements: Statements;

    constructor(writer: Writer, readers: Readers, statements: Statements) {
        this.#writer = writer;
        this.#readers = readers;
        this.#statements = statements;
    }

    async begin(): Promise<string> {
        const id = randomUUID();
        await this.#writer.write([[this.#statements.beginBlob, id]]);
        return id;
    }

    async put(id: string, index: number, bytes: Uint8Array): Promise<void> {
        this.#writer.ensureUsable();
        const rows = await this.#readers.run(this.#statements.putPiece, [
            this.#writer.store,
            id,
            index,
            Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
        ]);
        if (rows.length === 0)
            throw new StorageError(
                'STORAGE_IN_USE',
                'This BLOB was removed by whoever opened the store meanwhile; write it again',
            );
    }

    async finish(id: string, name: string, size: number): Promise<'new' | 'exists'> {
        const [row] = await this.#writer.write([[this.#statements.nameBlob, id, encodeName(name), size]]);
        if (row?.[0] === id) return 'new';
        if ((await this.find(name)) === undefined)
            throw new StorageError(
                'STORAGE_INCOMPLETE',
                `The BLOB ${name} was lost while it was written; write it again`,
            );
        await this.discard(id);
        return 'exists';
    }

    async discard(...ids: readonly string[]): Promise<void> {
        const { dropBlobs, dropPieces } = this.#statements;
        const drop = textArray(ids);
        if (ids.length > 0)
            await this.#writer.write([
                [dropBlobs, drop],
                [dropPieces, drop],
            ]);
    }

    /** What was not finished when the store was closed, or lost its process. */
    async discardUnfinished(): Promise<void> {
        const rows = await this.#readers.run(this.#statements.unfinishedBlobs, [this.#writer.store]);
        await this.discard(...rows.map(([id]) => id));
    }

    async find(name: string): Promise<{ id: string; size: number } | undefined> {
        const [row] = await this.#readers.run(this.#statements.findBlob, [this.#writer.store, encodeName(name)]);
        return row && { id: row[0], size: Number(row[1]) };
    }

    async get(id: string, index: number): Promise<Uint8Array | undefined> {
        const [row] = await this.#readers.run(this.#statements.getPiece, [this.#writer.store, id, index]);
        return row && bytesOf(row[0]);
    }

    async *names(): AsyncIterable<string> {
        let last = Buffer.alloc(0);
        for (;;) {
            const page = await this.#readers.run(this.#statements.blobNames, [this.#writer.store, last]);
            for (const [name] of page) yield decodeName(name);
            if (page.length < PAGE) return;
            last = Buffer.from(page.at(-1)?.[0] ?? '', 'hex');
        }
    }

    async delete(name: string): Promise<void> {
        const [row] = await this.#writer.write([[this.#statements.unnameBlob, encodeName(name)]]);
        const id = row?.[0];
        if (typeof id === 'string') await this.discard(id);
    }
}

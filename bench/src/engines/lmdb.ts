import { open as openLmdb, type RootDatabaseOptions } from 'lmdb';
import { join } from 'node:path';
import { renameSync } from 'node:fs';
import type { Engine, EngineVariant, Entry } from './engine.ts';

/** Entries read before the event loop gets a turn: the iterator of lmdb is synchronous. */
const PIECE = 1_000;

function open(folder: string, options: RootDatabaseOptions): Promise<Engine> {
    const file = join(folder, 'data.mdb');
    const settings = { keyEncoding: 'binary', encoding: 'binary', ...options } as const;
    let db = openLmdb<Buffer, Uint8Array>(file, settings);
    return Promise.resolve({
        get: (key: Uint8Array) => db.getBinary(key),
        getMany: (keys: readonly Uint8Array[]) => db.getMany([...keys]),
        async write(entries: readonly Entry[]) {
            const put = ({ key, value }: Entry) =>
                // The encoder for 'binary' takes a Buffer; a view costs nothing.
                db.put(key, Buffer.from(value.buffer, value.byteOffset, value.length));
            let puts: Promise<boolean>[] = [];
            const committed = db.batch(() => (puts = entries.map(put)));
            try {
                await Promise.all([committed, ...puts]);
            } catch (error) {
                throw await reasonOf(error);
            }
            // Without this a commit with overlappingSync is visible, not yet durable.
            await db.flushed;
        },
        async *range(from: Uint8Array, to: Uint8Array) {
            let piece: Entry[] = [];
            for (const entry of db.getRange({ start: from, end: to })) {
                piece.push(entry);
                if (piece.length < PIECE) continue;
                yield piece;
                piece = [];
                await new Promise(resolve => setImmediate(resolve));
            }
            yield piece;
        },
        // There is no compaction in place: a compact copy takes the place of the file.
        async compact() {
            await db.backup(join(folder, 'compact.mdb'), true);
            await db.close();
            renameSync(join(folder, 'compact.mdb'), file);
            db = openLmdb(file, settings);
        },
        close: () => db.close(),
    });
}

/** The error says only where the reason is: in a promise that ends the process when nobody takes its rejection. */
async function reasonOf(error: unknown): Promise<unknown> {
    if (!(error instanceof Error) || !('commitError' in error)) return error;
    return Promise.resolve(error.commitError).catch((reason: unknown) => reason);
}

const isLog = () => false;

/** A commit resolves after its pages and then its meta page were flushed. */
export const lmdb: EngineVariant = { name: 'lmdb', open: folder => open(folder, { overlappingSync: false }), isLog };

/** As the package does it by default outside Windows: flushed after the commit, meta pages marked when they are. */
export const lmdbOverlapping: EngineVariant = {
    name: 'lmdb, overlappingSync',
    open: folder => open(folder, { overlappingSync: true }),
    isLog,
};

/**
 * The package has no option for page checksums; the nearest is encryption (without authentication). Not compacted: a
 * compact copy of an encrypted store cannot be read.
 */
export const lmdbEncrypted: EngineVariant = {
    name: 'lmdb, encrypted',
    async open(folder) {
        const engine = await open(folder, {
            overlappingSync: false,
            encryptionKey: '0123456789abcdef0123456789abcdef',
        });
        return { ...engine, compact: () => Promise.resolve() };
    },
    isLog,
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkLogs, checkTables } from '@refinio/one.core/storage/embedded';
import { ClassicLevel } from 'classic-level';
import type { Engine, EngineVariant, Entry } from './engine.ts';

/** Index and filter blocks of open tables and hot data stay in memory; the default of 8 MB does not hold the hot part. */
const CACHE_BYTES = 64 * 1024 * 1024;
/** Entries that cross from native code at once: enough to make the crossing cheap, few enough not to block. */
const PIECE = 1_000;
const AFTER_ALL_KEYS = Buffer.alloc(64, 0xff);

async function open(folder: string): Promise<Engine> {
    const db = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
        keyEncoding: 'view',
        valueEncoding: 'view',
        cacheSize: CACHE_BYTES,
    });
    await db.open();
    return {
        get: key => db.getSync(key),
        getMany: keys => db.getMany([...keys]),
        write: (entries: readonly Entry[]) =>
            db.batch(
                entries.map(({ key, value }) => ({ type: 'put', key, value })),
                { sync: true },
            ),
        async *range(from, to) {
            const iterator = db.iterator({ gte: from, lt: to });
            try {
                for (;;) {
                    const piece = await iterator.nextv(PIECE);
                    if (piece.length === 0) return;
                    yield piece.map(([key, value]) => ({ key, value }));
                }
            } finally {
                await iterator.close();
            }
        },
        compact: () => db.compactRange(new Uint8Array(0), AFTER_ALL_KEYS),
        close: () => db.close(),
    };
}

const isLog = (file: string) => file.endsWith('.log') || file.startsWith('MANIFEST') || file === 'CURRENT';

export const classicLevel: EngineVariant = { name: 'classic-level', open, isLog };

/**
 * Guarded as the store of a peer is: logs and manifest are checked before LevelDB opens them, because it drops what is
 * damaged; tables after, because only then those are gone that a crash has left unfinished. And nothing is written after a
 * failed write: what that left in the log would make the next open drop what follows.
 */
export const classicLevelGuarded: EngineVariant = {
    name: 'classic-level, guarded',
    async open(folder) {
        // In a new folder there is nothing to check.
        const isNew = !existsSync(join(folder, 'LOG'));
        if (!isNew) await checkLogs(folder);
        const engine = await open(folder);
        if (!isNew) await checkTables(folder);
        let failure: Error | undefined;
        return {
            ...engine,
            async write(entries) {
                if (failure !== undefined) throw failure;
                try {
                    await engine.write(entries);
                } catch (error) {
                    failure = error instanceof Error ? error : new Error(String(error));
                    throw failure;
                }
            },
        };
    },
    isLog,
};

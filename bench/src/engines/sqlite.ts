import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Engine, EngineVariant, Entry } from './engine.ts';
import { pack, type SqliteAnswer, type SqliteRequest, type SqliteSettings } from './sqlite-messages.ts';

/** Rows read before the event loop gets a turn. */
const PIECE = 1_000;

type Row = readonly [key: Uint8Array, value: Uint8Array];
type Unsent = SqliteRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

async function open(folder: string, settings: Omit<SqliteSettings, 'file'>): Promise<Engine> {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'store.db');
    const writer = await startWriter({ file, ...settings });
    // Reads have a connection of their own in this thread; only the writing one may change the file.
    const db = new DatabaseSync(file, { readOnly: true, timeout: 1_000, returnArrays: true });
    db.exec('PRAGMA cache_size = -65536');
    if (settings.check) db.exec('PRAGMA cell_size_check = ON');
    const one = db.prepare('SELECT value FROM entries WHERE key = ?');
    const some = db.prepare('SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?');
    const get = (key: Uint8Array) => (one.get(key) as readonly [Uint8Array] | undefined)?.[0];

    return {
        get,
        getMany: keys => Promise.resolve(keys.map(get)),
        write: (entries: readonly Entry[]) => writer.ask({ type: 'write', packed: pack(entries) }),
        // A statement that stays open would keep the log from being folded in: every piece is a query of its own.
        async *range(from, to) {
            for (let start = from; ;) {
                const rows = some.all(start, to, PIECE) as unknown as readonly Row[];
                yield rows.map(([key, value]) => ({ key, value }));
                const last = rows.at(-1);
                if (last === undefined || rows.length < PIECE) return;
                start = Buffer.concat([last[0], Buffer.alloc(1)]);
                await new Promise(resolve => setImmediate(resolve));
            }
        },
        compact: () => writer.ask({ type: 'compact' }),
        async close() {
            db.close();
            await writer.ask({ type: 'close' });
        },
    };
}

async function startWriter(workerData: SqliteSettings) {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData });
    const waiting = new Map<number, PromiseWithResolvers<void>>();
    let lastId = 0;
    const expectAnswer = (id: number) => {
        const answer = Promise.withResolvers<void>();
        waiting.set(id, answer);
        return answer.promise;
    };
    worker.on('message', ({ id, error }: SqliteAnswer) => {
        if (error === undefined) waiting.get(id)?.resolve();
        else waiting.get(id)?.reject(Object.assign(new Error(error.message), { code: error.code }));
        waiting.delete(id);
    });
    worker.on('error', error => {
        for (const { reject } of waiting.values()) reject(error);
        waiting.clear();
    });
    await expectAnswer(0);
    return {
        ask(request: Unsent): Promise<void> {
            const id = ++lastId;
            const answer = expectAnswer(id);
            worker.postMessage({ id, ...request }, request.type === 'write' ? [request.packed] : []);
            return answer;
        },
    };
}

const isLog = (file: string) => file.endsWith('-wal') || file.endsWith('-journal');

export const sqlite: EngineVariant = {
    name: 'node:sqlite',
    open: folder => open(folder, { journalMode: 'WAL', check: false }),
    isLog,
};

/** No log that outlives a commit, every page checked as it is read, the whole structure checked when it is opened. */
export const sqliteStrict: EngineVariant = {
    name: 'node:sqlite, TRUNCATE, integrity_check',
    open: folder => open(folder, { journalMode: 'TRUNCATE', check: true }),
    isLog,
};

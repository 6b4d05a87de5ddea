// The writing connection: commits wait for the disk, so they happen in a thread of their own.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { unpack, type SqliteAnswer, type SqliteRequest, type SqliteSettings } from './sqlite-messages.ts';

const { file, journalMode, check } = workerData as SqliteSettings;
const db = new DatabaseSync(file);
db.exec('PRAGMA page_size = 4096');
db.exec(`PRAGMA journal_mode = ${journalMode}; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536`);
if (check) {
    db.exec('PRAGMA cell_size_check = ON');
    const found = db.prepare('PRAGMA integrity_check').all()[0]?.['integrity_check'];
    if (found !== 'ok') throw new Error(`integrity_check: ${String(found)}`);
}
db.exec('CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID');
const put = db.prepare('INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');

function answer(request: SqliteRequest): SqliteAnswer {
    const { id } = request;
    try {
        switch (request.type) {
            case 'write':
                db.exec('BEGIN IMMEDIATE');
                try {
                    for (const { key, value } of unpack(request.packed)) put.run(key, value);
                    db.exec('COMMIT');
                } catch (error) {
                    if (db.isTransaction) db.exec('ROLLBACK');
                    throw error;
                }
                break;
            case 'compact':
                db.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
                break;
            case 'close':
                db.close();
                break;
        }
        return { id };
    } catch (error) {
        // An error that crosses as such loses its code.
        const { message, errcode: code } = error as Error & { errcode?: number };
        return { id, error: { message, code } };
    }
}

parentPort?.on('message', (request: SqliteRequest) => {
    parentPort?.postMessage(answer(request));
    if (request.type === 'close') parentPort?.close();
});
parentPort?.postMessage({ id: 0 } satisfies SqliteAnswer);

// LevelDB as it is used here: opened without ever replacing what is there, read in pieces, written in batches.
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { storageErrorOf } from '../file/system-errors.ts';
import {
    isListSpace,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type Write,
} from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import { checkedValue, listKey, nameOf, numberOf, spaceRange, valueKey, withCheck } from './entry-codec.ts';

export type Database = ClassicLevel<Uint8Array, Uint8Array>;
export type Operation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array };

/** Index and filter blocks of open tables and hot data stay in memory. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** Entries that cross from native code at once. */
const PIECE = 1000;

/** An existing database is never replaced by an empty one: that would remove all its files. */
export async function openDatabase(folder: string, create = false): Promise<Database> {
    const database: Database = new ClassicLevel(join(folder, 'db'), {
        keyEncoding: 'view',
        valueEncoding: 'view',
        createIfMissing: create,
        cacheSize: CACHE_BYTES,
    });
    try {
        await database.open();
        return database;
    } catch (error) {
        const cause = error instanceof Error ? error.cause : undefined;
        const text = cause instanceof Error ? cause.message : String(error);
        const meaning = storageErrorOf(cause, folder);
        if (meaning instanceof StorageError) throw meaning;
        throw new StorageError('STORAGE_DAMAGED', `The store in "${folder}" cannot be opened: ${text}`, {
            cause: error,
        });
    }
}

/** Entries of a list. @throws StorageError `STORAGE_DAMAGED` */
export async function listEntries(
    database: Database,
    space: ListSpace,
    key: string,
    { from = 0, before = Infinity, limit = Infinity, reverse = false }: ListRange = {},
): Promise<ListEntry[]> {
    const bounds = { gte: listKey(space, key, from), lt: listKey(space, key, before) };
    if (limit <= 0 || from >= before) return [];
    const entries: ListEntry[] = [];
    const iterator = database.iterator({ ...bounds, reverse, ...(limit < Infinity && { limit }) });
    try {
        for (;;) {
            const piece = await iterator.nextv(Math.min(PIECE, limit - entries.length));
            for (const [bytes, value] of piece)
                entries.push({ number: numberOf(bytes), value: checkedValue(bytes, value, `${space}/${key}`) });
            if (piece.length === 0 || entries.length >= limit) return entries;
        }
    } finally {
        await iterator.close();
    }
}

/** Names of a space, each once. */
export async function* keysOf(database: Database, space: Space): AsyncIterable<string> {
    const isList = isListSpace(space);
    const iterator = database.keys(spaceRange(space));
    let last: string | undefined;
    try {
        for (let piece = await iterator.nextv(PIECE); piece.length > 0; piece = await iterator.nextv(PIECE))
            for (const bytes of piece) {
                const name = nameOf(bytes, isList);
                if (name !== last) yield name;
                last = name;
            }
    } finally {
        await iterator.close();
    }
}

/** What writes are for the engine. */
export async function operationsOf(writes: readonly Write[], database: Database): Promise<Operation[]> {
    const operations: Operation[] = [];
    for (const write of writes) {
        const { space, key } = write;
        if (write.type === 'put') operations.push(put(valueKey(space, key), write.value));
        else if (write.type === 'delete') operations.push({ type: 'del', key: valueKey(space, key) });
        else if (write.type === 'append') operations.push(put(listKey(space, key, write.number), write.value));
        else {
            const range = { gte: listKey(space, key, 0), lt: listKey(space, key, write.before) };
            for await (const found of database.keys(range)) operations.push({ type: 'del', key: found });
        }
    }
    return operations;
}

export function put(key: Uint8Array, value: Uint8Array): Operation {
    return { type: 'put', key, value: withCheck(key, value) };
}

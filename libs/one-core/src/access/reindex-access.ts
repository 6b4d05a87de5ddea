import { contentTypeOfText } from '../microdata/content-type.ts';
import { ignoreBroken } from '../objects/object-errors.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { HeadMove } from '../objects/object-transaction.ts';
import { CLEARING, REBUILDING, REINDEXING, UNKNOWN, updateAccess, WANT } from './access-index.ts';
import { isLocal } from './reach.ts';
import type { Transaction } from '../storage/store.ts';
import type { HasBlob } from './subject-set.ts';

const DERIVED = /^(?:(?:grant|groups|members|set|want)\.|unknown$)/;
/** Present while something may have become known that nobody has looked at. */
const RECHECKING = 'rechecking';
const PRESENT = Uint8Array.of(1);
/** Keys that are removed, and grants that are applied, in one commit. */
const BATCH = 200;

/** Whether reindexing was begun and not ended: until then the index is incomplete. */
export async function isReindexing(objects: ObjectStore): Promise<boolean> {
    return (await objects.store.get('state', REINDEXING)) !== undefined;
}

/** Computes who may read what from nothing but the objects. After a crash it has to be done again. */
export async function reindexAccess(objects: ObjectStore, hasBlob: HasBlob): Promise<void> {
    const { store } = objects;
    await store.transact(async transaction => {
        transaction.put('state', REINDEXING, CLEARING);
        await Promise.resolve();
    });
    for await (const keys of inBatches(store.keys('state'), key => DERIVED.test(key)))
        await store.transact(async transaction => {
            for (const key of keys) transaction.delete('state', key);
            await Promise.resolve();
        });
    for await (const keys of inBatches(store.keys('logs'), key => key.startsWith('feed.')))
        await store.transact(async transaction => {
            for (const key of keys) transaction.trim('logs', key, Number.MAX_SAFE_INTEGER);
            await Promise.resolve();
        });
    await store.transact(async transaction => {
        transaction.put('state', REINDEXING, REBUILDING);
        await Promise.resolve();
    });
    const isLocal = async (idHash: string) => (await localTypeOf(objects, idHash)) !== undefined;
    for await (const ids of inBatches(store.keys('vheads'), isLocal))
        await objects.transact(async transaction => {
            const heads: HeadMove[] = [];
            for (const idHash of ids) {
                const type = await localTypeOf(objects, idHash);
                const head = await transaction.headNode(idHash).catch(ignoreBroken);
                if (type === undefined || head === undefined) continue;
                const obj = await transaction.read(head.node.data).catch(ignoreBroken);
                // A grant that cannot be read grants nothing (spec 22 §5.3); verify tells of it.
                if (obj === undefined) continue;
                heads.push({ idHash, type, obj, listed: head.hash });
            }
            await updateAccess(transaction, { stored: new Set(), heads }, hasBlob);
        });
    await store.transact(async transaction => {
        transaction.delete('state', REINDEXING);
        await Promise.resolve();
    });
}

/** To be called in the transaction that makes recipes known: until `recheckAccess` has ended, it has to be called. */
export function beginRecheck(transaction: Transaction): void {
    transaction.put('state', RECHECKING, PRESENT);
}

export async function isRechecking(objects: ObjectStore): Promise<boolean> {
    return (await objects.store.get('state', RECHECKING)) !== undefined;
}

/** Looks again at what was of an unknown type when it was granted, or linked by something granted. */
export async function recheckAccess(objects: ObjectStore, hasBlob: HasBlob): Promise<void> {
    const { store } = objects;
    if ((await store.get('state', UNKNOWN)) !== undefined)
        for await (const keys of inBatches(store.keys('state'), key => WANT.test(key))) {
            const stored = new Set(keys.map(key => WANT.exec(key)?.[1] ?? ''));
            await objects.transact(transaction => updateAccess(transaction, { stored, heads: [] }, hasBlob));
        }
    await store.transact(async transaction => {
        transaction.delete('state', RECHECKING);
        await Promise.resolve();
    });
}

async function localTypeOf(objects: ObjectStore, idHash: string): Promise<string | undefined> {
    const text = await objects.findText(idHash).catch(() => undefined);
    return text !== undefined && isLocal(text) ? contentTypeOfText(text).replace(/ \[ID\]$/, '') : undefined;
}

/** What passes a test, some at a time. */
async function* inBatches(
    keys: AsyncIterable<string>,
    test: (key: string) => boolean | Promise<boolean>,
): AsyncIterable<string[]> {
    let batch: string[] = [];
    for await (const key of keys) {
        if (!(await test(key))) continue;
        batch.push(key);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
    }
    if (batch.length > 0) yield batch;
}

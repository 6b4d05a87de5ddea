// Lists: entries under [key, number], in this order.
import type { ListEntry, ListRange, ListSpace } from '../storage-backend.ts';
import type { Database } from './database.ts';
import { damagedError } from './indexeddb-errors.ts';
import { answerTo } from './requests.ts';
import { bytesOf, PART } from './values.ts';

/** Most that a cursor skips at once. */
const MAX_ADVANCE = 2 ** 32 - 1;

/** Entries of one list, as they are at one moment. */
export async function readList(
    database: Database,
    [space, key]: [ListSpace, string],
    { from = 0, before = Infinity, limit = Infinity, reverse = false }: ListRange = {},
): Promise<ListEntry[]> {
    if (limit <= 0 || from >= before) return [];
    return database.read(space, async transaction => {
        const store = transaction.objectStore(space);
        const entries: ListEntry[] = [];
        let range = entriesOf(key, from, before);
        if (reverse && limit <= MAX_ADVANCE) {
            const first = await countedFromEnd(store, range, limit);
            if (first !== undefined) range = entriesOf(key, partsOf(database, first)[1], before);
        }
        for (;;) {
            const count = Math.min(PART, limit - entries.length);
            // Both at once only a cursor gives, and that with a message for each entry.
            const [keys, values] = await Promise.all([
                answerTo(store.getAllKeys(range, count)),
                answerTo<unknown[]>(store.getAll(range, count)),
            ]);
            let last = from;
            for (const [i, entryKey] of keys.entries()) {
                last = partsOf(database, entryKey)[1];
                entries.push({ number: last, value: bytesOf(database, values[i]) });
            }
            if (keys.length < count || entries.length >= limit) break;
            range = entriesOf(key, last, before, true);
        }
        return reverse ? entries.reverse() : entries;
    });
}

/** Each once, in parts: who iterates may take their time. The rest of a list that is longer than a part is skipped. */
export async function* listNames(database: Database, space: ListSpace): AsyncIterable<string> {
    let range: IDBKeyRange | undefined;
    for (;;) {
        const keys = await database.read(space, transaction =>
            answerTo(transaction.objectStore(space).getAllKeys(range, PART)),
        );
        const names = [...new Set(keys.map(key => partsOf(database, key)[0]))];
        yield* names;
        const last = names.at(-1);
        if (keys.length < PART || last === undefined) return;
        // Arrays come after all numbers.
        range = IDBKeyRange.lowerBound([last, []]);
    }
}

/** @param after without the first one */
function entriesOf(key: string, from: number, before: number, after = false): IDBKeyRange {
    return IDBKeyRange.bound([key, from], [key, before], after, true);
}

/** The key that is so many keys away from the end; undefined if there are fewer. */
async function countedFromEnd(
    store: IDBObjectStore,
    range: IDBKeyRange,
    count: number,
): Promise<IDBValidKey | undefined> {
    const request = store.openKeyCursor(range, 'prev');
    const last = await answerTo(request);
    if (last === null || count === 1) return last?.key;
    last.advance(count - 1);
    return (await answerTo(request))?.key;
}

function partsOf(database: Database, key: IDBValidKey): [string, number] {
    const [name, number]: (IDBValidKey | undefined)[] = Array.isArray(key) ? key : [];
    if (typeof name === 'string' && typeof number === 'number') return [name, number];
    throw damagedError(database.name, ': an entry of a list has no number');
}

// The list of a channel (spec 61 §4.1): entries from newer to older, equal times by the hash of the CreationTime, descending.
//
//   head → LinkedListEntry{data, metadata, previous} → … ;  data → CreationTime{timestamp, data}
//
// Deployed peers write lists in which an oldest entry stands on top, and entries twice: both are read as if they were not.
import { ensureHash, type ObjectReader, type ObjectTransaction, type SHA256Hash, type Typed } from '@refinio/one.core';
import {
    CreationTimeRecipe,
    LinkedListEntryRecipe,
    type CreationTime,
    type LinkedListEntry,
} from '../recipes/channel-recipes.ts';
import { readAs, storeObject } from '../typed-objects.ts';

export type EntryHash = SHA256Hash<LinkedListEntry>;

/** One entry, without what was posted. */
export interface ListedEntry {
    readonly entryHash: EntryHash;
    /** Stays the same wherever the post stands: its identity. */
    readonly creationTimeHash: SHA256Hash<CreationTime>;
    /** Milliseconds since 1970. */
    readonly timestamp: number;
    readonly dataHash: SHA256Hash;
    /** Undefined and empty are not the same in microdata. */
    readonly metadata: readonly SHA256Hash[] | undefined;
    readonly previous: EntryHash | undefined;
}

type Place = Pick<ListedEntry, 'timestamp' | 'creationTimeHash'>;

export function isNewer(a: Place, b: Place): boolean {
    return a.timestamp > b.timestamp || (a.timestamp === b.timestamp && a.creationTimeHash > b.creationTimeHash);
}

/** @throws ObjectStoreError `SB-READ2`, MicrodataError */
export async function readEntry(objects: ObjectReader, entryHash: EntryHash): Promise<ListedEntry> {
    const { data, metadata, previous } = await readAs(objects, LinkedListEntryRecipe, entryHash);
    const { timestamp, data: dataHash } = await readAs(objects, CreationTimeRecipe, data);
    return {
        ...{ entryHash, timestamp, dataHash, metadata },
        creationTimeHash: ensureHash<CreationTime>(data),
        previous: previous === undefined ? undefined : ensureHash<LinkedListEntry>(previous),
    };
}

/** As the list stands there, entries that come twice included. @throws as `readEntry` */
export async function* walk(objects: ObjectReader, head: EntryHash | undefined): AsyncGenerator<ListedEntry> {
    for (let at = head; at !== undefined;) {
        const entry = await readEntry(objects, at);
        yield entry;
        at = entry.previous;
    }
}

/**
 * Puts an entry where it belongs. Entries above it are written anew.
 * @returns the head; the same as before if the post is there already
 * @throws as `readEntry`
 */
export async function insertEntry(
    objects: ObjectTransaction,
    head: EntryHash | undefined,
    entry: Pick<ListedEntry, 'timestamp' | 'creationTimeHash' | 'metadata'>,
): Promise<EntryHash | undefined> {
    const above: ListedEntry[] = [];
    let rest: ListedEntry | undefined;
    for await (const each of walk(objects, head)) {
        if (each.creationTimeHash === entry.creationTimeHash) return head;
        if (!isNewer(each, entry)) {
            rest = each;
            break;
        }
        above.push(each);
    }
    let previous = rest?.entryHash;
    for (const each of [entry, ...above.reverse()]) previous = await storeEntry(objects, each, previous);
    return previous;
}

/** @param previous what it stands on */
export function storeEntry(
    objects: ObjectTransaction,
    { creationTimeHash, metadata }: Pick<ListedEntry, 'creationTimeHash' | 'metadata'>,
    previous: EntryHash | undefined,
): Promise<EntryHash> {
    return storeObject<LinkedListEntry>(objects, {
        $type$: 'LinkedListEntry',
        data: creationTimeHash,
        ...(metadata !== undefined && { metadata: metadata as readonly SHA256Hash<Typed>[] }),
        ...(previous !== undefined && { previous }),
    });
}

// The change feed of one subject of grants (spec 90 §3): what became accessible and what no more, in the order of the commits.
//
//   logs/feed.<subject>    number: of the commit × 2^20 + place          value: type (1 byte) ‖ hash (32), for 'n' ‖ ID hash (32)
//
//   o / O   an object was granted by Access / no more            hash: the object
//   i / I   an ID was granted by IdAccess / no more              hash: the ID hash; its listed versions belong to it
//   n       a granted ID has a new listed version                hash: the version node
//   a       something granted, that was missing, arrived         hash: its hash or ID hash
//   g / G   the person joined / left a group                     hash: the group, whose own feed counts from here on / no more
//
// Old content below a new grant has the number of the grant: cursors are never set back, and nothing is filtered by time.
import { hexToUint8Array, uint8ArrayToHex } from '../crypto/hex.ts';
import { MAX_ORDERED_ENTRIES } from '../limits.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import type { Transaction } from '../storage/store.ts';
import { HASH_BYTES } from '../hash-list.ts';

export type FeedChange =
    | {
          readonly type: 'object' | 'objectLost' | 'id' | 'idLost' | 'arrived' | 'group' | 'groupLost';
          readonly hash: string;
      }
    | { readonly type: 'node'; readonly hash: string; readonly idHash: string };

export type FeedEntry = FeedChange & {
    /** Of the entry; a cursor is the number of the last entry that was dealt with. */
    readonly number: number;
};

const codes: Readonly<Record<FeedChange['type'], string>> = {
    object: 'o',
    objectLost: 'O',
    id: 'i',
    idLost: 'I',
    node: 'n',
    arrived: 'a',
    group: 'g',
    groupLost: 'G',
};
const types = new Map(Object.entries(codes).map(([type, code]) => [code.charCodeAt(0), type as FeedChange['type']]));

const feedName = (subject: string): string => `feed.${subject}`;

/** Number of the commit that an entry of a feed belongs to. */
export function commitOf(number: number): number {
    return Math.floor(number / MAX_ORDERED_ENTRIES);
}

export function appendToFeed(transaction: Transaction, subject: string, number: number, change: FeedChange): void {
    const hashes = change.type === 'node' ? change.hash + change.idHash : change.hash;
    const value = new Uint8Array(1 + hashes.length / 2);
    value[0] = codes[change.type].charCodeAt(0);
    value.set(hexToUint8Array(hashes), 1);
    transaction.append('logs', feedName(subject), number, value);
}

/**
 * Entries behind a cursor, oldest first.
 * @param after number of the last entry that is known; 0 for none
 * @throws StorageError `STORAGE_DAMAGED`
 */
export async function readFeed(
    reader: Pick<StorageReader, 'list'>,
    subject: string,
    after: number,
    limit: number,
): Promise<FeedEntry[]> {
    const entries = await reader.list('logs', feedName(subject), { from: after + 1, limit });
    return entries.map(({ number, value }) => {
        const type = types.get(value[0] ?? 0);
        if (type === undefined || value.length !== 1 + (type === 'node' ? 2 : 1) * HASH_BYTES)
            throw new StorageError('STORAGE_DAMAGED', `Entry ${number} of a change feed is damaged; run reindex`);
        const hash = uint8ArrayToHex(value.subarray(1, 1 + HASH_BYTES));
        return type === 'node'
            ? { number, type, hash, idHash: uint8ArrayToHex(value.subarray(1 + HASH_BYTES)) }
            : { number, type, hash };
    });
}

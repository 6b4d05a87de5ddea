// The change journal (DESIGN §3.1): every commit that changes objects has a number, and an entry that says what is new.
//
//   logs/journal   number: 1, 2, 3 … without gaps          value: one record per object, in the order of storing
//   record         kind (1 byte) ‖ hash (32 bytes), for 'v' ‖ ID hash (32) ‖ node (32)
//   state/epoch    32 hexadecimal digits: numbers of another epoch say nothing about this store
//
// An epoch begins when a store is created, restored, imported or reindexed.
import { createRandomString } from '../crypto/random.ts';
import { hexToUint8Array, uint8ArrayToHex } from '../crypto/hex.ts';
import { MAX_ORDERED_ENTRIES } from '../limits.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import type { Transaction } from '../storage/store.ts';

/** Something that a commit has stored for the first time, or the new head of an ID. */
export type JournalRecord =
    | { readonly kind: 'object' | 'idObject' | 'rawVersion' | 'clob' | 'blob'; readonly hash: string }
    /** `node` is the new head; `hash` its data. */
    | { readonly kind: 'version'; readonly hash: string; readonly idHash: string; readonly node: string };

export interface JournalEntry {
    readonly number: number;
    readonly records: readonly JournalRecord[];
}

export const JOURNAL = 'journal';
const EPOCH = 'epoch';
const HASH = 32;
const codes: Readonly<Record<JournalRecord['kind'], string>> = {
    object: 'o',
    idObject: 'i',
    rawVersion: 'r',
    clob: 'c',
    blob: 'b',
    version: 'v',
};
const kinds = new Map(Object.entries(codes).map(([kind, code]) => [code.charCodeAt(0), kind]));

export function createEpoch(): string {
    return createRandomString(32, true);
}

/** The epoch of a store; undefined before its first commit. */
export async function readEpoch(reader: Pick<StorageReader, 'get'>): Promise<string | undefined> {
    const value = await reader.get('state', EPOCH);
    return value && new TextDecoder().decode(value);
}

export function writeEpoch(transaction: Transaction, epoch: string): void {
    transaction.put('state', EPOCH, new TextEncoder().encode(epoch));
}

/** Entries behind a number, oldest first. @throws StorageError `STORAGE_DAMAGED` */
export async function readJournal(
    reader: Pick<StorageReader, 'list'>,
    after: number,
    limit: number,
): Promise<JournalEntry[]> {
    const entries = await reader.list('logs', JOURNAL, { from: after + 1, limit });
    return entries.map(({ number, value }) => ({ number, records: decodeRecords(number, value) }));
}

/**
 * Numbers of what one commit writes to ordered lists (reverse maps, feeds): greater than those of all commits before, and in
 * the order of writing.
 */
export class CommitNumbers {
    readonly journal: number;
    #next = 0;

    constructor(journal: number) {
        this.journal = journal;
    }

    next(): number {
        if (this.#next >= MAX_ORDERED_ENTRIES)
            throw new RangeError(`One commit writes at most ${MAX_ORDERED_ENTRIES} entries of reverse maps and feeds.`);
        return this.journal * MAX_ORDERED_ENTRIES + this.#next++;
    }
}

export function encodeRecords(records: readonly JournalRecord[]): Uint8Array {
    const size = records.reduce((sum, { kind }) => sum + 1 + (kind === 'version' ? 3 : 1) * HASH, 0);
    const bytes = new Uint8Array(size);
    let at = 0;
    const add = (hash: string): void => {
        bytes.set(hexToUint8Array(hash), at);
        at += HASH;
    };
    for (const record of records) {
        bytes[at++] = codes[record.kind].charCodeAt(0);
        add(record.hash);
        if (record.kind !== 'version') continue;
        add(record.idHash);
        add(record.node);
    }
    return bytes;
}

function decodeRecords(number: number, bytes: Uint8Array): JournalRecord[] {
    const records: JournalRecord[] = [];
    let at = 0;
    const hash = (): string => uint8ArrayToHex(bytes.slice(at, (at += HASH)));
    while (at < bytes.length) {
        const kind = kinds.get(bytes[at++] ?? 0) as JournalRecord['kind'] | undefined;
        if (kind === undefined || at + (kind === 'version' ? 3 : 1) * HASH > bytes.length)
            throw new StorageError('STORAGE_DAMAGED', `Entry ${number} of the journal is damaged; run verify`);
        records.push(
            kind === 'version' ? { kind, hash: hash(), idHash: hash(), node: hash() } : { kind, hash: hash() },
        );
    }
    return records;
}

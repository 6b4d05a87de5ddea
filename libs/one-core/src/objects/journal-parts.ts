// Walking through the journal in parts of a bounded size, however large single commits were.
import { JOURNAL_READ_AT_ONCE, MAX_PART_RECORDS } from '../limits.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import { readJournal, type JournalEntry } from './journal.ts';

/** Behind the entry of a number, and so many records of the next one. */
export interface JournalPosition {
    readonly number: number;
    readonly records: number;
}

export interface JournalPart {
    /** An entry with more records than fit is cut: what is left comes next, under the same number. */
    readonly entries: readonly JournalEntry[];
    /** Where the next part begins. */
    readonly behind: JournalPosition;
}

/**
 * Entries behind a position.
 * @param until number of the last entry that is of interest
 * @param limit most entries
 * @throws StorageError `STORAGE_DAMAGED`
 */
export async function readJournalPart(
    reader: Pick<StorageReader, 'list'>,
    from: JournalPosition,
    until: number,
    limit: number,
): Promise<JournalPart> {
    const entries: JournalEntry[] = [];
    let behind = from;
    let room = MAX_PART_RECORDS;
    while (entries.length < limit && behind.number < until) {
        const count = Math.min(limit - entries.length, until - behind.number, JOURNAL_READ_AT_ONCE);
        const read = await readJournal(reader, behind.number, count);
        for (const { number, records } of read) {
            const rest = records.slice(behind.records);
            // Cut is only what would not fit into a part of its own.
            if (entries.length > 0 && rest.length > room) return { entries, behind };
            const taken = rest.slice(0, room);
            entries.push({ number, records: taken });
            room -= taken.length;
            if (taken.length < rest.length)
                return { entries, behind: { number: number - 1, records: behind.records + taken.length } };
            behind = { number, records: 0 };
        }
        if (read.length < count) break;
    }
    return { entries, behind };
}

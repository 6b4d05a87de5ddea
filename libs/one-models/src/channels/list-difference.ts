import type { ObjectReader } from '@refinio/one.core';
import { isNewer, readEntry, type EntryHash, type ListedEntry } from './channel-list.ts';

export interface ListDifference {
    /** Newest first; posts that were only moved are not among them. */
    readonly added: readonly ListedEntry[];
    /** False: there are more, older ones. */
    readonly isComplete: boolean;
}

/**
 * What a list has that it had not before. Both are walked to their first common entry: what is below is the same.
 * @param limit of entries that are looked at
 * @throws ObjectStoreError `SB-READ2`, MicrodataError
 */
export async function listDifference(
    objects: ObjectReader,
    before: EntryHash | undefined,
    after: EntryHash | undefined,
    limit: number,
): Promise<ListDifference> {
    const at = async (hash: EntryHash | undefined): Promise<ListedEntry | undefined> =>
        hash === undefined ? undefined : readEntry(objects, hash);
    let [old, current] = await Promise.all([at(before), at(after)]);
    const known = new Set<string>();
    const above: ListedEntry[] = [];
    for (let looked = 0; current !== undefined && current.entryHash !== old?.entryHash; looked++) {
        if (looked >= limit) return { added: newOnes(above, known), isComplete: false };
        // The newer one first, so that both are at the common entry at the same time.
        if (old !== undefined && isNewer(old, current)) {
            known.add(old.creationTimeHash);
            old = await at(old.previous);
        } else {
            above.push(current);
            if (current.creationTimeHash === old?.creationTimeHash) {
                known.add(old.creationTimeHash);
                old = await at(old.previous);
            }
            current = await at(current.previous);
        }
    }
    return { added: newOnes(above, known), isComplete: true };
}

/** Each once. */
function newOnes(entries: readonly ListedEntry[], known: Set<string>): ListedEntry[] {
    return entries.filter(({ creationTimeHash }) => {
        if (known.has(creationTimeHash)) return false;
        known.add(creationTimeHash);
        return true;
    });
}

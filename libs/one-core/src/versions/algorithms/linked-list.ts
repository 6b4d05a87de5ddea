// LinkedListCrdtAlgorithm (spec 21 §6.5): joins two chains of LinkedListEntry, newest first, ordered by the key (timestamp,
// hash of the CreationTime). Everything below the first common entry is reused.
import { isHash } from '../../hashes.ts';
import { MergeError } from '../merge-errors.ts';
import type { ObjectAccess } from '../object-access.ts';

interface Entry {
    readonly hash: string;
    readonly timestamp: number;
    readonly creationTimeHash: string;
    readonly metadata: unknown;
    readonly previous: unknown;
}

/** Head of the joined list. */
export async function mergeLists(access: ObjectAccess, first: unknown, second: unknown): Promise<unknown> {
    let [a, b] = [await entryAt(access, first), await entryAt(access, second)];
    const emitted: Entry[] = [];
    let previousKey = '';
    while (a !== undefined || b !== undefined) {
        if (a?.hash === b?.hash) b = undefined;
        const last = a === undefined || b === undefined;
        const takeB: boolean =
            b !== undefined &&
            (a === undefined ||
                b.timestamp > a.timestamp ||
                (b.timestamp === a.timestamp && b.creationTimeHash >= a.creationTimeHash));
        const taken = takeB ? b : a;
        if (taken === undefined) break;
        if (takeB) b = await entryAt(access, taken.previous);
        else a = await entryAt(access, taken.previous);
        const key = `${taken.timestamp} ${taken.creationTimeHash}`;
        if (key === previousKey) continue;
        emitted.push(taken);
        if (last) break;
        previousKey = key;
    }
    const tail = emitted.pop();
    let head: unknown = tail?.hash;
    for (const { creationTimeHash, metadata } of emitted.reverse())
        head = await access.store({
            $type$: 'LinkedListEntry',
            data: creationTimeHash,
            ...(metadata !== undefined && { metadata }),
            previous: head,
        });
    return head;
}

async function entryAt(access: ObjectAccess, hash: unknown): Promise<Entry | undefined> {
    if (hash === undefined) return undefined;
    if (!isHash(hash))
        throw new MergeError('MERGE_LIST_INVALID', 'A list of a channel is broken: an entry has no hash');
    const { data, metadata, previous } = await access.read(hash);
    const creationTimeHash = String(data);
    const { timestamp } = await access.read(creationTimeHash);
    return { hash, timestamp: Number(timestamp), creationTimeHash, metadata, previous };
}

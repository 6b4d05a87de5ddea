import type { ListEntry, ListRange } from './storage-backend.ts';

/** The entries of a range; `entries` are in ascending order of their numbers. */
export function inRange(
    entries: readonly ListEntry[],
    { from = 0, before = Infinity, limit = Infinity, reverse = false }: ListRange = {},
): ListEntry[] {
    const first = firstFrom(entries, from);
    const end = before === Infinity ? entries.length : firstFrom(entries, before);
    if (!reverse) return entries.slice(first, Math.min(end, first + limit));
    return entries.slice(Math.max(first, end - limit), Math.max(first, end)).reverse();
}

/** Index of the first entry with at least this number. */
function firstFrom(entries: readonly ListEntry[], number: number): number {
    let [low, high] = [0, entries.length];
    while (low < high) {
        const middle = (low + high) >>> 1;
        if ((entries[middle]?.number ?? Infinity) < number) low = middle + 1;
        else high = middle;
    }
    return low;
}

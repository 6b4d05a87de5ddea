// Lists are JSON inside of a text (spec 40 §3): messages are measured before they are parsed, but not what stands in their texts.
import { ChumError } from './chum-errors.ts';
import { excessOf } from './json-measure.ts';

/**
 * Undefined for what is no JSON array.
 * @param what of the error: `The list of …`
 * @param maxEntries of the list
 * @param members of one entry, so that lists of anything else cost no more
 * @throws ChumError `CHUM_TOO_LARGE`
 */
export function parseListText(
    text: string,
    { what, maxEntries, members }: { what: string; maxEntries: number; members: number },
): readonly unknown[] | undefined {
    // An entry counts once, as do its members but the first and the comma behind it.
    if (excessOf(text, maxEntries * (members + 1)) !== undefined) throw tooLong(what, maxEntries);
    const list = parseJson(text);
    if (!Array.isArray(list)) return undefined;
    if (list.length > maxEntries) throw tooLong(what, maxEntries);
    return list as unknown[];
}

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

function tooLong(what: string, maxEntries: number): ChumError {
    return new ChumError(
        'CHUM_TOO_LARGE',
        `${what} has more than ${maxEntries} entries, or entries with too much in them`,
    );
}

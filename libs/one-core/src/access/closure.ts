// What can be reached from an object (spec 22 §6).
import type { ObjectReader } from '../objects/object-reader.ts';
import type { Link } from '../objects/links.ts';
import { nextTurn } from '../next-turn.ts';
import { isLocal } from './reach.ts';

/** Objects that are read before others get a turn. */
const READ_AT_ONCE = 500;

export interface ClosureOptions {
    /** Whether something is left out, with what only it leads to; asked once for each object and ID object. */
    readonly leaveOut?: (hash: string) => boolean;
}

/**
 * Everything that is reachable over links, each before what it needs stands after it: from the far end, so that a receiver
 * finds every entry behind the entries that it needs. A version node leads to its whole older history. Objects that never
 * leave this instance are left out.
 * @param hash of an object, or an ID hash: then the links of the ID object count
 * @throws ObjectStoreError `SB-READ2` if an object is missing; BLOBs and CLOBs are not looked for
 */
export async function closureOf(
    objects: ObjectReader,
    hash: string,
    { leaveOut = () => false }: ClosureOptions = {},
): Promise<Link[]> {
    const seen = new Set<string>();
    const closure: Link[] = [];
    let read = 1;
    // Depth first without recursion: histories are long.
    const open: { readonly self: Link | undefined; readonly links: readonly Link[]; next: number }[] = [
        { self: undefined, links: await objects.linksAt(hash, await objects.text(hash)), next: 0 },
    ];
    for (let visit = open.at(-1); visit !== undefined; visit = open.at(-1)) {
        const link = visit.links[visit.next++];
        if (link === undefined) {
            open.pop();
            if (visit.self !== undefined) closure.push(visit.self);
            continue;
        }
        // No object leads back to itself: what was seen is listed, or left out.
        if (seen.has(link.hash)) continue;
        seen.add(link.hash);
        if (link.type === 'blob' || link.type === 'clob') closure.push(link);
        else if (!leaveOut(link.hash)) {
            if (++read % READ_AT_ONCE === 0) await nextTurn();
            const text = await objects.text(link.hash);
            if (!isLocal(text)) open.push({ self: link, links: await objects.linksAt(link.hash, text), next: 0 });
        }
    }
    return closure.reverse();
}

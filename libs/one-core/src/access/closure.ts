// What can be reached from an object (spec 22 §6).
import type { ObjectReader } from '../objects/object-reader.ts';
import type { Link } from '../objects/links.ts';

/**
 * Everything that is reachable over links, each before what it needs stands after it: from the far end, so that a receiver
 * finds every entry behind the entries that it needs. A version node leads to its whole older history.
 * @param hash of an object, or an ID hash: then the links of the ID object count
 * @throws ObjectStoreError `SB-READ2` if an object is missing; BLOBs and CLOBs are not looked for
 */
export async function closureOf(objects: ObjectReader, hash: string): Promise<Link[]> {
    const listed = new Set<string>();
    const closure: Link[] = [];
    // Depth first without recursion: histories are long.
    const open: { readonly self: Link | undefined; readonly links: readonly Link[]; next: number }[] = [
        { self: undefined, links: objects.linksOf(await objects.text(hash)), next: 0 },
    ];
    for (let visit = open.at(-1); visit !== undefined; visit = open.at(-1)) {
        const link = visit.links[visit.next++];
        if (link === undefined) {
            open.pop();
            if (visit.self === undefined) continue;
            listed.add(visit.self.hash);
            closure.push(visit.self);
        } else if (!listed.has(link.hash)) {
            const isText = link.type === 'object' || link.type === 'id';
            open.push({ self: link, links: isText ? objects.linksOf(await objects.text(link.hash)) : [], next: 0 });
        }
    }
    return closure.reverse();
}

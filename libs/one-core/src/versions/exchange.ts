// For tests: what synchronization does with the versions of one ID (spec 21 §9).
import { linksOf } from '../objects/links.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { importFetched, type MergeChoice } from './fetched-nodes.ts';

/**
 * One peer takes over what another one offers.
 * @returns how many nodes were new to it
 */
export async function pull(own: ObjectStore, from: ObjectStore, idHash: string, choice?: MergeChoice): Promise<number> {
    const offered = (await from.getVersionsNodes(idHash)) ?? [];
    const old = new Set<string>();
    for await (const hash of own.reader.keys('objects')) old.add(hash);
    const nodes = offered.filter(({ hash }) => !old.has(hash));
    for (const { hash } of nodes) await copyTree(own, from, hash);
    await importFetched(own, { nodes, ...(choice && { choice }), isOld: hash => old.has(hash) });
    return nodes.length;
}

/** Copies an object with everything that it leads to, which is first. */
async function copyTree(own: ObjectStore, from: ObjectStore, hash: string): Promise<void> {
    if ((await own.findText(hash)) !== undefined) return;
    const text = await from.text(hash);
    for (const link of linksOf(text)) if (link.type === 'object') await copyTree(own, from, link.hash);
    const object = own.microdata.parse(text);
    if (own.microdata.recipes.isVersioned(object.$type$)) await own.storeVersionedObject(object, 'no-version-map');
    else await own.storeUnversionedObject(object);
}

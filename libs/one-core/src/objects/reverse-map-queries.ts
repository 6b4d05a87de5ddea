// Queries over reverse maps (spec 22 §2.3).
import { isHash } from '../hashes.ts';
import { ignoreBroken, ObjectStoreError } from './object-errors.ts';
import type { ObjectReader } from './object-reader.ts';
import { readReverseMap } from './reverse-map.ts';

/** The current version of something that links to a target. */
export interface LatestEntry {
    readonly hash: string;
    readonly idHash: string;
    /** Creation time of its version node, milliseconds since 1970. */
    readonly timestamp: number;
}

/** Objects of a type that link to a hash, in the order of storing. @throws ObjectStoreError `RMQ-AE1` */
export async function getAllEntries(objects: ObjectReader, target: string, type: string): Promise<string[]> {
    ensureQuery(objects, 'RMQ-AE1', target, type);
    return readReverseMap(objects.reader, target, 'Object', type);
}

/** ID objects of a type that link to a hash. @throws ObjectStoreError `RMQ-AE2` */
export async function getAllIdObjectEntries(objects: ObjectReader, target: string, type: string): Promise<string[]> {
    ensureQuery(objects, 'RMQ-AE2', target, type);
    return readReverseMap(objects.reader, target, 'IdObject', type);
}

/**
 * Of `getAllEntries` the current versions.
 * @param createdAfter only those whose version node is younger, milliseconds since 1970
 * @throws ObjectStoreError `RMQ-AE1`; `RMQ-AVMC1` for a type without versions
 */
export async function getOnlyLatestReferencingObjsHashAndId(
    objects: ObjectReader,
    target: string,
    type: string,
    createdAfter = 0,
): Promise<LatestEntry[]> {
    ensureQuery(objects, 'RMQ-AE1', target, type);
    if (!objects.microdata.recipes.isVersioned(type))
        throw new ObjectStoreError('RMQ-AVMC1', `"${type}" has no versions, so that none of them is the latest`);
    const latest: LatestEntry[] = [];
    for (const hash of await readReverseMap(objects.reader, target, 'Object', type)) {
        const obj = await objects.read(hash).catch(ignoreBroken);
        // One broken version must not hide all others.
        if (obj === undefined) continue;
        const idHash = await objects.microdata.idHash(obj, { lossy: true });
        // An object without version graph has no latest version.
        const head = await objects.headNode(idHash).catch(ignoreBroken);
        if (head === undefined || head.node.data !== (hash as unknown) || head.node.creationTime <= createdAfter)
            continue;
        latest.push({ hash, idHash, timestamp: head.node.creationTime });
    }
    return latest;
}

/** @throws as `getOnlyLatestReferencingObjsHashAndId` */
export async function getOnlyLatestReferencingObjsHash(
    objects: ObjectReader,
    target: string,
    type: string,
    createdAfter = 0,
): Promise<string[]> {
    return (await getOnlyLatestReferencingObjsHashAndId(objects, target, type, createdAfter)).map(({ hash }) => hash);
}

function ensureQuery(objects: ObjectReader, code: 'RMQ-AE1' | 'RMQ-AE2', target: string, type: string): void {
    if (!isHash(target)) throw new ObjectStoreError(code, 'What is linked to must be named by a hash');
    if (!objects.microdata.recipes.has(type)) throw new ObjectStoreError(code, `There is no recipe "${type}"`);
}

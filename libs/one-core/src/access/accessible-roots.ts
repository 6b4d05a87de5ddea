// What a person may ask for (spec 22 §5), computed from the reverse maps.
import { contentTypeOfText } from '../microdata/content-type.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { ignoreBroken } from '../objects/object-errors.ts';
import { getOnlyLatestReferencingObjsHashAndId } from '../objects/reverse-map-queries.ts';
import type { Access, Group, IdAccess } from '../recipes/core-recipes.ts';
import { listVersionNodes } from '../versions/version-nodes.ts';

/** Why somebody has access: for diagnosis on this device. */
export interface AccessReasons {
    /** Names of groups. */
    readonly groups: readonly string[];
    /** The person, if it is named itself. */
    readonly person?: string;
}

/** What may be asked for, with everything that is reachable from it (spec 40 §4). Members in the order of the wire. */
export type AccessibleRoot =
    | { readonly type: 'unversioned'; readonly hash: string; readonly oneType: string }
    | { readonly type: 'versioned'; readonly hash: string; readonly idHash: string; readonly oneType: string }
    | { readonly type: 'id'; readonly idHash: string; readonly oneType: string }
    | {
          readonly type: 'version_node';
          readonly node: string;
          readonly dataIdHash: string;
          readonly dataType: string;
      };

/** Whether a grant counts: hash of an Access or IdAccess version, or ID hash of a group. */
export type ObjectFilter = (hash: string, type: 'Access' | 'IdAccess' | 'Group') => Promise<boolean>;

export interface AccessibleRootsOptions {
    readonly objectFilter?: ObjectFilter | undefined;
    /** False only to compute what a deployed peer without filter does (spec 22 §5.2). */
    readonly groups?: boolean;
}

/** Types that are local to an instance: peers refuse them, so that they are never given to any (spec 22 §3). */
export const LOCAL_TYPES: ReadonlySet<string> = new Set(['Access', 'IdAccess', 'Group']);

/** The roots of a person, each once, direct grants first. Grants whose target is missing or no object are left out. */
export async function accessibleRoots(
    objects: ObjectReader,
    person: string,
    options: AccessibleRootsOptions = {},
): Promise<(AccessibleRoot & { readonly accessReasons: AccessReasons })[]> {
    const { objectFilter: filter = () => Promise.resolve(true), groups = true } = options;
    const roots = new Map<string, { root: AccessibleRoot; groups: Set<string>; person: boolean }>();
    const add = (root: AccessibleRoot, group: string | undefined): void => {
        const key = keyOf(root);
        const known = roots.get(key) ?? { root, groups: new Set(), person: false };
        if (group === undefined) known.person = true;
        else known.groups.add(group);
        roots.set(key, known);
    };
    for (const { subject, group } of await subjectsOf(objects, person, groups ? filter : undefined)) {
        for (const { hash } of await getOnlyLatestReferencingObjsHashAndId(objects, subject, 'Access'))
            if (await filter(hash, 'Access')) {
                const root = await objectRoot(objects, ((await objects.read(hash)) as unknown as Access).object);
                if (root !== undefined) add(root, group);
            }
        for (const { hash } of await getOnlyLatestReferencingObjsHashAndId(objects, subject, 'IdAccess'))
            if (await filter(hash, 'IdAccess'))
                for (const root of (await idRoots(objects, ((await objects.read(hash)) as unknown as IdAccess).id))
                    .roots)
                    add(root, group);
    }
    return [...roots.values()].map(({ root, groups: names, person: own }) => ({
        ...root,
        accessReasons: { groups: [...names], ...(own && { person }) },
    }));
}

/** The root of an Access object's target; undefined for what cannot be given to anybody. */
export async function objectRoot(objects: ObjectReader, hash: string): Promise<AccessibleRoot | undefined> {
    const oneType = await typeOf(objects, hash);
    if (oneType === undefined || LOCAL_TYPES.has(oneType) || oneType.endsWith(' [ID]')) return undefined;
    if (!objects.microdata.recipes.isVersioned(oneType)) return { type: 'unversioned', hash, oneType };
    const idHash = await objects.microdata.idHash(await objects.read(hash), { lossy: true });
    return { type: 'versioned', hash, idHash, oneType };
}

/**
 * The roots of an IdAccess object's target: the ID object and the listed versions. `complete` is false if the history is
 * damaged; then no version is a root.
 */
export async function idRoots(
    objects: ObjectReader,
    idHash: string,
): Promise<{ roots: AccessibleRoot[]; complete: boolean }> {
    const type = await typeOf(objects, idHash);
    const oneType = type?.endsWith(' [ID]') === true ? type.slice(0, -' [ID]'.length) : undefined;
    if (oneType === undefined || LOCAL_TYPES.has(oneType)) return { roots: [], complete: true };
    const head = await objects.head(idHash);
    const nodes =
        head === undefined ? [] : await listVersionNodes(node => objects.read(node), head).catch(ignoreBroken);
    const versions = (nodes ?? []).map(({ hash }): AccessibleRoot => ({
        type: 'version_node',
        node: hash,
        dataIdHash: idHash,
        dataType: oneType,
    }));
    return { roots: [{ type: 'id', idHash, oneType }, ...versions], complete: nodes !== undefined };
}

export function keyOf(root: AccessibleRoot): string {
    return root.type === 'version_node' ? root.node : root.type === 'id' ? root.idHash : root.hash;
}

/** Content type of an object of a known type; undefined for what is missing, damaged, a BLOB, a CLOB, or looks like one only. */
export async function typeOf(objects: ObjectReader, hash: string): Promise<string | undefined> {
    try {
        const text = await objects.findText(hash);
        if (text === undefined) return undefined;
        const type = contentTypeOfText(text);
        if (type === 'CLOB' || (await objects.isRaw(hash))) return undefined;
        objects.microdata[type.endsWith(' [ID]') ? 'parseId' : 'parse'](text);
        return type;
    } catch (error) {
        ignoreBroken(error);
        return;
    }
}

async function subjectsOf(
    objects: ObjectReader,
    person: string,
    filter: ObjectFilter | undefined,
): Promise<{ subject: string; group?: string }[]> {
    const subjects: { subject: string; group?: string }[] = [{ subject: person }];
    if (filter === undefined) return subjects;
    for (const { hash, idHash } of await getOnlyLatestReferencingObjsHashAndId(objects, person, 'Group'))
        if (await filter(idHash, 'Group'))
            subjects.push({ subject: idHash, group: ((await objects.read(hash)) as unknown as Group).name });
    return subjects;
}

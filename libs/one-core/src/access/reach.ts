import type { ObjectReader } from '../objects/object-reader.ts';
import { keyOf, LOCAL_TYPES, type AccessibleRoot } from './accessible-roots.ts';

/**
 * All hashes and ID hashes that can be read starting from roots (spec 22 §6), as far as they are here. The whole
 * computation, for inspection: what answers peers is kept up to date by `AccessIndex`.
 */
export async function reachOf(
    objects: ObjectReader,
    roots: readonly AccessibleRoot[],
    hasBlob: (hash: string) => Promise<boolean>,
): Promise<Set<string>> {
    const reached = new Set<string>();
    const expanded = new Set<string>();
    const open = roots.flatMap(root => (root.type === 'versioned' ? [root.hash, root.idHash] : [keyOf(root)]));
    for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
        if (expanded.has(hash)) continue;
        expanded.add(hash);
        const text = await objects.findText(hash).catch(() => undefined);
        if (text === undefined ? !(await hasBlob(hash)) : isLocal(text) && !(await objects.isRaw(hash))) continue;
        reached.add(hash);
        if (text === undefined) continue;
        for (const link of await objects.linksAt(hash, text))
            if (link.type === 'object' || link.type === 'id') open.push(link.hash);
            else if (await mayReadAsBlob(objects, link.hash, hasBlob)) reached.add(link.hash);
    }
    return reached;
}

/** What is linked as a BLOB or CLOB may be read alone, unless it is an object that never leaves this instance. */
async function mayReadAsBlob(
    objects: ObjectReader,
    hash: string,
    hasBlob: (hash: string) => Promise<boolean>,
): Promise<boolean> {
    const value = await objects.reader.get('objects', hash);
    if (value === undefined) return hasBlob(hash);
    return !isLocal(new TextDecoder().decode(value)) || (await objects.isRaw(hash));
}

const FRAME = /^<div (?:data-id-object="true" )?itemscope itemtype="\/\/refin\.io\/([^"]*)">/;

/** Whether a text is that of a type that never leaves this instance. Bytes that came as a BLOB or CLOB may look so, too. */
export function isLocal(text: string): boolean {
    const [, type = ''] = FRAME.exec(text) ?? [];
    return LOCAL_TYPES.has(type);
}

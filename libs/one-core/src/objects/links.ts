// Links (spec 22 §1): all hashes in properties of the four reference types. Microdata has them in link order, and in no
// other place: "<" never stands unescaped in a text.
import type { ItemType, Rule } from '../recipes/grammar.ts';
import { STRING } from '../versions/object-access.ts';

export type LinkType = 'object' | 'id' | 'blob' | 'clob';

export interface Link {
    readonly type: LinkType;
    /** Hash, or for `id` ID hash. */
    readonly hash: string;
}

const LINK = /<a (?:itemprop="[^"]*" )?data-type="(obj|id|blob|clob)">([0-9a-f]{64})<\/a>/g;
/** Segment before the key of a map that is a reference. */
const MAP_KEY = '!key!';

/** The links of an object or ID object by its microdata, in link order, repeated ones included. */
export function linksOf(microdata: string): Link[] {
    const links: Link[] = [];
    for (const [, type, hash = ''] of microdata.matchAll(LINK))
        links.push({ type: type === 'obj' ? 'object' : (type as LinkType), hash });
    return links;
}

/**
 * Hashes that are linked at a path with an enabled name in it (spec 22 §2). Of a hash that is linked several times, only the
 * last path counts.
 * @param object as it is read: sets and bags in stored order
 */
export function linkedAt(object: object, rules: readonly Rule[], names: ReadonlySet<string>): Set<string> {
    const last = new Map<string, boolean>();
    const link = (hash: string, enabled: boolean): void => {
        last.delete(hash);
        last.set(hash, enabled);
    };
    const visit = (value: unknown, itemType: ItemType, enabled: boolean): void => {
        switch (itemType.type) {
            case 'referenceToObj':
            case 'referenceToId':
            case 'referenceToBlob':
            case 'referenceToClob':
                link(String(value), enabled);
                return;
            case 'object':
                visitProperties(value as object, itemType.rules, enabled);
                return;
            case 'array':
            case 'bag':
            case 'set':
                [...(value as Iterable<unknown>)].forEach((item, i) =>
                    visit(item, itemType.item, enabled || names.has(String(i))),
                );
                return;
            case 'map':
                for (const [key, item] of value as Iterable<[unknown, unknown]>) {
                    const segment = String(key);
                    visit(key, itemType.key, enabled || names.has(MAP_KEY) || names.has(segment));
                    visit(item, itemType.value, enabled || names.has(segment));
                }
        }
    };
    const visitProperties = (holder: object, of: readonly Rule[], enabled: boolean): void => {
        for (const { itemprop, itemtype = STRING } of of) {
            const value = (holder as Readonly<Record<string, unknown>>)[itemprop];
            if (value !== undefined) visit(value, itemtype, enabled || names.has(itemprop));
        }
    };
    visitProperties(object, rules, false);
    return new Set([...last].filter(([, enabled]) => enabled).map(([hash]) => hash));
}

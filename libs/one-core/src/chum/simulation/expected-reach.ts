// For tests: what a person may read at an instance at this moment, computed from the bytes of its store by the rules of the
// specification (spec 22 §5, §6), and by nothing of what is tested.
import { sha256Stream } from '#platform/sha256';
import { contentTypeOfBytes } from '../../microdata/content-type.ts';
import type { AnyObject, Microdata } from '../../microdata/microdata.ts';
import { linksOf, type Link } from '../../objects/links.ts';
import type { Disk } from './disk.ts';

interface Content {
    /** Name of the type, with ` [ID]`; undefined for what is no object of a known type. */
    readonly type: string | undefined;
    /** Never leaves its instance, whether it is as it should be or not. */
    readonly isLocal: boolean;
    readonly object: AnyObject | undefined;
    readonly links: readonly Link[];
}

/** What stands behind hashes: it is the same in every store. */
export class Contents {
    readonly #microdata: Microdata;
    readonly #known = new Map<string, Content>();

    constructor(microdata: Microdata) {
        this.#microdata = microdata;
    }

    of(hash: string, bytes: Uint8Array): Content {
        let content = this.#known.get(hash);
        if (content === undefined) this.#known.set(hash, (content = this.#parse(bytes)));
        return content;
    }

    idHash(object: AnyObject): string {
        return hashOf(this.#microdata.writeId(object, { lossy: true }));
    }

    isVersioned(type: string): boolean {
        return this.#microdata.recipes.isVersioned(type);
    }

    #parse(bytes: Uint8Array): Content {
        const type = contentTypeOfBytes(bytes);
        const isLocal = /^(?:Access|IdAccess|Group)(?: \[ID\])?$/.test(type);
        const nothing = { type: undefined, isLocal, object: undefined, links: [] };
        if (type === 'BLOB' || type === 'CLOB') return nothing;
        const text = new TextDecoder().decode(bytes);
        try {
            const object = this.#microdata[type.endsWith(' [ID]') ? 'parseId' : 'parse'](text);
            return { type, isLocal, object, links: linksOf(text) };
        } catch {
            return nothing;
        }
    }
}

/** Whether a grant, or a group, counts. */
export type GrantFilter = (hash: string, type: 'Access' | 'IdAccess' | 'Group') => boolean;

export interface Reach {
    /** Entries of the root list by their keys, as JSON. */
    readonly roots: ReadonlyMap<string, string>;
    /** What may be read. */
    readonly readable: ReadonlySet<string>;
    /** What may be named: that, and what it links to, here or not. */
    readonly named: ReadonlySet<string>;
}

export class ExpectedReach {
    readonly #disk: Disk;
    readonly #contents: Contents;
    readonly #filter: GrantFilter;
    readonly #known = new Map<string, { readonly version: number; readonly reach: Reach }>();

    constructor(disk: Disk, contents: Contents, filter: GrantFilter = () => true) {
        this.#disk = disk;
        this.#contents = contents;
        this.#filter = filter;
    }

    /** Now. */
    of(person: string): Reach {
        const { version } = this.#disk;
        const known = this.#known.get(person);
        if (known?.version === version) return known.reach;
        const roots = this.#roots(person);
        const reach = { roots, ...this.#closure(roots) };
        this.#known.set(person, { version, reach });
        return reach;
    }

    #content(hash: string): Content | undefined {
        const bytes = this.#disk.objects.get(hash);
        const content = bytes && this.#contents.of(hash, bytes);
        // Nobody has looked at what bytes link to that are here as a CLOB only.
        const isRaw = content !== undefined && this.#disk.raw.has(hash);
        return isRaw ? { type: undefined, isLocal: false, object: undefined, links: [] } : content;
    }

    /** Current versions of the types that say who may read what. */
    *#current(type: string): Generator<{ hash: string; idHash: string; object: AnyObject }> {
        for (const [idHash, head] of this.#disk.heads) {
            const hash = String(this.#content(head)?.object?.['data']);
            const content = this.#content(hash);
            if (content?.object !== undefined && content.type === type) yield { hash, idHash, object: content.object };
        }
    }

    #roots(person: string): Map<string, string> {
        const subjects = [person];
        for (const { idHash, object } of this.#current('Group'))
            if ((object['person'] as string[]).includes(person) && this.#filter(idHash, 'Group')) subjects.push(idHash);
        const roots = new Map<string, string>();
        const add = (key: string, root: object): void => {
            if (!roots.has(key)) roots.set(key, JSON.stringify(root));
        };
        for (const { hash, object } of this.#current('Access'))
            if (names(object, subjects) && this.#filter(hash, 'Access')) this.#addObject(String(object['object']), add);
        for (const { hash, object } of this.#current('IdAccess'))
            // A grant of a person names that person as well (spec 22 §2.1: all links count).
            if (names(object, subjects) || subjects.includes(String(object['id'])))
                if (this.#filter(hash, 'IdAccess')) this.#addId(String(object['id']), add);
        return roots;
    }

    #addObject(hash: string, add: (key: string, root: object) => void): void {
        const { type: oneType, isLocal, object } = this.#content(hash) ?? {};
        if (oneType === undefined || object === undefined || isLocal === true || oneType.endsWith(' [ID]')) return;
        if (!this.#contents.isVersioned(oneType)) add(hash, { type: 'unversioned', hash, oneType });
        else add(hash, { type: 'versioned', hash, idHash: this.#contents.idHash(object), oneType });
    }

    #addId(idHash: string, add: (key: string, root: object) => void): void {
        const { type, isLocal } = this.#content(idHash) ?? {};
        if (type?.endsWith(' [ID]') !== true || isLocal === true) return;
        const oneType = type.slice(0, -' [ID]'.length);
        add(idHash, { type: 'id', idHash, oneType });
        for (const node of this.listedNodes(idHash))
            add(node, { type: 'version_node', node, dataIdHash: idHash, dataType: oneType });
    }

    /** Edges and Changes in the history of an ID (spec 40 §5.2). */
    listedNodes(idHash: string): string[] {
        const head = this.#disk.heads.get(idHash);
        const nodes: string[] = [];
        const seen = new Set<string>();
        const open = head === undefined ? [] : [head];
        for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
            const node = this.#content(hash)?.object;
            if (node === undefined || seen.has(hash)) continue;
            seen.add(hash);
            if (node.$type$ === 'VersionNodeMerge') open.push(...(node['nodes'] as ReadonlySet<string>));
            else nodes.push(hash);
            if (node.$type$ === 'VersionNodeChange') open.push(String(node['prev']));
        }
        return nodes;
    }

    /** The object of a version node that is here. */
    versionAt(node: string): AnyObject | undefined {
        return this.#content(String(this.#content(node)?.object?.['data']))?.object;
    }

    #closure(roots: ReadonlyMap<string, string>): { readable: Set<string>; named: Set<string> } {
        const readable = new Set<string>();
        const named = new Set<string>();
        const open: string[] = [];
        for (const [key, root] of roots) {
            const { idHash } = JSON.parse(root) as { idHash?: string };
            open.push(key, ...(idHash === undefined ? [] : [idHash]));
        }
        const expanded = new Set<string>();
        for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
            named.add(hash);
            if (expanded.has(hash)) continue;
            expanded.add(hash);
            const content = this.#content(hash);
            if (content === undefined ? !this.#disk.blobs.has(hash) : content.isLocal) continue;
            readable.add(hash);
            for (const link of content?.links ?? []) {
                named.add(link.hash);
                if (link.type === 'object' || link.type === 'id') open.push(link.hash);
                else if (this.#disk.has(link.hash) && this.#content(link.hash)?.isLocal !== true)
                    readable.add(link.hash);
            }
        }
        // What may be read as bytes says whatever stands in them.
        for (const hash of readable) {
            const bytes = this.#disk.objects.get(hash);
            if (bytes === undefined || (expanded.has(hash) && this.#content(hash)?.object !== undefined)) continue;
            for (const [name] of new TextDecoder().decode(bytes).matchAll(/[0-9a-f]{64}/g)) named.add(name);
        }
        return { readable, named };
    }
}

function names({ person, group }: AnyObject, subjects: readonly string[]): boolean {
    const named = [...(person as string[]), ...(group as string[])];
    return subjects.some(subject => named.includes(subject));
}

const utf8 = new TextEncoder();

export function hashOf(data: string | Uint8Array): string {
    const sha256 = sha256Stream();
    sha256.update(typeof data === 'string' ? utf8.encode(data) : data);
    return sha256.digest();
}

// One accessible set: everything that the roots of a subject lead to, each entry with the number of its reasons.
import { createRandomSHA256Hash } from '../crypto/random.ts';
import type { Link } from '../objects/links.ts';
import { ignoreBroken, ObjectStoreError } from '../objects/object-errors.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { isFramed } from '../microdata/content-type.ts';
import { flags, isReferenced, leads, MemberPageWriter, type Entry } from './member-pages.ts';
import { isLocal } from './reach.ts';

/** Whether a BLOB is here. */
export type HasBlob = (hash: string) => Promise<boolean>;

/** What is stored under a hash, as far as others may have it. */
export interface Content {
    readonly links: readonly Link[];
    /** A `file`, or what came as a CLOB, may turn out to be an object when that is stored, a text of an `unknown` type when its recipe is registered. */
    readonly kind: 'plain' | 'file' | 'unknown';
}

const PLAIN: Content = { links: [], kind: 'plain' };

/** Undefined for what is not here, damaged, or not for others. What is damaged is missing until somebody stores it again. */
export async function contentOf(objects: ObjectReader, hash: string, hasBlob: HasBlob): Promise<Content | undefined> {
    let text: string | undefined;
    try {
        text = await objects.findText(hash);
    } catch (error) {
        if (error instanceof ObjectStoreError && error.code === 'OBJECT_IS_BLOB') return PLAIN;
        ignoreBroken(error);
        return undefined;
    }
    if (text === undefined) return (await hasBlob(hash)) ? { links: [], kind: 'file' } : undefined;
    // Until it comes as an object: bytes may begin like anything, also like an object that never leaves this instance.
    if (isFramed(text) && (await objects.isRaw(hash))) return { links: [], kind: 'file' };
    if (isLocal(text)) return undefined;
    const links = objects.findLinks(text);
    return links === undefined ? { links: [], kind: 'unknown' } : { links, kind: 'plain' };
}

/** The roots that are granted as such; versions of a granted ID follow from it. */
export interface GrantedRoots {
    readonly objects: readonly string[];
    readonly ids: readonly string[];
}

/** Reads and changes one set as a part of a transaction; written by `flush`. */
export class SubjectSet {
    /** Hashes for which `waitsFor` may have changed. */
    readonly touched = new Set<string>();
    /** Whether something is there of which nobody can tell yet what type it is of. */
    hasUnknown = false;
    #isBroken = false;
    readonly #objects: ObjectReader;
    readonly #pages: MemberPageWriter;
    readonly #hasBlob: HasBlob;

    constructor(objects: ObjectTransaction, subject: string, hasBlob: HasBlob) {
        this.#objects = objects;
        this.#pages = new MemberPageWriter(objects.transaction, subject, createRandomSHA256Hash);
        this.#hasBlob = hasBlob;
    }

    /**
     * Whether what some entries lead to could not be told any more, so that it cannot be taken back: content was damaged
     * since. The set has to be made anew from its roots.
     */
    get isBroken(): boolean {
        return this.#isBroken;
    }

    setBroken(): void {
        this.#isBroken = true;
    }

    entry(hash: string): Promise<Entry | undefined> {
        return this.#pages.entry(hash);
    }

    /** Whether something is stored that others may have. */
    async isHere(hash: string): Promise<boolean> {
        return (await contentOf(this.#objects, hash, this.#hasBlob)) !== undefined;
    }

    /** Whether the set changes when something is stored under this hash, or turns out to be an object. */
    async waitsFor(hash: string): Promise<boolean> {
        const entry = await this.#pages.entry(hash);
        return entry !== undefined && waits(entry);
    }

    /** @returns whether that changed anything */
    async setRoot(hash: string, flag: number, on: boolean): Promise<boolean> {
        let changed = false;
        await this.#propagate(hash, entry => {
            changed = ((entry.flags & flag) !== 0) !== on;
            entry.flags = on ? entry.flags | flag : entry.flags & ~flag;
        });
        return changed;
    }

    /** A granted version gives access to its ID object, too (spec 22 §6). */
    async setIdOfVersion(version: string, idHash: string, on: boolean): Promise<void> {
        // Once per version: grants may be applied again.
        const counted = await this.hasFlag(version, flags.idCounted);
        if (counted === on) return;
        await this.#propagate(idHash, entry => (entry.strong += on ? 1 : -1));
        await this.#pages.change(version, entry => (entry.flags ^= flags.idCounted));
    }

    async hasFlag(hash: string, flag: number): Promise<boolean> {
        return (((await this.#pages.entry(hash))?.flags ?? 0) & flag) !== 0;
    }

    /** Something that it waited for is here now. @returns whether it is a member for that reason, or leads further */
    async appeared(hash: string): Promise<boolean> {
        const entry = await this.#pages.entry(hash);
        if (entry === undefined || !waits(entry)) return false;
        const before = entry.flags;
        // Nothing was counted for something vague: it can be looked at as if it had just come.
        await this.#pages.change(hash, each => (each.flags &= ~(flags.present | flags.vague | flags.expanded)));
        await this.#propagate(hash, () => undefined);
        const now = (await this.#pages.entry(hash))?.flags ?? 0;
        return (now & flags.present) !== 0 && now !== before;
    }

    /** Takes everything out of it. @returns what was granted */
    async clear(): Promise<GrantedRoots> {
        const [objects, ids]: [string[], string[]] = [[], []];
        for await (const [hash, entry] of this.#pages.entries()) {
            if ((entry.flags & flags.accessRoot) !== 0) objects.push(hash);
            if ((entry.flags & flags.idRoot) !== 0) ids.push(hash);
            if (waits(entry)) this.touched.add(hash);
        }
        await this.#pages.clear();
        this.#isBroken = false;
        return { objects, ids };
    }

    flush(): Promise<void> {
        return this.#pages.flush();
    }

    /** Changes an entry, and then all that it leads to, as far as they change. */
    async #propagate(hash: string, change: (entry: Entry) => void): Promise<void> {
        const open = [{ hash, change }];
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
            const { links, delta } = await this.#change(next.hash, next.change);
            for (const link of links) {
                const weak = link.type === 'blob' || link.type === 'clob';
                open.push({
                    hash: link.hash,
                    change: each => {
                        if (weak) each.weak += delta;
                        else each.strong += delta;
                    },
                });
            }
        }
    }

    /** @returns the links that count from now on, or no more */
    async #change(hash: string, change: (entry: Entry) => void): Promise<{ links: readonly Link[]; delta: 1 | -1 }> {
        const before = await this.#pages.entry(hash);
        const waited = before !== undefined && waits(before);
        const wasPresent = before !== undefined && (before.flags & flags.present) !== 0;
        let content = wasPresent ? undefined : await this.#contentOf(hash);
        let entry = await this.#pages.change(hash, each => {
            change(each);
            if (!wasPresent) setContent(each, content);
        });
        if (entry.strong < 0 || entry.weak < 0) this.#isBroken = true;
        const wasExpanded = (entry.flags & flags.expanded) !== 0;
        let links: readonly Link[] = [];
        if (leads(entry) && !wasExpanded) {
            content ??= await this.#contentOf(hash);
            entry = await this.#pages.change(hash, each => {
                // It may have been damaged since it came.
                setContent(each, content);
                if (content !== undefined) each.flags |= flags.expanded;
            });
            links = content?.links ?? [];
        } else if (!leads(entry) && wasExpanded) {
            if ((entry.flags & flags.vague) === 0) {
                content ??= await this.#contentOf(hash);
                if (content?.kind !== 'plain') this.#isBroken = true;
                links = content?.links ?? [];
            }
            if (isReferenced(entry)) entry = await this.#pages.change(hash, each => (each.flags &= ~flags.expanded));
        }
        if (content?.kind === 'unknown') this.hasUnknown = true;
        if (waited !== waits(entry)) this.touched.add(hash);
        return { links, delta: wasExpanded ? -1 : 1 };
    }

    #contentOf(hash: string): Promise<Content | undefined> {
        return contentOf(this.#objects, hash, this.#hasBlob);
    }
}

function waits(entry: Entry): boolean {
    return isReferenced(entry) && (entry.flags & (flags.present | flags.vague)) !== flags.present;
}

function setContent(entry: Entry, content: Content | undefined): void {
    entry.flags &= ~(flags.present | flags.vague);
    if (content === undefined) return;
    entry.flags |= flags.present;
    if (content.kind !== 'plain') entry.flags |= flags.vague;
}

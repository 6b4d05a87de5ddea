import type { ObjectStore } from '../objects/object-store.ts';
import { subjectsOfPerson, type AccessListener } from './access-index.ts';
import { accessibleRoots, type AccessibleRoot, type ObjectFilter } from './accessible-roots.ts';
import { readFeed, type FeedEntry } from './feed.ts';
import { fingerprintToHex } from './fingerprint.ts';
import { isMember, isReferenced, leads, MemberPages, type Entry } from './member-pages.ts';
import { RootLists, type RootList } from './root-lists.ts';

/** Size and fingerprint of what one subject of grants may read. */
export interface AccessibleSummary {
    /** ID hash of the person or a group of theirs. */
    readonly subject: string;
    readonly count: number;
    /** 64 hexadecimal digits: equal for equal sets of this subject in this store, and meaningless elsewhere. */
    readonly fingerprint: string;
}

/** What persons may read. Answers come from the index, in the time that a few reads take. */
export class Accessible {
    readonly #objects: ObjectStore;
    readonly #listeners = new Set<AccessListener>();
    readonly #onListenerError: (error: unknown) => void;
    readonly #rootLists: RootLists;

    /** @param onListenerError told when a listener fails */
    constructor(objects: ObjectStore, onListenerError: (error: unknown) => void) {
        this.#objects = objects;
        this.#onListenerError = onListenerError;
        this.#rootLists = new RootLists(objects);
    }

    /**
     * Has a listener told of the subjects whose feed has grown, when that is durable.
     * @returns ends the listening
     */
    listen(listener: AccessListener): () => void {
        const own: AccessListener = subjects => listener(subjects);
        this.#listeners.add(own);
        return () => void this.#listeners.delete(own);
    }

    /** For who keeps the index up to date. */
    emit(subjects: ReadonlySet<string>): void {
        for (const listener of this.#listeners)
            try {
                listener(subjects);
            } catch (error) {
                this.#onListenerError(error);
            }
    }

    /** The person, and the groups that count for it. */
    subjects(person: string): Promise<string[]> {
        return subjectsOfPerson(this.#objects.store, person);
    }

    /** Whether a person may read an object, ID object, BLOB or CLOB that is here. */
    has(person: string, hash: string): Promise<boolean> {
        return this.#some(person, hash, isMember);
    }

    /** Whether a person may read what it leads to as well: what is linked as a BLOB or CLOB may be read alone. */
    leads(person: string, hash: string): Promise<boolean> {
        return this.#some(person, hash, leads);
    }

    /** Whether a person may know of it: something that it may read links to it, whether it is here or not. */
    isReferenced(person: string, hash: string): Promise<boolean> {
        return this.#some(person, hash, isReferenced);
    }

    /** One summary per subject; what is in several sets counts in each. */
    async summaries(person: string): Promise<AccessibleSummary[]> {
        const summaries: AccessibleSummary[] = [];
        for (const subject of await this.subjects(person)) {
            const { count, fingerprint } = await new MemberPages(this.#objects.store, subject).summary();
            summaries.push({ subject, count, fingerprint: fingerprintToHex(fingerprint) });
        }
        return summaries;
    }

    /** All members of the set of one subject, ascending. */
    members(subject: string, prefix = ''): AsyncIterable<string> {
        return new MemberPages(this.#objects.store, subject).members(prefix);
    }

    /** What changed for a subject behind a cursor (spec 90 §3). */
    feed(subject: string, after: number, limit: number): Promise<FeedEntry[]> {
        return readFeed(this.#objects.store, subject, after, limit);
    }

    /** The roots of a person as a peer is told of them (spec 40 §5.1); kept while they do not change. */
    rootList(person: string): Promise<RootList> {
        return this.#rootLists.of(person);
    }

    /** To be called when the index was made anew. */
    reset(): void {
        this.#rootLists.reset();
    }

    /** The roots of a person with their reasons (spec 22 §5), from nothing but objects. */
    roots(person: string, objectFilter?: ObjectFilter): Promise<AccessibleRoot[]> {
        return accessibleRoots(this.#objects, person, { objectFilter });
    }

    async #some(person: string, hash: string, test: (entry: Entry) => boolean): Promise<boolean> {
        for (const subject of await this.subjects(person)) {
            const entry = await new MemberPages(this.#objects.store, subject).entry(hash);
            if (entry !== undefined && test(entry)) return true;
        }
        return false;
    }
}

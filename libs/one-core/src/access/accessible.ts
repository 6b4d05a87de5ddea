import type { ObjectStore } from '../objects/object-store.ts';
import { subjectsOfPerson } from './access-index.ts';
import { accessibleRoots, type AccessibleRoot, type ObjectFilter } from './accessible-roots.ts';
import { readFeed, type FeedEntry } from './feed.ts';
import { fingerprintToHex } from './fingerprint.ts';
import { MemberPages } from './member-pages.ts';

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

    constructor(objects: ObjectStore) {
        this.#objects = objects;
    }

    /** The person, and the groups that count for it. */
    subjects(person: string): Promise<string[]> {
        return subjectsOfPerson(this.#objects.store, person);
    }

    /** Whether a person may read an object, ID object, BLOB or CLOB that is here. */
    async has(person: string, hash: string): Promise<boolean> {
        for (const subject of await this.subjects(person))
            if (await new MemberPages(this.#objects.store, subject).has(hash)) return true;
        return false;
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

    /** The roots that a peer is told of (spec 22 §5). */
    roots(person: string, objectFilter?: ObjectFilter): Promise<AccessibleRoot[]> {
        return accessibleRoots(this.#objects, person, { objectFilter });
    }
}

// The root list of a person (spec 40 §5.1), kept in memory per subject and brought up to date from the subject's feed: a peer
// that asks every few seconds costs nothing while nothing changes.
import { MAX_KEPT_ROOTS, MAX_FEED_PART } from '../limits.ts';
import { contentTypeOfText } from '../microdata/content-type.ts';
import { ignoreBroken } from '../objects/object-errors.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { subjectsOfPerson } from './access-index.ts';
import { idRoots, keyOf, objectRoot, type AccessibleRoot } from './accessible-roots.ts';
import { readFeed, type FeedEntry } from './feed.ts';
import { flags, MemberPages } from './member-pages.ts';

export interface RootList {
    /** Another one whenever the list is another. */
    readonly version: string;
    /** JSON of an array of `AccessibleRoot`: what is answered to peers. */
    readonly text: string;
    /** Everything that the list names and that may be asked for (spec 40 §5.3). */
    readonly hashes: readonly string[];
}

interface SubjectRoots {
    /** Of the last entry of the feed that is in it. */
    number: number;
    /** By the key of the wire: hash, ID hash or node. In the order in which they were granted: new ones stand behind. */
    readonly roots: Map<string, ListedRoot>;
}

interface ListedRoot {
    /** JSON. */
    readonly text: string;
    readonly hashes: readonly string[];
}

/** Computing the roots of a subject anew, after a revocation, costs a walk over its set: who asks for it waits, others do not. */
export class RootLists {
    readonly #objects: ObjectStore;
    /** The least recently used one first. */
    readonly #subjects = new Map<string, SubjectRoots>();
    readonly #lists = new Map<string, RootList>();
    readonly #updates = new Map<string, Promise<SubjectRoots>>();

    constructor(objects: ObjectStore) {
        this.#objects = objects;
    }

    /** Forgets everything: numbers of feeds mean something else now. */
    reset(): void {
        this.#subjects.clear();
        this.#lists.clear();
    }

    async of(person: string): Promise<RootList> {
        const subjects = await subjectsOfPerson(this.#objects.store, person);
        const parts: SubjectRoots[] = [];
        for (const subject of subjects) parts.push(await this.#roots(subject));
        const version = subjects.map((subject, i) => `${subject}:${parts[i]?.number}`).join(' ');
        const known = this.#lists.get(person);
        if (known?.version === version) return known;
        const roots = new Map<string, ListedRoot>(parts[0]?.roots);
        for (const part of parts.slice(1))
            for (const [key, root] of part.roots) if (!roots.has(key)) roots.set(key, root);
        const list: RootList = {
            version,
            text: `[${Array.from(roots.values(), ({ text }) => text).join(',')}]`,
            hashes: Array.from(roots.values(), ({ hashes }) => hashes).flat(),
        };
        this.#lists.set(person, list);
        this.#forget();
        return list;
    }

    /** One update of a subject after the other. */
    #roots(subject: string): Promise<SubjectRoots> {
        const before = this.#updates.get(subject);
        const update =
            before === undefined
                ? this.#upToDate(subject)
                : before.then(
                      () => this.#upToDate(subject),
                      () => this.#upToDate(subject),
                  );
        this.#updates.set(subject, update);
        const end = (): void => {
            if (this.#updates.get(subject) === update) this.#updates.delete(subject);
        };
        update.then(end, end);
        return update;
    }

    async #upToDate(subject: string): Promise<SubjectRoots> {
        let known = this.#subjects.get(subject);
        // Kept at the end of the map.
        this.#subjects.delete(subject);
        for (;;) {
            known ??= await this.#computed(subject);
            const entries = await readFeed(this.#objects.store, subject, known.number, MAX_FEED_PART);
            // What is lost may be granted for another reason: only the set tells.
            if (entries.some(({ type }) => type === 'objectLost' || type === 'idLost')) {
                known = await this.#computed(subject);
                continue;
            }
            for (const entry of entries) {
                for (const root of await this.#rootsOf(entry)) add(known.roots, root);
                known.number = entry.number;
            }
            if (entries.length < MAX_FEED_PART) break;
        }
        this.#subjects.set(subject, known);
        return known;
    }

    /** From the set, as it is now or a little later: what changes meanwhile is in the feed behind its number. */
    async #computed(subject: string): Promise<SubjectRoots> {
        const { store } = this.#objects;
        const [last] = await store.list('logs', `feed.${subject}`, { reverse: true, limit: 1 });
        const roots = new Map<string, ListedRoot>();
        for await (const [hash, entry] of new MemberPages(store, subject).entries()) {
            if ((entry.flags & flags.present) === 0) continue;
            if ((entry.flags & flags.accessRoot) !== 0)
                for (const root of await this.#rootsOf({ type: 'object', hash })) add(roots, root);
            if ((entry.flags & flags.idRoot) !== 0)
                for (const root of await this.#rootsOf({ type: 'id', hash })) add(roots, root);
        }
        return { number: last?.number ?? 0, roots };
    }

    async #rootsOf(entry: Pick<FeedEntry, 'type' | 'hash'> & { readonly idHash?: string }): Promise<AccessibleRoot[]> {
        const { type, hash, idHash = '' } = entry;
        if (type === 'id') return (await idRoots(this.#objects, hash)).roots;
        if (type === 'object') {
            const root = await objectRoot(this.#objects, hash);
            return root === undefined ? [] : [root];
        }
        if (type !== 'node') return [];
        const text = await this.#objects.findText(idHash).catch(ignoreBroken);
        if (text === undefined) return [];
        const dataType = contentTypeOfText(text).replace(/ \[ID\]$/, '');
        return [{ type: 'version_node', node: hash, dataIdHash: idHash, dataType }];
    }

    #forget(): void {
        let kept = 0;
        for (const { roots } of this.#subjects.values()) kept += roots.size;
        for (const [subject, { roots }] of this.#subjects) {
            if (kept <= MAX_KEPT_ROOTS || this.#subjects.size === 1) break;
            this.#subjects.delete(subject);
            kept -= roots.size;
        }
        let listed = 0;
        for (const { hashes } of this.#lists.values()) listed += hashes.length;
        for (const [person, { hashes }] of this.#lists) {
            if (listed <= MAX_KEPT_ROOTS || this.#lists.size === 1) break;
            this.#lists.delete(person);
            listed -= hashes.length;
        }
    }
}

function add(roots: Map<string, ListedRoot>, root: AccessibleRoot): void {
    const key = keyOf(root);
    const hashes = root.type === 'versioned' ? [root.hash, root.idHash] : [key];
    roots.set(key, { text: JSON.stringify(root), hashes });
}

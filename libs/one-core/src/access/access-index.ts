// Who may read what, kept up to date in the commit that changes it (DESIGN §3.1). Everything is kept per subject of a grant, a
// person or a group, and never multiplied out to persons and objects.
//
//   state/grant.o.<hash>        subjects that an Access object names for this object
//   state/grant.i.<ID hash>     subjects that an IdAccess object names for this ID
//   state/groups.<person>       groups that the person is in
//   state/members.<group>       persons that are in the group
//   state/set.<subject>…        the accessible set: see member-pages.ts
//   state/want.<hash>           subjects whose set, or a grant to whom, changes when it is stored or turns out to be an object
//   state/wanted                present if there is any of these
//   state/reindexing            present while everything is made anew
//   state/unknown               present if some set has a text of a type that may become known: see `recheckAccess`
//   logs/feed.<subject>         what became accessible, and what no more: see feed.ts
import type { HeadMove, ObjectChanges, ObjectTransaction } from '../objects/object-transaction.ts';
import type { Access, Group, IdAccess } from '../recipes/core-recipes.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { Transaction } from '../storage/store.ts';
import { idRoots, LOCAL_TYPES, objectRoot, typeOf, type AccessibleRoot } from './accessible-roots.ts';
import { appendToFeed, type FeedChange } from './feed.ts';
import { decodeHashes, encodeHashes } from '../hash-list.ts';
import { flags } from './member-pages.ts';
import { SubjectSet, type HasBlob } from './subject-set.ts';

type Kind = 'object' | 'id';

const grantKey = (kind: Kind, target: string): string => `grant.${kind === 'object' ? 'o' : 'i'}.${target}`;
const groupsKey = (person: string): string => `groups.${person}`;
const membersKey = (group: string): string => `members.${group}`;
const wantKey = (hash: string): string => `want.${hash}`;
const WANTED = 'wanted';
/** Of a key that says who waits for a hash. */
export const WANT = /^want\.([0-9a-f]{64})$/;
export const UNKNOWN = 'unknown';
const PRESENT = Uint8Array.of(1);
/** Present while the index is not complete. */
export const REINDEXING = 'reindexing';
/** The old index is removed: nothing is written to it meanwhile. */
export const CLEARING = Uint8Array.of(1);
/** Everything is entered again, and what is new as well. */
export const REBUILDING = Uint8Array.of(2);
const rootFlags: Readonly<Record<Kind, number>> = { object: flags.accessRoot, id: flags.idRoot };
const kinds: readonly Kind[] = ['object', 'id'];

/** Persons and groups whose grants count for a person: itself first. */
export async function subjectsOfPerson(reader: Pick<StorageReader, 'get'>, person: string): Promise<string[]> {
    return [person, ...decodeHashes(await reader.get('state', groupsKey(person)))];
}

/** Told of the subjects of grants whose feed has grown, when that is durable. */
export type AccessListener = (subjects: ReadonlySet<string>) => void;

/** Brings the index up to date with a transaction; to be registered by `ObjectStore.derive`. */
export async function updateAccess(
    objects: ObjectTransaction,
    { stored, heads }: ObjectChanges,
    hasBlob: HasBlob,
    onChange?: AccessListener,
): Promise<void> {
    if ((await objects.transaction.get('state', REINDEXING))?.[0] === CLEARING[0]) return;
    const update = new AccessUpdate(objects, hasBlob);
    // First, because what arrived decides whether it can be granted at all; later steps find it there.
    await update.arrived([...stored]);
    for (const head of heads)
        if (head.type === 'Group') await update.group(head);
        else if (head.type === 'Access') await update.grant('object', (head.obj as unknown as Access).object, head);
        else if (head.type === 'IdAccess') await update.grant('id', (head.obj as unknown as IdAccess).id, head);
    await update.versions(heads.filter(({ type }) => !LOCAL_TYPES.has(type)));
    await update.flush();
    const { changed } = update;
    if (onChange !== undefined && changed.size > 0) objects.transaction.whenDurable(() => onChange(changed));
}

class AccessUpdate {
    readonly #objects: ObjectTransaction;
    readonly #transaction: Transaction;
    readonly #hasBlob: HasBlob;
    readonly #sets = new Map<string, SubjectSet>();
    readonly #feed: { subject: string; change: FeedChange }[] = [];

    constructor(objects: ObjectTransaction, hasBlob: HasBlob) {
        this.#objects = objects;
        this.#transaction = objects.transaction;
        this.#hasBlob = hasBlob;
    }

    /** Subjects whose feed grows. */
    get changed(): ReadonlySet<string> {
        return new Set(this.#feed.map(({ subject }) => subject));
    }

    /** A new version of an Access or IdAccess object. */
    async grant(kind: Kind, target: string, { obj }: HeadMove): Promise<void> {
        const { person, group } = obj as unknown as Access | IdAccess;
        const now = new Set<string>([...person, ...group]);
        if (kind === 'id' && (await this.#mayBePerson(target))) now.add(target);
        const before = new Set(decodeHashes(await this.#transaction.get('state', grantKey(kind, target))));
        if (now.size === before.size && [...now].every(subject => before.has(subject))) return;
        this.#put(grantKey(kind, target), now);
        for (const subject of before) if (!now.has(subject)) await this.#apply(subject, kind, target, false);
        for (const subject of now) if (!before.has(subject)) await this.#apply(subject, kind, target, true);
    }

    /** A new version of a group: what changes is whose set it counts for. */
    async group({ idHash, obj }: HeadMove): Promise<void> {
        const now = new Set<string>((obj as unknown as Group).person);
        const before = new Set(decodeHashes(await this.#transaction.get('state', membersKey(idHash))));
        for (const person of new Set([...before, ...now])) {
            const isMember = now.has(person);
            if (before.has(person) === isMember) continue;
            const groups = new Set(decodeHashes(await this.#transaction.get('state', groupsKey(person))));
            if (isMember) groups.add(idHash);
            else groups.delete(idHash);
            this.#put(groupsKey(person), groups);
            this.#feed.push({ subject: person, change: { type: isMember ? 'group' : 'groupLost', hash: idHash } });
        }
        this.#put(membersKey(idHash), now);
    }

    /** New versions of IDs that somebody was granted. */
    async versions(heads: readonly HeadMove[]): Promise<void> {
        const keys = heads.map(({ idHash }) => grantKey('id', idHash));
        const grants = await this.#transaction.getMany('state', keys);
        for (const [i, { idHash, listed }] of heads.entries())
            for (const subject of decodeHashes(grants[i])) {
                const set = this.#set(subject);
                if (await set.setRoot(listed, flags.nodeRoot, true))
                    this.#feed.push({ subject, change: { type: 'node', hash: listed, idHash } });
            }
    }

    /** Objects that were not here before, or not known to be objects: some may be the missing part of a set. */
    async arrived(hashes: readonly string[]): Promise<void> {
        if (hashes.length === 0 || (await this.#transaction.get('state', WANTED)) === undefined) return;
        const wanted = await this.#transaction.getMany('state', hashes.map(wantKey));
        for (const [i, hash] of hashes.entries())
            for (const subject of decodeHashes(wanted[i])) {
                const set = this.#set(subject);
                const appeared = await set.appeared(hash);
                if (appeared) this.#feed.push({ subject, change: { type: 'arrived', hash } });
                // What its grant leads to, and whether it can be one, could not be told before.
                for (const kind of kinds)
                    if (appeared || !(await set.hasFlag(hash, rootFlags[kind])))
                        if (await this.#isGranted(subject, kind, hash)) await this.#apply(subject, kind, hash, true);
                set.touched.add(hash);
            }
    }

    async flush(): Promise<void> {
        const wanted = new Map<string, Set<string>>();
        let hasUnknown = false;
        for (const [subject, set] of this.#sets) {
            if (set.isBroken) await this.#rebuild(subject, set);
            await set.flush();
            hasUnknown ||= set.hasUnknown;
            for (const hash of set.touched) {
                const key = wantKey(hash);
                const subjects = wanted.get(key) ?? new Set(decodeHashes(await this.#transaction.get('state', key)));
                if ((await set.waitsFor(hash)) || (await this.#grantWaits(subject, hash))) subjects.add(subject);
                else subjects.delete(subject);
                wanted.set(key, subjects);
            }
        }
        for (const [key, subjects] of wanted) this.#put(key, subjects);
        if (wanted.size > 0) this.#transaction.put('state', WANTED, PRESENT);
        if (hasUnknown) this.#transaction.put('state', UNKNOWN, PRESENT);
        for (const { subject, change } of this.#feed)
            appendToFeed(this.#transaction, subject, await this.#objects.nextNumber(), change);
    }

    async #apply(subject: string, kind: Kind, target: string, on: boolean): Promise<void> {
        const isRoot = await this.#setRoots(this.#set(subject), kind, target, on);
        if (isRoot || !on) this.#feed.push({ subject, change: { type: on ? kind : `${kind}Lost`, hash: target } });
    }

    /**
     * A target that is here, but cannot be given to anybody, is no root (spec 22 §5.3) until it turns out to be another thing;
     * one that is missing waits.
     * @returns whether it is a root now
     */
    async #setRoots(set: SubjectSet, kind: Kind, target: string, on: boolean): Promise<boolean> {
        const { roots, complete } = await this.#rootsOf(kind, target);
        const flag = rootFlags[kind];
        // What it led to when it was granted, nobody can tell any more.
        const isLost =
            roots.length === 0 && (await set.hasFlag(target, flag)) && (await set.hasFlag(target, flags.present));
        if (!on && (isLost || !complete)) set.setBroken();
        const isRoot = on && (roots.length > 0 || !(await set.isHere(target)));
        if (isRoot) await set.setRoot(target, flag, true);
        for (const root of roots)
            if (root.type === 'version_node') await set.setRoot(root.node, flags.nodeRoot, on);
            else if (root.type === 'versioned') await set.setIdOfVersion(target, root.idHash, on);
        if (!isRoot) await set.setRoot(target, flag, false);
        set.touched.add(target);
        return isRoot;
    }

    /** Makes a set anew from what is granted. @throws StorageError `STORAGE_DAMAGED` if even that fails */
    async #rebuild(subject: string, set: SubjectSet): Promise<void> {
        const granted = await set.clear();
        for (const target of granted.objects) await this.#setRoots(set, 'object', target, true);
        for (const target of granted.ids) await this.#setRoots(set, 'id', target, true);
        if (set.isBroken)
            throw new StorageError('STORAGE_DAMAGED', `The accessible set of ${subject} is damaged; run reindex`);
    }

    async #isGranted(subject: string, kind: Kind, target: string): Promise<boolean> {
        return decodeHashes(await this.#transaction.get('state', grantKey(kind, target))).includes(subject);
    }

    /** Whether a grant has no effect only because its target is not of the right kind now. */
    async #grantWaits(subject: string, hash: string): Promise<boolean> {
        for (const kind of kinds)
            if (
                !(await this.#set(subject).hasFlag(hash, rootFlags[kind])) &&
                (await this.#isGranted(subject, kind, hash))
            )
                return true;
        return false;
    }

    /**
     * An IdAccess object on a person names that person by its target: the reverse map does not tell the properties apart, so
     * that everybody may read what somebody else may read of them (spec 22 §5.1, as in the vectors).
     */
    async #mayBePerson(idHash: string): Promise<boolean> {
        const type = await typeOf(this.#objects, idHash);
        return type === undefined || type === 'Person [ID]';
    }

    async #rootsOf(kind: Kind, target: string): Promise<{ roots: readonly AccessibleRoot[]; complete: boolean }> {
        if (kind === 'object') {
            const root = await objectRoot(this.#objects, target);
            return { roots: root === undefined ? [] : [root], complete: true };
        }
        return idRoots(this.#objects, target);
    }

    #set(subject: string): SubjectSet {
        let set = this.#sets.get(subject);
        if (set === undefined) this.#sets.set(subject, (set = new SubjectSet(this.#objects, subject, this.#hasBlob)));
        return set;
    }

    #put(key: string, hashes: ReadonlySet<string>): void {
        if (hashes.size === 0) this.#transaction.delete('state', key);
        else this.#transaction.put('state', key, encodeHashes(hashes));
    }
}

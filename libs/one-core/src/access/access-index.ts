// Who may read what, kept up to date in the commit that changes it (DESIGN §3.1). Everything is kept per subject of a grant, a
// person or a group, and never multiplied out to persons and objects.
//
//   state/grant.o.<hash>        subjects that an Access object names for this object
//   state/grant.i.<ID hash>     subjects that an IdAccess object names for this ID
//   state/groups.<person>       groups that the person is in
//   state/set.<subject>…        the accessible set: see member-pages.ts
//   state/want.<hash>           subjects whose set has it, though it is not here yet
//   logs/feed.<subject>         what became accessible, and what no more: see feed.ts
import { createRandomSHA256Hash } from '../crypto/random.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import type { HeadMove, ObjectChanges, ObjectTransaction } from '../objects/object-transaction.ts';
import { ObjectStoreError } from '../objects/object-errors.ts';
import type { Link } from '../objects/links.ts';
import type { Access, Group, IdAccess } from '../recipes/core-recipes.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { Transaction } from '../storage/store.ts';
import { idRoots, LOCAL_TYPES, objectRoot, typeOf, type AccessibleRoot } from './accessible-roots.ts';
import { appendToFeed, type FeedChange } from './feed.ts';
import { decodeHashes, encodeHashes } from '../hash-list.ts';
import { flags, isReferenced, MemberPageWriter, ROOT_FLAGS, type Entry } from './member-pages.ts';
import { isLocal } from './reach.ts';

type Kind = 'object' | 'id';

const grantKey = (kind: Kind, target: string): string => `grant.${kind === 'object' ? 'o' : 'i'}.${target}`;
const groupsKey = (person: string): string => `groups.${person}`;
const wantKey = (hash: string): string => `want.${hash}`;
/** How many hashes are wanted; without it nobody has to look. */
const WANTED = 'wanted';

/** Persons and groups whose grants count for a person: itself first. */
export async function subjectsOfPerson(reader: Pick<StorageReader, 'get'>, person: string): Promise<string[]> {
    return [person, ...decodeHashes(await reader.get('state', groupsKey(person)))];
}

/** Whether a BLOB is here. */
export type HasBlob = (hash: string) => Promise<boolean>;

/** Brings the index up to date with a transaction; to be registered by `ObjectStore.derive`. */
export async function updateAccess(
    objects: ObjectTransaction,
    { stored, heads }: ObjectChanges,
    hasBlob: HasBlob,
): Promise<void> {
    const update = new AccessUpdate(objects, hasBlob);
    // First, because what arrived decides whether it can be granted at all; later steps find it there.
    await update.arrived(stored);
    for (const head of heads)
        if (head.type === 'Group') await update.group(head);
        else if (head.type === 'Access') await update.grant('object', (head.obj as unknown as Access).object, head);
        else if (head.type === 'IdAccess') await update.grant('id', (head.obj as unknown as IdAccess).id, head);
    await update.versions(heads.filter(({ type }) => !LOCAL_TYPES.has(type)));
    await update.flush();
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
    async group({ idHash, obj, before }: HeadMove): Promise<void> {
        const members = new Set<string>((obj as unknown as Group).person);
        const old = before === undefined ? undefined : ((await this.#objects.read(before)) as unknown as Group);
        for (const person of new Set<string>([...(old?.person ?? []), ...members])) {
            const groups = new Set(decodeHashes(await this.#transaction.get('state', groupsKey(person))));
            const isMember = members.has(person);
            if (groups.has(idHash) === isMember) continue;
            if (isMember) groups.add(idHash);
            else groups.delete(idHash);
            this.#put(groupsKey(person), groups);
            this.#feed.push({ subject: person, change: { type: isMember ? 'group' : 'groupLost', hash: idHash } });
        }
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

    /** Objects that were not here before: some may be the missing part of a set. */
    async arrived(stored: ReadonlySet<string>): Promise<void> {
        if (stored.size === 0 || (await this.#transaction.get('state', WANTED)) === undefined) return;
        const hashes = [...stored];
        const wanted = await this.#transaction.getMany(
            'state',
            hashes.map(hash => wantKey(hash)),
        );
        for (const [i, hash] of hashes.entries())
            for (const subject of decodeHashes(wanted[i])) {
                const entry = await this.#set(subject).appeared(hash);
                if (entry === undefined) continue;
                this.#feed.push({ subject, change: { type: 'arrived', hash } });
                // What its grant leads to, and whether it can be one, could not be told before.
                if ((entry.flags & flags.accessRoot) !== 0) await this.#apply(subject, 'object', hash, true);
                if ((entry.flags & flags.idRoot) !== 0) await this.#apply(subject, 'id', hash, true);
            }
    }

    async flush(): Promise<void> {
        const wanted = new Map<string, Set<string>>();
        for (const [subject, set] of this.#sets) {
            await set.flush();
            for (const [hash, isWanted] of set.wanted) {
                const key = wantKey(hash);
                const subjects = wanted.get(key) ?? new Set(decodeHashes(await this.#transaction.get('state', key)));
                if (isWanted) subjects.add(subject);
                else subjects.delete(subject);
                wanted.set(key, subjects);
            }
        }
        for (const [key, subjects] of wanted) this.#put(key, subjects);
        if (wanted.size > 0) this.#transaction.put('state', WANTED, Uint8Array.of(1));
        for (const { subject, change } of this.#feed)
            appendToFeed(this.#transaction, subject, await this.#objects.nextNumber(), change);
    }

    /** A target that is here, but cannot be given to anybody, is no root (spec 22 §5.3); one that is missing waits. */
    async #apply(subject: string, kind: Kind, target: string, on: boolean): Promise<void> {
        const set = this.#set(subject);
        const roots = await this.#rootsOf(kind, target);
        const flag = kind === 'object' ? flags.accessRoot : flags.idRoot;
        const isRoot = on && (roots.length > 0 || !(await set.isHere(target)));
        if (isRoot) await set.setRoot(target, flag, true);
        for (const root of roots)
            if (root.type === 'version_node') await set.setRoot(root.node, flags.nodeRoot, on);
            else if (root.type === 'versioned') await set.setIdOfVersion(target, root.idHash, on);
        if (!isRoot) await set.setRoot(target, flag, false);
        if (isRoot || !on) this.#feed.push({ subject, change: { type: on ? kind : `${kind}Lost`, hash: target } });
    }

    /**
     * An IdAccess object on a person names that person by its target: the reverse map does not tell the properties apart, so
     * that everybody may read what somebody else may read of them (spec 22 §5.1, as in the vectors).
     */
    async #mayBePerson(idHash: string): Promise<boolean> {
        const type = await typeOf(this.#objects, idHash);
        return type === undefined || type === 'Person [ID]';
    }

    async #rootsOf(kind: Kind, target: string): Promise<AccessibleRoot[]> {
        if (kind === 'id') return idRoots(this.#objects, target);
        const root = await objectRoot(this.#objects, target);
        return root === undefined ? [] : [root];
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

/** One accessible set: everything that roots lead to, each entry with the number of its reasons. */
class SubjectSet {
    /** Hashes that became wanted, or are no more. */
    readonly wanted = new Map<string, boolean>();
    readonly #objects: ObjectReader;
    readonly #pages: MemberPageWriter;
    readonly #hasBlob: HasBlob;

    constructor(objects: ObjectTransaction, subject: string, hasBlob: HasBlob) {
        this.#objects = objects;
        this.#pages = new MemberPageWriter(objects.transaction, subject, createRandomSHA256Hash);
        this.#hasBlob = hasBlob;
    }

    /** Whether something is stored that others may have. */
    async isHere(hash: string): Promise<boolean> {
        return (await this.#contentOf(hash)) !== undefined;
    }

    /** @returns whether that changed anything */
    async setRoot(hash: string, flag: number, on: boolean): Promise<boolean> {
        let changed = false;
        await this.#propagate(hash, 'object', entry => {
            changed = ((entry.flags & flag) !== 0) !== on;
            entry.flags = on ? entry.flags | flag : entry.flags & ~flag;
        });
        return changed;
    }

    /** A granted version gives access to its ID object, too (spec 22 §6). */
    async setIdOfVersion(version: string, idHash: string, on: boolean): Promise<void> {
        // Once per version: grants may be applied again.
        const counted = await this.#idCounted(version);
        if (counted === on) return;
        await this.#propagate(idHash, 'id', entry => (entry.strong += on ? 1 : -1));
        await this.#pages.change(version, entry => (entry.flags ^= flags.idCounted));
    }

    /** Something that was wanted is here now. @returns its entry; undefined if nobody wants it any more */
    async appeared(hash: string): Promise<Entry | undefined> {
        const entry = await this.#pages.entry(hash);
        if (entry === undefined || !isReferenced(entry) || (entry.flags & flags.present) !== 0) return undefined;
        await this.#propagate(hash, 'object', () => undefined);
        const now = await this.#pages.entry(hash);
        return now !== undefined && (now.flags & flags.present) !== 0 ? now : undefined;
    }

    flush(): Promise<void> {
        return this.#pages.flush();
    }

    async #idCounted(version: string): Promise<boolean> {
        return (((await this.#pages.entry(version))?.flags ?? 0) & flags.idCounted) !== 0;
    }

    /** Changes an entry, and then all that it leads to, as far as they change. */
    async #propagate(hash: string, type: Link['type'], change: (entry: Entry) => void): Promise<void> {
        const open: { hash: string; type: Link['type']; change: (entry: Entry) => void }[] = [{ hash, type, change }];
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
            const before = await this.#pages.entry(next.hash);
            const wasPresent = before !== undefined && (before.flags & flags.present) !== 0;
            const content = wasPresent ? undefined : await this.#contentOf(next.hash);
            const present = wasPresent || content !== undefined;
            const entry = await this.#pages.change(next.hash, each => {
                next.change(each);
                each.flags = present ? each.flags | flags.present : each.flags & ~flags.present;
            });
            const referenced = isReferenced(entry);
            if (!present && referenced !== (before !== undefined)) this.wanted.set(next.hash, referenced);
            if (!wasPresent && present && before !== undefined) this.wanted.set(next.hash, false);
            const leads = present && (entry.strong > 0 || (entry.flags & ROOT_FLAGS) !== 0);
            if (leads === ((entry.flags & flags.expanded) !== 0)) continue;
            if (referenced) await this.#pages.change(next.hash, each => (each.flags ^= flags.expanded));
            const text = content ?? (await this.#contentOf(next.hash)) ?? '';
            for (const link of this.#objects.linksOf(text)) {
                const weak = link.type === 'blob' || link.type === 'clob';
                const delta = leads ? 1 : -1;
                open.push({
                    ...link,
                    change: each => {
                        if (weak) each.weak += delta;
                        else each.strong += delta;
                    },
                });
            }
        }
    }

    /** Text of an object or CLOB, the empty text for a BLOB; undefined for what is not here, or not for others. */
    async #contentOf(hash: string): Promise<string | undefined> {
        let text: string | undefined;
        try {
            text = await this.#objects.findText(hash);
        } catch (error) {
            if (error instanceof ObjectStoreError && error.code === 'OBJECT_IS_BLOB') return '';
            // What is damaged is missing until somebody stores it again.
            if (error instanceof StorageError && error.code === 'STORAGE_DAMAGED') return undefined;
            throw error;
        }
        if (text === undefined) return (await this.#hasBlob(hash)) ? '' : undefined;
        return isLocal(text) ? undefined : text;
    }
}

import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashText } from '../crypto/hash.ts';
import type { Typed } from '../hashes.ts';
import { Blobs } from '../objects/blobs.ts';
import { readJournal } from '../objects/journal.ts';
import { getAllEntries } from '../objects/reverse-map-queries.ts';
import { Microdata } from '../microdata/microdata.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { subjectsOfPerson, updateAccess } from './access-index.ts';
import { accessibleRoots } from './accessible-roots.ts';
import { closureOf } from './closure.ts';
import { createAccess, createAccessIn, type AccessRequest } from './create-access.ts';
import { commitOf, readFeed } from './feed.ts';
import { addTo, elementNumber, emptyFingerprint, fingerprintToHex } from './fingerprint.ts';
import { MemberPages, setName } from './member-pages.ts';
import { reachOf } from './reach.ts';
import { recheckAccess, reindexAccess } from './reindex-access.ts';

const references = (type: 'referenceToObj' | 'referenceToId') => ({ type, allowedTypes: ['*'] });
const recipes = [
    {
        $type$: 'Recipe',
        name: 'Doc',
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'text' },
            { itemprop: 'objects', itemtype: { type: 'set', item: references('referenceToObj') } },
            { itemprop: 'ids', itemtype: { type: 'set', item: references('referenceToId') } },
            { itemprop: 'clob', itemtype: { type: 'referenceToClob' }, optional: true },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'Part',
        rule: [
            { itemprop: 'text' },
            { itemprop: 'clobs', itemtype: { type: 'set', item: { type: 'referenceToClob' } } },
        ],
    },
];
const later = {
    $type$: 'Recipe',
    name: 'Later',
    rule: [{ itemprop: 'object', itemtype: references('referenceToObj') }],
};

let peer: TestObjects;
/** BLOBs that are files; nobody reads them here. */
const files = new Set<string>();
const hasBlob = async (hash: string) => files.has(hash) || (await peer.backend.get('objects', hash)) !== undefined;
beforeEach(() => {
    files.clear();
    newPeer();
});

function newPeer(): void {
    peer = new TestObjects(recipes);
    peer.time = 1;
    peer.objects.derive((objects, changes) => updateAccess(objects, changes, hasBlob));
}

const typed = (object: object): Typed => object as Typed;
const part = (text: string, clobs: readonly string[] = []): Typed =>
    typed({ $type$: 'Part', text, clobs: new Set(clobs) });
const doc = (id: string, text: string, objects: readonly string[] = [], ids: readonly string[] = [], clob?: string) =>
    typed({
        $type$: 'Doc',
        id,
        text,
        objects: new Set(objects),
        ids: new Set(ids),
        ...(clob !== undefined && { clob }),
    });
const person = async (name: string) =>
    (await peer.objects.storeIdObject(typed({ $type$: 'Person', email: name }))).idHash;
const group = async (name: string, members: readonly string[]) =>
    (await peer.objects.storeVersionedObject(typed({ $type$: 'Group', name, person: [...members] }))).idHash;
const grant = (request: AccessRequest) => createAccess(peer.objects, [request]);
const refused = (code: string) => expect.objectContaining({ code });

/** What a person may read, from the index. */
async function members(of: string): Promise<string[]> {
    const all = new Set<string>();
    for (const subject of await subjectsOfPerson(peer.backend, of))
        for await (const member of new MemberPages(peer.backend, subject).members()) all.add(member);
    return [...all].sort();
}

/** What a person may read, computed from nothing but objects. */
async function computed(of: string): Promise<string[]> {
    const roots = await accessibleRoots(peer.objects, of);
    return [...(await reachOf(peer.objects, roots, hasBlob))].sort();
}

/** Count and fingerprints of a set are those of its members, in the whole and in parts. */
async function expectSummaries(subject: string): Promise<void> {
    const pages = new MemberPages(peer.backend, subject);
    const header = await peer.backend.get('state', setName(subject));
    const key = Buffer.from(header?.subarray(0, 32) ?? []).toString('hex');
    for (const prefix of ['', '0', '7', 'f', 'a0', '123']) {
        const sum = emptyFingerprint();
        let count = 0;
        for await (const member of pages.members(prefix)) {
            expect(member.startsWith(prefix)).toBe(true);
            addTo(sum, await elementNumber(key, member));
            count++;
        }
        const summary = await pages.summaryOf(prefix);
        expect([summary.count, fingerprintToHex(summary.fingerprint)]).toEqual([count, fingerprintToHex(sum)]);
    }
}

describe('createAccess', () => {
    test('grants, adds and replaces', async () => {
        const [alice, bob] = [await person('alice'), await person('bob')];
        const { hash } = await peer.objects.storeUnversionedObject(part('a'));
        await createAccess(peer.objects, [
            { object: hash, person: [alice, alice], mode: 'add' },
            { object: hash, person: [bob], mode: 'add' },
        ]);
        expect(await members(alice)).toEqual([hash]);
        expect(await members(bob)).toEqual([hash]);
        const [unchanged] = await grant({ object: hash, person: [alice], mode: 'add' });
        expect(unchanged?.status).toBe('exists');
        await grant({ object: hash, person: [bob], mode: 'replace' });
        expect(await members(alice)).toEqual([]);
        expect(await members(bob)).toEqual([hash]);
    });

    test('loses no grant of overlapping calls', async () => {
        const { hash } = await peer.objects.storeUnversionedObject(part('a'));
        const persons = await Promise.all(['a', 'b', 'c', 'd'].map(person));
        await Promise.all(persons.map(one => grant({ object: hash, person: [one], mode: 'add' })));
        for (const one of persons) expect(await members(one)).toEqual([hash]);
    });

    test.each([
        [{ mode: 'add' }, 'must name either'],
        [{ object: 'a'.repeat(64), id: 'a'.repeat(64), mode: 'add' }, 'must name either'],
        [{ object: 'x', mode: 'add' }, 'target by something that is no hash'],
        [{ id: 'a'.repeat(64), person: ['x'], mode: 'add' }, 'persons and groups'],
        [{ id: 'a'.repeat(64), group: 'a'.repeat(64), mode: 'add' }, 'persons and groups'],
        [{ id: 'a'.repeat(64), mode: 'remove' }, 'has no mode'],
        [{ id: 'a'.repeat(64) }, 'has no mode'],
    ])('refuses %j, and then does nothing of the call', async (request, reason) => {
        const good: AccessRequest = { object: 'b'.repeat(64), mode: 'replace' };
        const call = createAccess(peer.objects, [good, request as unknown as AccessRequest]);
        await expect(call).rejects.toThrow(reason);
        await expect(call).rejects.toEqual(refused('ACC-CP1'));
        expect(
            await peer.objects.head(await peer.microdata.idHash(typed({ $type$: 'Access', object: good.object }))),
        ).toBeUndefined();
    });
});

describe('the accessible set', () => {
    test('follows new versions, with everything they lead to', async () => {
        const alice = await person('alice');
        const { hash: leaf } = await peer.objects.storeUnversionedObject(part('leaf'));
        const first = await peer.objects.storeVersionedObject(doc('d', '1'));
        await grant({ id: first.idHash, person: [alice], mode: 'add' });
        expect(await members(alice)).toHaveLength(3);
        const second = await peer.objects.storeVersionedObject(doc('d', '2', [leaf]));
        const now = await members(alice);
        expect(now).toEqual([first.idHash, first.hash, second.hash, leaf, ...(await nodes(first.idHash))].sort());
        await peer.objects.importVersion(doc('d', '3'), 7);
        expect(await members(alice)).toEqual(await computed(alice));
        await grant({ id: first.idHash, mode: 'replace' });
        expect(await members(alice)).toEqual([]);
        await expectSummaries(alice);
    });

    const nodes = async (idHash: string) =>
        ((await peer.objects.getVersionsNodes(idHash)) ?? []).map(({ hash }) => hash);

    test('has what was granted before it came, when it comes', async () => {
        const alice = await person('alice');
        const clob = await hashText('a text');
        const leaf = await peer.microdata.hash(part('leaf', [clob]));
        const idHash = await peer.microdata.idHash(doc('d', ''));
        await grant({ id: idHash, person: [alice], mode: 'add' });
        await grant({ object: leaf, person: [alice], mode: 'add' });
        expect(await members(alice)).toEqual([]);
        await peer.objects.storeVersionedObject(doc('d', '1', [leaf]));
        expect(await members(alice)).toHaveLength(3);
        await peer.objects.storeUnversionedObject(part('leaf', [clob]));
        expect(await members(alice)).toHaveLength(4);
        await peer.objects.storeUTF8Clob('a text');
        expect(await members(alice)).toEqual(await computed(alice));
        expect(await members(alice)).toContain(clob);
        const feed = await readFeed(peer.backend, alice, 0, 100);
        expect(feed.map(({ type }) => type)).toEqual(['id', 'object', 'arrived', 'id', 'arrived', 'object', 'arrived']);
        await expectSummaries(alice);
    });

    test('never has the objects that say who may read what, nor CLOBs as objects', async () => {
        const alice = await person('alice');
        const friends = await group('friends', [alice]);
        const { hash: secret } = await peer.objects.storeUnversionedObject(part('secret'));
        const [access] = await grant({ object: secret, person: ['f'.repeat(64)], mode: 'add' });
        // A text that looks like an object, but is only linked as a CLOB, gives access to itself alone.
        const text = `<div itemscope itemtype="//refin.io/Doc"><a data-type="obj">${secret}</a></div>`;
        const { hash: clob } = await peer.objects.storeUTF8Clob(text);
        const { hash: carrier } = await peer.objects.storeUnversionedObject(part('carrier', [clob]));
        const { hash: plain } = await peer.objects.storeUTF8Clob(`plain <a data-type="obj">${secret}</a>`);
        const bad = doc('d', '', [access?.hash ?? '', carrier, plain], [access?.idHash ?? '', friends]);
        const { idHash } = await peer.objects.storeVersionedObject(bad);
        await createAccess(peer.objects, [
            { id: idHash, person: [alice], mode: 'add' },
            { id: friends, person: [alice], mode: 'add' },
            { object: access?.hash ?? '', person: [alice], mode: 'add' },
            { object: clob, person: [alice], mode: 'replace' },
            { object: plain, person: [alice], mode: 'replace' },
            { object: idHash, person: [alice], mode: 'add' },
            { id: carrier, person: [alice], mode: 'add' },
        ]);
        const now = await members(alice);
        expect(now).toEqual(await computed(alice));
        expect(now).toContain(clob);
        for (const hash of [secret, access?.hash, access?.idHash, friends]) expect(now).not.toContain(hash);
    });

    test('of a group counts for its members while they are in it', async () => {
        const [alice, bob] = [await person('alice'), await person('bob')];
        const friends = await group('friends', [alice]);
        const { hash } = await peer.objects.storeUnversionedObject(part('a'));
        await grant({ object: hash, group: [friends], mode: 'add' });
        expect([await members(alice), await members(bob)]).toEqual([[hash], []]);
        await group('friends', [bob, bob]);
        expect([await members(alice), await members(bob)]).toEqual([[], [hash]]);
        expect((await readFeed(peer.backend, alice, 0, 9)).map(({ type }) => type)).toEqual(['group', 'groupLost']);
        expect((await readFeed(peer.backend, friends, 0, 9)).map(({ type }) => type)).toEqual(['object']);
    });

    test('is large, deep and shrinks again', async () => {
        const alice = await person('alice');
        const { idHash } = await peer.objects.storeVersionedObject(doc('d', '0'));
        await grant({ id: idHash, person: [alice], mode: 'add' });
        await peer.objects.transact(async objects => {
            for (let i = 1; i <= 500; i++) await objects.storeVersioned(doc('d', String(i)), 'change');
        });
        const pages = new MemberPages(peer.backend, alice);
        expect((await pages.summary()).count).toBe(1 + 2 * 501);
        expect(await members(alice)).toEqual(await computed(alice));
        await expectSummaries(alice);
        const bob = await person('bob');
        await grant({ id: idHash, person: [bob], mode: 'replace' });
        expect((await pages.summary()).count).toBe(0);
        expect(await members(bob)).toHaveLength(1003);
        const closure = await closureOf(peer.objects, (await peer.objects.head(idHash)) ?? '');
        expect(closure).toHaveLength(1001);
    });

    test('and its feed are changed by the commit that changes the objects, or not at all', async () => {
        const alice = await person('alice');
        const { idHash } = await peer.objects.storeVersionedObject(doc('d', '0'));
        await grant({ id: idHash, person: [alice], mode: 'add' });
        const before = await members(alice);
        const failing = peer.objects.transact(async objects => {
            await objects.storeVersioned(doc('d', '1'), 'change');
            throw new Error('changed my mind');
        });
        await expect(failing).rejects.toThrow('changed my mind');
        expect(await members(alice)).toEqual(before);
        expect(await readFeed(peer.backend, alice, 0, 9)).toHaveLength(1);
        await peer.objects.storeVersionedObject(doc('d', '1'));
        const [, entry] = await readFeed(peer.backend, alice, 0, 9);
        expect(commitOf(entry?.number ?? 0)).toBe(4);
        expect(entry).toMatchObject({ type: 'node', idHash });
    });
});

type Step =
    | { type: 'doc'; id: number; text: number; objects: number[]; ids: number[]; remote: boolean }
    | { type: 'part'; text: number; clobs: number[] }
    | { type: 'clob'; text: number }
    /** The bytes of a part, or of an object whose recipe comes later, are stored as what they may not stay. */
    | { type: 'raw'; text: number; as: 'clob' | 'file' }
    | { type: 'later'; text: number }
    | { type: 'register' }
    | { type: 'damage'; text: number }
    | { type: 'group'; name: number; persons: number[] }
    | { type: 'grant'; object: number | undefined; id: number; persons: number[]; groups: number[]; replace: boolean };

const small = fc.nat(3);
const some = fc.uniqueArray(small, { maxLength: 3 });
const someObjects = fc.uniqueArray(fc.nat(5), { maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
        type: fc.constant('doc' as const),
        id: small,
        text: small,
        objects: someObjects,
        ids: some,
        remote: fc.boolean(),
    }),
    fc.record({ type: fc.constant('part' as const), text: small, clobs: some }),
    fc.record({ type: fc.constant('clob' as const), text: small }),
    fc.record({
        type: fc.constant('raw' as const),
        text: small,
        as: fc.constantFrom('clob' as const, 'file' as const),
    }),
    fc.record({ type: fc.constant('later' as const), text: small }),
    fc.record({ type: fc.constant('register' as const) }),
    fc.record({ type: fc.constant('damage' as const), text: small }),
    fc.record({ type: fc.constant('group' as const), name: fc.nat(1), persons: some }),
    fc.record({
        type: fc.constant('grant' as const),
        object: fc.option(fc.nat(7), { nil: undefined }),
        id: fc.nat(5),
        persons: some,
        groups: fc.uniqueArray(fc.nat(1), { maxLength: 2 }),
        replace: fc.boolean(),
    }),
);

async function isDamaged(hash: string): Promise<boolean> {
    return new TextDecoder().decode(await peer.backend.get('objects', hash)) === 'damaged';
}

/** Damages what is stored, behind the back of the store. */
async function damage(hash: string): Promise<void> {
    if ((await peer.backend.get('objects', hash)) === undefined) return;
    const value = new TextEncoder().encode('damaged');
    await peer.backend.commit([{ type: 'put', space: 'objects', key: hash, value }]);
}

/** As the folder of an original installation has it whose recipes are not known yet. */
async function arriveUnknown(objects: ObjectTransaction, text: string): Promise<void> {
    const hash = await hashText(text);
    if ((await objects.transaction.get('objects', hash)) !== undefined) return;
    objects.transaction.put('objects', hash, new TextEncoder().encode(text));
    objects.noteStored('clob', hash);
}

/** As if a large BLOB came. */
async function arriveAsFile(objects: ObjectTransaction, hash: string): Promise<void> {
    if (files.has(hash) || (await objects.transaction.get('objects', hash)) !== undefined) return;
    files.add(hash);
    objects.noteStored('blob', hash);
}

test('whatever is stored and granted in any order: the index is what the whole computation gives', async () => {
    await fc.assert(
        fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), async commits => {
            files.clear();
            newPeer();
            const persons = await Promise.all(['a', 'b', 'c', 'd'].map(person));
            const groups = await Promise.all(
                [0, 1].map(n => peer.microdata.idHash(typed({ $type$: 'Group', name: String(n), person: [] }))),
            );
            const clobs = await Promise.all([0, 1, 2, 3].map(n => hashText(`text ${n}`)));
            const parts = [0, 1, 2, 3].map(n => part(String(n), clobs.slice(0, n)));
            // Parts may be linked and granted before they are stored.
            const partHashes = await Promise.all(parts.map(one => peer.microdata.hash(one)));
            const ids = await Promise.all([0, 1, 2, 3].map(n => peer.microdata.idHash(doc(String(n), ''))));
            const foreign = new Microdata(new RecipeRegistry());
            foreign.recipes.register(later);
            const texts = [0, 1].map(n => foreign.write(typed({ $type$: 'Later', object: partHashes[n + 1] })));
            const laterHashes = await Promise.all(texts.map(hashText));
            const objectHashes = [...partHashes, ...laterHashes];
            const targets = [...objectHashes, ids[0] ?? '', clobs[0] ?? ''];
            const idTargets = [...ids, groups[0] ?? '', persons[0] ?? ''];
            const pick = (list: readonly string[], indexes: readonly number[]) => indexes.map(i => list[i] ?? '');
            let time = 1;
            for (const steps of commits) {
                for (const next of steps)
                    if (next.type === 'register' && !peer.microdata.recipes.has('Later')) {
                        peer.microdata.recipes.register(later);
                        await recheckAccess(peer.objects, hasBlob);
                    } else if (next.type === 'damage') await damage(partHashes[next.text] ?? '');
                await peer.objects.transact(async objects => {
                    for (const next of steps) {
                        if (next.type === 'register' || next.type === 'damage') continue;
                        peer.time = time++;
                        if (next.type === 'doc') {
                            const made = doc(
                                String(next.id),
                                String(next.text),
                                pick(objectHashes, next.objects),
                                pick([...ids.slice(0, 2), ...persons], next.ids),
                            );
                            if (next.remote) await objects.importVersion(made, next.text + 1);
                            else await objects.storeVersioned(made, 'change');
                        } else if (next.type === 'part') await objects.storeUnversioned(parts[next.text] ?? part(''));
                        else if (next.type === 'clob') await objects.storeUTF8Clob(`text ${next.text}`);
                        else if (next.type === 'later') await arriveUnknown(objects, texts[next.text % 2] ?? '');
                        else if (next.type === 'raw') {
                            const raw = peer.microdata.write(parts[next.text] ?? part(''));
                            if (next.as === 'clob') await objects.storeUTF8Clob(raw);
                            else await arriveAsFile(objects, partHashes[next.text] ?? '');
                        } else if (next.type === 'group')
                            await objects.storeVersioned(
                                typed({
                                    $type$: 'Group',
                                    name: String(next.name),
                                    person: pick(persons, next.persons),
                                }),
                                'change',
                            );
                        else {
                            const target =
                                next.object === undefined
                                    ? { id: idTargets[next.id] ?? '' }
                                    : { object: targets[next.object] ?? '' };

                            await createAccessIn(objects, [
                                {
                                    ...target,
                                    person: pick(persons, next.persons),
                                    group: pick(groups, next.groups),
                                    mode: next.replace ? 'replace' : 'add',
                                },
                            ]);
                        }
                    }
                });
            }
            // What is damaged may have been noticed or not; when it is whole again, both must be the same.
            for (const [i, hash] of partHashes.entries())
                if (await isDamaged(hash)) await peer.objects.storeUnversionedObject(parts[i] ?? part(''));
            for (const one of persons) {
                expect(await members(one)).toEqual(await computed(one));
                await expectSummaries(one);
            }
            for (const one of groups) await expectSummaries(one);
        }),
    );
});

describe('what is broken', () => {
    test('a text that looks like the beginning of an object harms nobody', async () => {
        const alice = await person('alice');
        for (const text of ['<div itemscope itemtype="//refin.io/', '<div itemscope itemtype="//refin.io/">']) {
            const clob = await hashText(text);
            const { idHash } = await peer.objects.storeVersionedObject(doc('d', text.length.toString(), [], [], clob));
            await grant({ id: idHash, person: [alice], mode: 'add' });
            await peer.objects.storeUTF8Clob(text);
            await grant({ object: clob, person: [alice], mode: 'add' });
            expect(await members(alice)).toContain(clob);
            expect(await members(alice)).toEqual(await computed(alice));
            await reindexAccess(peer.objects, hasBlob);
            expect(await members(alice)).toEqual(await computed(alice));
        }
    });

    test('a grant that cannot be read grants nothing, and hides no other', async () => {
        const alice = await person('alice');
        const [first, second] = [
            (await peer.objects.storeUnversionedObject(part('1'))).hash,
            (await peer.objects.storeUnversionedObject(part('2'))).hash,
        ];
        const [broken] = await grant({ object: first, person: [alice], mode: 'add' });
        await grant({ object: second, person: [alice], mode: 'add' });
        await damage(broken?.hash ?? '');
        expect(await computed(alice)).toEqual([second]);
        await reindexAccess(peer.objects, hasBlob);
        expect(await members(alice)).toEqual([second]);
    });

    test('the objects that say who may read what are not given away as CLOBs either', async () => {
        const alice = await person('alice');
        const [access] = await grant({ object: 'f'.repeat(64), person: [alice], mode: 'add' });
        const { hash } = await peer.objects.storeUnversionedObject(part('carrier', [access?.hash ?? '']));
        await grant({ object: hash, person: [alice], mode: 'add' });
        expect(await members(alice)).toEqual([hash]);
        expect(await computed(alice)).toEqual([hash]);
    });
});

describe('what becomes another thing', () => {
    const textOf = (object: Typed) => peer.microdata.write(object);
    const consistent = async (...subjects: string[]) => {
        for (const subject of subjects) {
            expect(await members(subject)).toEqual(await computed(subject));
            await expectSummaries(subject);
        }
    };

    test('the file of a BLOB that is an object later', async () => {
        const alice = await person('alice');
        const { hash: leaf } = await peer.objects.storeUnversionedObject(part('leaf'));
        const late = doc('late', 'x', [leaf]);
        const hash = await peer.microdata.hash(late);
        files.add(hash);
        // Linked by something granted, granted itself, and both.
        const { idHash } = await peer.objects.storeVersionedObject(doc('d', '1', [hash]));
        const bob = await person('bob');
        await createAccess(peer.objects, [
            { id: idHash, person: [alice], mode: 'add' },
            { object: hash, person: [alice, bob], mode: 'add' },
        ]);
        await consistent(alice, bob);
        expect(await members(alice)).toContain(hash);
        expect(await members(bob)).toEqual([]);
        await peer.objects.storeVersionedObject(late);
        await consistent(alice, bob);
        expect(await members(alice)).toContain(leaf);
        expect(await members(bob)).toContain(leaf);
        await grant({ id: idHash, mode: 'replace' });
        await consistent(alice, bob);
        await grant({ object: hash, mode: 'replace' });
        expect([...(await members(alice)), ...(await members(bob))]).toEqual([]);
    });

    test('a text whose recipe is registered later', async () => {
        const alice = await person('alice');
        const bob = await person('bob');
        const { hash: leaf } = await peer.objects.storeUnversionedObject(part('leaf'));
        const other = new TestObjects([...recipes, later]);
        const text = other.microdata.write(typed({ $type$: 'Later', object: leaf }));
        const hash = await hashText(text);
        await peer.objects.transact(objects => arriveUnknown(objects, text));
        const { idHash } = await peer.objects.storeVersionedObject(doc('d', '1', [hash]));
        await createAccess(peer.objects, [
            { id: idHash, person: [alice], mode: 'add' },
            { object: hash, person: [bob], mode: 'add' },
        ]);
        await consistent(alice, bob);
        expect(await members(alice)).not.toContain(leaf);
        peer.microdata.recipes.register(later);
        const before = (await readFeed(peer.backend, alice, 0, 100)).length;
        await recheckAccess(peer.objects, hasBlob);
        await recheckAccess(peer.objects, hasBlob);
        await consistent(alice, bob);
        expect(await members(alice)).toContain(leaf);
        expect(await members(bob)).toEqual([hash, leaf].sort());
        expect(await readFeed(peer.backend, alice, 0, 100)).toHaveLength(before + 1);
        await grant({ id: idHash, mode: 'replace' });
        await grant({ object: hash, mode: 'replace' });
        expect([...(await members(alice)), ...(await members(bob))]).toEqual([]);
    });

    test('bytes that came as a CLOB lead nowhere, whatever they name', async () => {
        const alice = await person('alice');
        const { hash: secret } = await peer.objects.storeUnversionedObject(part('secret'));
        const carrier = doc('carrier', '1', [secret]);
        const { hash } = await peer.objects.storeUTF8Clob(textOf(carrier));
        const { idHash } = await peer.objects.storeVersionedObject(doc('d', '1', [hash]));
        await createAccess(peer.objects, [
            { id: idHash, person: [alice], mode: 'add' },
            { object: hash, person: [alice], mode: 'add' },
        ]);
        await consistent(alice);
        expect(await members(alice)).toContain(hash);
        expect(await members(alice)).not.toContain(secret);
        await peer.objects.storeVersionedObject(carrier);
        await consistent(alice);
        expect(await members(alice)).toContain(secret);
    });

    test('grants while everything is indexed anew are all there in the end', async () => {
        const alice = await person('alice');
        const hashes: string[] = [];
        const store = async (i: number): Promise<void> => {
            const { hash } = await peer.objects.storeUnversionedObject(part(String(i)));
            hashes.push(hash);
            await grant({ object: hash, person: [alice], mode: 'add' });
        };
        for (let i = 0; i < 20; i++) await store(i);
        const reindexed = reindexAccess(peer.objects, hasBlob);
        for (let i = 20; i < 60; i++) await store(i);
        await reindexed;
        await consistent(alice);
        expect(await members(alice)).toEqual([...hashes].sort());
    });

    test.each(['version', 'node', 'ID object', 'part'])('a damaged %s does not stop a revocation', async which => {
        const alice = await person('alice');
        const { hash: leaf } = await peer.objects.storeUnversionedObject(part('leaf', [await hashText('a text')]));
        await peer.objects.storeUTF8Clob('a text');
        const { hash: inner } = await peer.objects.storeVersionedObject(doc('inner', '1', [leaf]));
        const version = await peer.objects.storeVersionedObject(doc('d', '1', [inner]));
        const keeps = await peer.objects.storeVersionedObject(doc('keeps', '1', [leaf]));
        const node = (await peer.objects.head(version.idHash)) ?? '';
        await createAccess(peer.objects, [
            { id: version.idHash, person: [alice], mode: 'add' },
            { object: version.hash, person: [alice], mode: 'add' },
            { id: keeps.idHash, person: [alice], mode: 'add' },
        ]);
        await damage({ version: version.hash, node, 'ID object': version.idHash, part: inner }[which] ?? '');
        await createAccess(peer.objects, [
            { id: version.idHash, mode: 'replace' },
            { object: version.hash, mode: 'replace' },
        ]);
        await consistent(alice);
        expect(await members(alice)).toContain(leaf);
        expect(await members(alice)).not.toContain(inner);
        await grant({ id: keeps.idHash, mode: 'replace' });
        expect(await members(alice)).toEqual([]);
    });

    test('something damaged is not there until it is stored again', async () => {
        const alice = await person('alice');
        const { hash: leaf } = await peer.objects.storeUnversionedObject(part('leaf'));
        const made = doc('d', '1', [leaf]);
        const { hash } = await peer.objects.storeVersionedObject(made);
        await damage(hash);
        await grant({ object: hash, person: [alice], mode: 'add' });
        expect(await members(alice)).toEqual([]);
        await peer.objects.storeVersionedObject(doc('d', '2'));
        await peer.objects.storeVersionedObject(made, 'no-version-map');
        await consistent(alice);
        expect(await members(alice)).toContain(leaf);
    });

    test('a group whose older version is damaged loses who is taken out', async () => {
        const [alice, bob] = [await person('alice'), await person('bob')];
        const friends = await group('friends', [alice, bob]);
        const { hash } = await peer.objects.storeUnversionedObject(part('a'));
        await grant({ object: hash, group: [friends], mode: 'add' });
        const old = (await peer.objects.getObjectByIdHash(friends)).hash;
        await damage(old);
        await group('friends', [bob]);
        expect([await members(alice), await members(bob)]).toEqual([[], [hash]]);
    });

    test.each(['clob', 'blob'] as const)('an object whose text came as a %s before is new', async kind => {
        const text = textOf(typed({ $type$: 'Group', name: 'g', person: ['a'.repeat(64)] }));
        const id = peer.microdata.writeId(typed({ $type$: 'Group', name: 'g', person: [] }));
        for (const each of [text, id])
            if (kind === 'clob') expect((await peer.objects.storeUTF8Clob(each)).status).toBe('new');
            else await new Blobs(peer.objects).store([new TextEncoder().encode(each)]);
        const stored = await peer.objects.importVersion(
            typed({ $type$: 'Group', name: 'g', person: ['a'.repeat(64)] }),
            7,
        );
        expect(stored.status).toBe('new');
        expect(await getAllEntries(peer.objects, 'a'.repeat(64), 'Group')).toEqual([stored.hash]);
        const entries = await readJournal(peer.objects.store, 0, 10);
        expect(entries.at(-1)?.records.map(record => record.kind)).toEqual(['idObject', 'version']);
        expect((await peer.objects.storeIdObject(typed({ $type$: 'Group', name: 'g' }))).status).toBe('exists');
        expect((await peer.objects.storeUTF8Clob(text)).status).toBe('exists');
        expect(await getAllEntries(peer.objects, 'a'.repeat(64), 'Group')).toHaveLength(1);
    });
});

// A peer that shares a document with others may write what it likes into it, but nothing that keeps it from them.
import { beforeEach, expect, test } from '@jest/globals';
import type { Typed } from '../hashes.ts';
import { HostilePeer, object } from './hostile-peer.ts';
import { createChannelPair } from './memory-channel.ts';
import type { ChildObject } from './services.ts';
import { recipes as samples, typed } from './simulation/sample-data.ts';
import { connect, TestPeer } from './test-peer.ts';

const reference = { type: 'referenceToObj', allowedTypes: ['*'] };
const recipes = [
    ...samples,
    {
        $type$: 'Recipe',
        name: 'CreationTime',
        rule: [
            { itemprop: 'timestamp', itemtype: { type: 'integer' } },
            { itemprop: 'data', itemtype: reference },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'LinkedListEntry',
        rule: [
            { itemprop: 'data', itemtype: reference },
            { itemprop: 'previous', itemtype: reference, optional: true },
        ],
    },
    {
        $type$: 'Recipe',
        name: 'Channel',
        crdtConfig: new Map([['head#referenceToObj', 'LinkedListCrdtAlgorithm']]),
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'head', itemtype: reference, optional: true },
        ],
    },
];
const note = (text: string, more: object = {}): Typed => typed({ $type$: 'Note', text, ...more });
const doc = (id: string, title: string, more: object = {}): Typed =>
    typed({ $type$: 'Doc', id, title, tags: new Set(), ...more });
const channel = (head: string): Typed => typed({ $type$: 'Channel', id: 'c', head });

let victim: TestPeer;
let friend: TestPeer;
let peer: HostilePeer;
let person: string;
beforeEach(async () => {
    [victim, friend] = [await TestPeer.create('V', recipes), await TestPeer.create('F', recipes)];
    person = await victim.personId('e@test');
    await victim.personId('f@test');
    await friend.personId('v@test');
    peer = new HostilePeer(victim.objects.microdata);
});

/** The victim looks at everything that the peer lists. @returns codes of what it refused */
async function visit(): Promise<readonly unknown[]> {
    const [near, far] = createChannelPair();
    peer.connect(far);
    const session = victim.chum(near, victim, { remotePerson: person });
    await Promise.race([peer.visited, session.ended]);
    await peer.leave();
    const refused = session.status.failed.map(({ error }) => (error as { code?: unknown }).code);
    await session.ended;
    return refused;
}

async function titleOf(at: TestPeer, idHash: string): Promise<unknown> {
    return ((await at.objects.getObjectByIdHash(idHash)).obj as { title?: unknown }).title;
}

/** Whether a later version of the document gets to the friend, whatever the peer has sent before. */
async function expectGoodVersion(idHash: string): Promise<void> {
    victim.time = 100;
    await victim.objects.storeVersionedObject(doc('d', 'good'));
    const [session] = connect(friend, victim);
    expect((await session.ended).errors).toEqual([]);
    expect(await titleOf(friend, idHash)).toBe('good');
}

async function shareDocument(): Promise<string> {
    const { idHash } = await victim.objects.storeVersionedObject(doc('d', '1'));
    await victim.grant({ id: idHash, person: [person, await victim.personId('f@test')], mode: 'add' });
    return idHash;
}

test.each([
    { how: 'as a CLOB', listed: 'clob', refused: ['CHUM_CLOB_NOT_TEXT'] },
    { how: 'as a BLOB that it links as a CLOB', listed: 'blob', refused: ['CHUM_CLOB_NOT_TEXT'] },
] as const)('bytes that are no text are refused $how: nobody could be sent them', async ({ listed, refused }) => {
    const idHash = await shareDocument();
    const clob = await peer.hasBytes(new Uint8Array([0xff, 0xfe, 0x80]));
    const wrong = await peer.hasObject(note('n', { clob }));
    await peer.listVersion(doc('d', 'wrong', { object: wrong }), [{ type: listed, hash: clob }, object(wrong)], 5);
    expect(await visit()).toEqual(refused);
    await expectGoodVersion(idHash);
});

test('a text may be linked as a BLOB and as a CLOB at the same time', async () => {
    const { hash } = await friend.objects.storeUTF8Clob('text');
    const blob = await friend.objects.storeUnversionedObject(note('blob', { blob: hash }));
    const both = await friend.objects.storeUnversionedObject(note('both', { blob: hash, clob: hash }));
    for (const each of [blob, both]) await friend.grant({ object: each.hash, person: [victim.person], mode: 'add' });
    const [session] = connect(victim, friend);
    expect((await session.ended).errors).toEqual([]);
    for (const each of [blob, both]) expect(await victim.objects.has(each.hash)).toBe(true);
});

test('bytes that look like an object which never leaves an instance are given on', async () => {
    const idHash = await shareDocument();
    const blob = await peer.has('<div itemscope itemtype="//refin.io/Access">');
    const strange = await peer.hasObject(note('n', { blob }));
    await peer.listVersion(
        doc('d', 'strange', { object: strange }),
        [{ type: 'blob', hash: blob }, object(strange)],
        5,
    );
    expect(await visit()).toEqual([]);
    await expectGoodVersion(idHash);
    expect(await friend.blobs.has(blob)).toBe(true);
});

/** A channel of the friend, granted to the victim. */
async function storeChannel(): Promise<{ idHash: string; head: string }> {
    const head = await storeEntry(friend, 10);
    const { idHash } = await friend.objects.storeVersionedObject(channel(head));
    await friend.grant({ id: idHash, person: [victim.person], mode: 'add' });
    return { idHash, head };
}

async function storeEntry({ objects }: TestPeer, timestamp: number): Promise<string> {
    const { hash: data } = await objects.storeUnversionedObject(note('message'));
    const time = await objects.storeUnversionedObject(typed({ $type$: 'CreationTime', timestamp, data }));
    return (await objects.storeUnversionedObject(typed({ $type$: 'LinkedListEntry', data: time.hash }))).hash;
}

/** Objects of the peer that are said to be lists, and what they need. */
const brokenLists: readonly { what: string; make: () => Promise<readonly string[]> }[] = [
    { what: 'something else', make: async () => [await peer.hasObject(note('no list'))] },
    {
        what: 'an entry without time',
        make: async () => {
            const data = await peer.hasObject(note('no time'));
            return [data, await peer.hasObject({ $type$: 'LinkedListEntry', data })];
        },
    },
    {
        what: 'an entry that continues something else',
        make: async () => {
            const data = await peer.hasObject(note('message'));
            const time = await peer.hasObject({ $type$: 'CreationTime', timestamp: 1, data });
            return [data, time, await peer.hasObject({ $type$: 'LinkedListEntry', data: time, previous: data })];
        },
    },
];

test.each(brokenLists)(
    'a channel whose list is $what is refused: nothing could be merged with it',
    async ({ make }) => {
        const { idHash, head } = await storeChannel();
        const list = await make();
        await peer.listVersion(channel(list.at(-1) ?? ''), list.map(object), 5);
        expect(await visit()).toEqual(['CHUM_LIST_INVALID']);
        const [session] = connect(victim, friend);
        expect((await session.ended).errors).toEqual([]);
        expect((await victim.objects.getObjectByIdHash(idHash)).obj).toMatchObject({ head });
    },
);

test('a node that says that it follows one of another ID does not keep that from being merged', async () => {
    const versions = [];
    for (const title of ['1', '2']) {
        friend.time++;
        versions.push(await friend.objects.storeVersionedObject(doc('chat', title)));
    }
    const id = versions[0]?.idHash ?? '';
    await friend.grant({ id, person: [victim.person], mode: 'add' });
    const nodes = ((await friend.objects.getVersionsNodes(id)) ?? []).map(({ hash }) => hash);
    for (const hash of [id, ...nodes, ...versions.map(version => version.hash)])
        await peer.has(await friend.objects.text(hash));
    const [data, other] = [await peer.hasObject(doc('other', 'o')), await peer.hasId(doc('other', 'o'))];
    const follower = { $type$: 'VersionNodeChange', prev: nodes[1], data, depth: 9, creationTime: 50 };
    const node = await peer.hasObject(follower);
    const ids = [id, other].map((hash): ChildObject => ({ type: 'id', hash }));
    const chat = versions.flatMap(({ hash }, i) => [object(hash), object(nodes[i] ?? '')]);
    peer.listChildren(node, [...ids, ...chat, object(data)]);
    peer.roots = [{ type: 'version_node', node, dataIdHash: other, dataType: 'Doc' }];
    expect(await visit()).toEqual([]);
    const [session] = connect(victim, friend);
    expect((await session.ended).errors).toEqual([]);
    expect(await titleOf(victim, id)).toBe('2');
});

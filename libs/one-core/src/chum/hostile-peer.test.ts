import { beforeEach, describe, expect, test } from '@jest/globals';
import { hashText } from '../crypto/hash.ts';
import type { Typed } from '../hashes.ts';
import { OneInstance } from '../instance/one-instance.ts';
import { IMPORT_COMMIT_BYTES, MAX_LIST_ERRORS, RETRY_FIRST_MS, RETRY_LAST_MS } from '../limits.ts';
import type { Microdata } from '../microdata/microdata.ts';
import type { RecipeDefinition } from '../recipes/grammar.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import type { ChumResult, ChumSession } from './chum-session.ts';
import { HostilePeer, object } from './hostile-peer.ts';
import { Importer } from './importer.ts';
import { createChannelPair } from './memory-channel.ts';
import type { MessageChannel } from './message-channel.ts';
import { RequestChannel } from './request-channel.ts';
import { services } from './services.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { connect, TestPeer } from './test-peer.ts';

const note = (text: string, more: object = {}): Typed => typed({ $type$: 'Note', text, ...more });
const doc = (id: string, title: string, more: object = {}): Typed =>
    typed({ $type$: 'Doc', id, title, tags: new Set(), ...more });
/** Of a type that only some know. */
const newRecipe = { $type$: 'Recipe', name: 'New', rule: [{ itemprop: 'text' }] };
const newObject = typed({ $type$: 'New', text: 'new' });

/** What is attacked. It shares the document `d` with the person of the peer. */
let victim: TestPeer;
let microdata: Microdata;
let person: string;
let shared: { readonly hash: string; readonly idHash: string };
let peer: HostilePeer;
beforeEach(async () => {
    victim = await TestPeer.create('V', recipes);
    microdata = victim.objects.microdata;
    person = await victim.personId('e@test');
    shared = await victim.objects.storeVersionedObject(doc('d', '1'));
    await victim.grant({ id: shared.idHash, person: [person], mode: 'add' });
    peer = new HostilePeer(microdata);
});

interface Visit {
    /** Codes of what the victim refused to take over. */
    readonly refused: readonly unknown[];
    /** What the peer was sent of what it wanted. */
    readonly taken: readonly (string | undefined)[];
    readonly result: ChumResult;
}

/** The victim looks at everything that the peer lists; then the peer asks for some things. */
async function visit(wanted: readonly string[] = [], start = startSession): Promise<Visit> {
    const [near, far] = createChannelPair();
    peer.connect(far);
    const session = start(near);
    await Promise.race([peer.visited, session.ended]);
    const refused = session.status.failed.map(({ error }) => (error as { code?: unknown }).code);
    const taken: (string | undefined)[] = [];
    for (const hash of wanted) taken.push(await peer.take(hash));
    await peer.leave();
    return { refused, taken, result: await session.ended };
}

function startSession(channel: MessageChannel): ChumSession {
    return victim.chum(channel, victim, { remotePerson: person });
}

/** For several passes, whose times are set by the test. */
function startImporter(
    channel: MessageChannel,
    remotePerson: string,
): { importer: Importer; requests: RequestChannel } {
    const { objects, blobs, accessible } = victim;
    const requests = new RequestChannel(channel);
    const importer = new Importer(requests, { objects, blobs, accessible, remotePerson, now: () => victim.time });
    return { importer, requests };
}

async function titleOf(at: TestPeer, idHash: string): Promise<unknown> {
    return ((await at.objects.getObjectByIdHash(idHash)).obj as { title?: unknown }).title;
}

const SECRET = 'P'.repeat(100_000);
const storeSecretNote = async () => (await victim.objects.storeUnversionedObject(note('secret'))).hash;
const storeSecretBlob = async (text: string) => (await victim.blobs.store([new TextEncoder().encode(text)])).hash;
const storeSecretGroup = async () =>
    (await victim.objects.storeVersionedObject(typed({ $type$: 'Group', name: 'friends', person: [] }))).hash;

describe('a peer that knows only the hash of something', () => {
    test('is sent what is granted, and what it has sent itself', async () => {
        const [secret, blob] = [await storeSecretNote(), await storeSecretBlob('secret')];
        await peer.hasObject(note('secret'));
        await peer.has('secret');
        await peer.listVersion(doc('d', '2', { object: secret, blob }), [object(secret), { type: 'blob', hash: blob }]);
        const { refused, taken } = await visit([shared.hash, secret, blob]);
        expect(refused).toEqual([]);
        expect(taken).toEqual([microdata.write(doc('d', '1')), microdata.write(note('secret')), 'secret']);
    });

    test.each([
        { what: 'an object, by linking it', store: storeSecretNote, as: 'object', listed: undefined },
        { what: 'an object, by linking it as an ID', store: storeSecretNote, as: 'about', listed: undefined },
        { what: 'an object, by listing it as an ID object', store: storeSecretNote, as: 'object', listed: 'id' },
        { what: 'a BLOB, by listing it as an ID object', store: () => storeSecretBlob('s'), as: 'blob', listed: 'id' },
        { what: 'a Group object, as a BLOB', store: storeSecretGroup, as: 'blob', listed: 'id' },
    ] as const)('does not get $what', async ({ store, as, listed }) => {
        const secret = await store();
        await peer.listVersion(
            doc('d', '2', { [as]: secret }),
            listed === undefined ? [] : [{ type: listed, hash: secret }],
        );
        const { refused, taken } = await visit([secret]);
        expect(refused).toHaveLength(1);
        expect(taken).toEqual([undefined]);
        expect(await victim.accessible.has(person, secret)).toBe(false);
    });

    test('does not get a BLOB by linking it in an object that it sends as a BLOB', async () => {
        const secret = await storeSecretBlob(SECRET);
        const wrapper = await peer.hasObject(note('wrapper', { blob: secret }));
        await peer.listVersion(doc('d', '2', { object: wrapper }), [{ type: 'blob', hash: wrapper }]);
        const { refused, taken } = await visit([secret]);
        expect(refused).toEqual(['CI-ACO']);
        expect(taken).toEqual([undefined]);
        expect(await victim.objects.has(wrapper)).toBe(false);
    });

    test('does not get an object by linking it in a tree that is asked for twice at the same time', async () => {
        const secret = await storeSecretNote();
        // So large that it is stored before its tree is complete.
        const large = await peer.hasObject(note('x'.repeat(IMPORT_COMMIT_BYTES), { objects: new Set([secret]) }));
        const [first, last] = [await peer.hasObject(note('first')), await peer.hasObject(note('last'))];
        const idHash = 'ab'.repeat(32);
        peer.listChildren(idHash, [last, large, secret, first].map(object));
        const root = { type: 'versioned', idHash, oneType: 'Doc' };
        peer.roots = ['01', '02'].map(digits => ({ ...root, hash: digits.repeat(32) }));
        await visit();
        expect(await victim.objects.has(large)).toBe(false);
    });

    test('does not get what a version node leads to by sending the node', async () => {
        victim.time = 1234;
        const secret = await victim.objects.storeVersionedObject(doc('secret', '1'));
        const node = await peer.hasNode(secret.hash, 1234);
        expect(await victim.objects.has(node)).toBe(true);
        await peer.listVersion(doc('d', '2', { object: node }), [object(node)]);
        const { refused, taken } = await visit([secret.hash]);
        expect(refused).toEqual(['CI-ACO']);
        expect(taken).toEqual([undefined]);
    });

    test('does not get what an ID object leads to by linking that', async () => {
        const secret = await storeSecretNote();
        const friend = await victim.personId('friend@test');
        const remark = typed({ $type$: 'Remark', on: friend, of: secret, text: 'r' });
        const { idHash } = await victim.objects.storeVersionedObject(remark);
        await peer.listVersion(doc('d', '2', { about: idHash }));
        const { refused, taken } = await visit([secret, friend, idHash]);
        expect(refused).toEqual(['CI-ACO']);
        expect(taken).toEqual([undefined, undefined, undefined]);
    });
});

describe('a peer that sends what others rely on', () => {
    test.each([
        { how: 'by its hash alone', knowsText: false },
        { how: 'with its text', knowsText: true },
    ])('does not undo a revocation by listing the grant of before, $how', async ({ knowsText }) => {
        victim.time = 10;
        await victim.grant({ id: shared.idHash, person: [], mode: 'replace' });
        const grant = typed({ $type$: 'IdAccess', id: shared.idHash, person: [person], group: [] });
        const id = await microdata.idHash(grant);
        if (knowsText) await peer.listVersion(grant, [], 1e15);
        else {
            const hash = await hashText(microdata.write(grant));
            await peer.listNode(hash, id, 'IdAccess', [{ type: 'id', hash }], 1e15);
        }
        const { refused, taken } = await visit([shared.hash]);
        expect(refused).toHaveLength(1);
        expect(taken).toEqual([undefined]);
        expect((await victim.objects.getObjectByIdHash(id)).obj).toMatchObject({ person: [] });
    });

    test('does not change what an instance says of itself', async () => {
        await using one = await OneInstance.open({
            ...{ name: 'v', email: 'v@test', secret: 's', storage: new MemoryBackend() },
            recipes: recipes as unknown as RecipeDefinition[],
        });
        const before = await one.objects.getObjectByIdHash(one.id);
        peer = new HostilePeer(one.microdata);
        const owner = await peer.hasId({ $type$: 'Person', email: 'v@test' });
        await peer.listVersion({ ...before.obj, recipe: new Set() } as unknown as Typed, [{ type: 'id', hash: owner }]);
        const { refused } = await visit([], channel =>
            one.startChum({ channel, chumName: 'chum', remoteInstanceName: 'e', remotePerson: person }),
        );
        expect(refused).toEqual(['CIEC-FO3']);
        expect(await one.objects.getObjectByIdHash(one.id)).toEqual(before);
    });

    test('does not keep a version from being stored by sending its text as a CLOB before', async () => {
        const hash = await peer.has(microdata.write(doc('new', '1')));
        await peer.listObject(note('n', { clob: hash }), [{ type: 'clob', hash }]);
        expect((await visit()).refused).toEqual([]);
        expect(await victim.blobs.has(hash)).toBe(true);
        expect(await victim.objects.has(hash, 'object')).toBe(false);
        expect((await victim.objects.storeVersionedObject(doc('new', '1'))).hash).toBe(hash);
        expect(await victim.objects.has(hash, 'object')).toBe(true);
    });
});

describe('a peer that spoils what several share', () => {
    test('does not keep versions from being merged by sending their nodes as parts of something else', async () => {
        const friend = await TestPeer.create('F', recipes);
        const versions = [];
        for (const title of ['1', '2']) {
            friend.time++;
            versions.push(await friend.objects.storeVersionedObject(doc('chat', title)));
        }
        const id = await microdata.idHash(doc('chat', ''));
        await friend.grant({ id, person: [await friend.personId('v@test')], mode: 'add' });
        await victim.personId('f@test');
        const nodes = ((await friend.objects.getVersionsNodes(id)) ?? []).map(({ hash }) => hash);
        for (const hash of [id, ...nodes, ...versions.map(version => version.hash)])
            await peer.has(await friend.objects.text(hash));
        const children = versions.flatMap(({ hash }, i) => [object(hash), object(nodes[i] ?? '')]);
        const newest = nodes.slice(-1);
        await peer.listObject(note('n', { objects: new Set(newest) }), [{ type: 'id', hash: id }, ...children]);
        expect((await visit()).refused).toEqual([]);
        expect(await victim.objects.has(nodes[1] ?? '')).toBe(true);

        const [session] = connect(victim, friend);
        expect((await session.ended).errors).toEqual([]);
        expect(await titleOf(victim, id)).toBe('2');
    });

    test('does not keep others from getting later versions', async () => {
        const friend = await TestPeer.create('F', recipes);
        await friend.personId('v@test');
        await victim.grant({ id: shared.idHash, person: [await victim.personId('f@test')], mode: 'add' });
        const blob = await peer.has(SECRET);
        const wrong = await peer.hasObject(note('n', { objects: new Set([blob]) }));
        const children = [{ type: 'blob', hash: blob } as const, object(wrong)];
        await peer.listVersion(doc('d', 'wrong', { object: wrong }), children, 5);
        expect((await visit()).refused).toEqual(['CI-ACO']);

        victim.time = 100;
        await victim.objects.storeVersionedObject(doc('d', 'good'));
        const [session] = connect(friend, victim);
        expect((await session.ended).errors).toEqual([]);
        expect(await titleOf(friend, shared.idHash)).toBe('good');
    });
});

describe('a peer that lists rubbish', () => {
    test('is told of little, at once', async () => {
        peer.roots = Array<unknown>(500_000).fill(0);
        expect((await visit()).result.errors).toHaveLength(MAX_LIST_ERRORS);
    }, 2_000);

    test('is asked for what failed once, however often it was listed', async () => {
        const hash = (i: number): string => i.toString(16).padStart(64, '0');
        const [near, far] = createChannelPair();
        peer.connect(far);
        const { importer, requests } = startImporter(near, person);
        const versions = Array.from({ length: 10 }, (_, i) => {
            return { type: 'version_node', node: hash(i), dataIdHash: hash(500), dataType: 'Doc' };
        });
        for (let pass = 0; pass < 20; pass++) {
            peer.roots = [{ type: 'id', idHash: hash(1000 + pass), oneType: 'Doc' }, ...versions];
            await importer.pass();
        }
        victim.time += RETRY_LAST_MS;
        peer.asked.length = 0;
        await importer.pass();
        const children = peer.asked.filter(asked => asked.startsWith(`${services.objectChildren} `));
        expect(children.sort()).toEqual(versions.map(({ node }) => `${services.objectChildren} ${node}`));
        expect(importer.failed).toHaveLength(1 + versions.length);
        requests.close();
    });
});

describe('a peer that is honest', () => {
    let friend: TestPeer;
    beforeEach(async () => {
        friend = await TestPeer.create('F', [...recipes, newRecipe]);
        await friend.personId('v@test');
        await victim.personId('f@test');
    });

    /** Versions of one document, granted to the victim. @returns the ID hash */
    async function storeVersions(at: TestPeer, titles: readonly string[]): Promise<string> {
        for (const title of titles) {
            at.time++;
            await at.objects.storeVersionedObject(doc('chat', title));
        }
        const id = await microdata.idHash(doc('chat', ''));
        await at.grant({ id, person: [victim.person], mode: 'add' });
        return id;
    }

    test('has versions merged of which others were lost with the connection', async () => {
        const other = await TestPeer.create('O', recipes);
        await other.personId('v@test');
        const titles = Array.from('12345', digit => digit.repeat(1_500_000));
        const id = await storeVersions(friend, titles);
        await storeVersions(other, titles.slice(0, 2));
        const [lost] = connect(victim, friend, { onStatus: () => lost.status.stored > 0 && lost.close() });
        expect(await lost.ended).toHaveProperty('error');
        const merged: unknown[] = [];
        for (const each of [other, friend]) {
            const [session] = connect(victim, each);
            expect((await session.ended).errors).toEqual([]);
            merged.push(String(await titleOf(victim, id)).slice(0, 1));
        }
        expect(merged).toEqual(['2', '5']);
    });

    test('is asked again for what was of an unknown type, on the same connection', async () => {
        const { hash } = await friend.objects.storeUnversionedObject(newObject);
        const root = await friend.objects.storeUnversionedObject(note('root', { objects: new Set([hash]) }));
        await friend.grant({ object: root.hash, person: [victim.person], mode: 'add' });
        const [near, far] = createChannelPair();
        await using session = friend.chum(far, victim, { noImport: true });
        const { importer } = startImporter(near, friend.person);
        await importer.pass();
        expect(importer.failed).toMatchObject([{ error: { code: 'OR-ET1' } }]);
        microdata.recipes.register(newRecipe);
        victim.time += RETRY_FIRST_MS;
        await importer.pass();
        expect(importer.failed).toEqual([]);
        expect(await victim.objects.has(root.hash)).toBe(true);
        expect(session.status.state).not.toBe('ended');
    });

    test.each([3, 8])('has %i versions merged though the newest one fails', async count => {
        const titles = Array.from({ length: count }, (_, i) => String(i));
        const id = await storeVersions(friend, titles);
        friend.time++;
        const { hash } = await friend.objects.storeUnversionedObject(newObject);
        await friend.objects.storeVersionedObject(doc('chat', 'newest', { object: hash }));
        const [session] = connect(victim, friend);
        expect((await session.ended).errors).toMatchObject([{ code: 'OR-ET1' }]);
        expect(await titleOf(victim, id)).toBe(titles.at(-1));
    });

    test.each([false, true])('is asked for one new version only after a reconnect (both grant: %s)', async both => {
        const titles = Array.from({ length: 30 }, (_, i) => String(i));
        const id = await storeVersions(friend, titles);
        if (both) await victim.grant({ id, person: [friend.person], mode: 'add' });
        await Promise.all(connect(victim, friend).map(({ ended }) => ended));
        victim.time = friend.time;
        await storeVersions(friend, ['new']);
        const [session, theirs] = connect(victim, friend);
        await Promise.all([session.ended, theirs.ended]);
        expect(await titleOf(victim, id)).toBe('new');
        expect(session.status.stored).toBe(2);
        expect(session.status.statistics.requestsSentTotal).toBeLessThan(10);
    });
});

// What fails is tried again without keeping back anything else, and what is refused is not tried again for nothing.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Typed } from '../hashes.ts';
import { MAX_FAILED_ROOTS, MAX_MERGES_AT_ONCE, MAX_MERGES_OF_RUN, RETRY_FIRST_MS, RETRY_LAST_MS } from '../limits.ts';
import type { ChumOptions, ChumSession } from './chum-session.ts';
import { FailedRoots } from './failed-roots.ts';
import { HostilePeer } from './hostile-peer.ts';
import { createChannelPair } from './memory-channel.ts';
import { services } from './services.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { beginVirtualTime, elapse, endVirtualTime, whenDone } from './simulation/virtual-time.ts';
import { connect, TestPeer } from './test-peer.ts';
import type { IncomingObject } from './tree-import.ts';
import type { IncomingVersion } from './version-import.ts';

const doc = (id: string, title: string): Typed => typed({ $type$: 'Doc', id, title, tags: new Set() });
const hashOf = (i: number): string => i.toString(16).padStart(64, '0');
const HOUR = 3_600_000;

let victim: TestPeer;
let peer: HostilePeer;
let sessions: ChumSession[] = [];
beforeEach(async () => {
    victim = await TestPeer.create('V', recipes);
    peer = new HostilePeer(victim.objects.microdata);
    beginVirtualTime();
});
afterEach(async () => {
    for (const session of sessions) session.close();
    for (const session of sessions) await whenDone(session.ended);
    sessions = [];
    endVirtualTime();
});

function begin(options: Partial<ChumOptions> = {}): ChumSession {
    const [near, far] = createChannelPair();
    peer.connect(far);
    const session = victim.chum(near, victim, { keepRunning: true, now: Date.now, ...options });
    sessions.push(session);
    return session;
}

async function titleOf(id: string): Promise<unknown> {
    const idHash = await victim.objects.microdata.idHash(doc(id, ''));
    return ((await victim.objects.getObjectByIdHash(idHash)).obj as { title?: unknown }).title;
}

test('a root that is not listed any more is not tried again', async () => {
    const version = (i: number) => ({ type: 'version_node', node: hashOf(i), dataIdHash: hashOf(7), dataType: 'Doc' });
    const session = begin({ pollInterval: 100 });
    for (let pass = 1; pass <= 10; pass++) {
        peer.roots = Array.from({ length: 50 }, (_, i) => version(100 * pass + i));
        await elapse(100);
    }
    peer.asked.length = 0;
    await elapse(2 * RETRY_FIRST_MS);
    const asked = new Set(peer.asked.filter(each => each.startsWith(`${services.objectChildren} `)));
    expect(asked).toEqual(new Set(Array.from({ length: 50 }, (_, i) => `4 ${hashOf(1000 + i)}`)));
    expect(session.status.progress).toEqual({ roots: 50, missing: 0, failed: 50 });
});

test('a version that fails does not delay others of its ID', async () => {
    await peer.addVersion(doc('d', 'bad'), 1);
    const [bad] = peer.roots as { node: string }[];
    peer.listChildren(bad?.node ?? '', []);
    const session = begin();
    await elapse(HOUR);
    await peer.addVersion(doc('d', 'good'), Date.now());
    await elapse(10_000);
    expect(await titleOf('d')).toBe('good');
    expect(session.status.failed).toMatchObject([{ root: bad?.node, error: { code: 'CI-ACO' } }]);
});

test('a node that was granted alone is merged when its ID is granted', async () => {
    const friend = await TestPeer.create('F', recipes);
    const { idHash } = await friend.objects.storeVersionedObject(doc('d', '1'));
    const [node] = (await friend.objects.getVersionsNodes(idHash)) ?? [];
    const object = node?.hash ?? '';
    await friend.grant({ object, person: [victim.person], mode: 'add' });
    sessions = connect(friend, victim, { keepRunning: true, now: Date.now });
    await elapse(20_000);
    expect(await victim.objects.has(object)).toBe(true);
    // A timer has to pass until they are stored.
    void friend.grant({ id: idHash, person: [victim.person], mode: 'add' });
    void friend.grant({ object, person: [], mode: 'replace' });
    await elapse(2 * 60_000);
    expect(await titleOf('d')).toBe('1');
});

test('versions that are refused are told apart, and asked for again when the list has changed', async () => {
    const shown: IncomingVersion[] = [];
    const acceptVersion = (version: IncomingVersion): boolean => {
        shown.push(version);
        return version.creationTime > 100;
    };
    await peer.addVersion(doc('diary', 'OVERWRITTEN'), 1);
    await peer.addVersion(doc('letter', 'hello'), 200);
    const session = begin({ acceptVersion });
    await elapse(2 * RETRY_LAST_MS);
    const idHash = await victim.objects.microdata.idHash(doc('diary', ''));
    expect(shown).toHaveLength(2);
    expect(shown[0]).toMatchObject({ idHash, obj: { title: 'OVERWRITTEN' }, creationTime: 1, from: victim.person });
    expect(session.status.failed).toMatchObject([{ error: { code: 'CHUM_VERSION_REFUSED' }, attempts: 1 }]);
    expect(await victim.objects.head(idHash)).toBeUndefined();
    expect(await titleOf('letter')).toBe('hello');

    await peer.addVersion(doc('diary', 'new'), 300);
    await elapse(10_000);
    expect(shown).toHaveLength(4);
    expect(await titleOf('diary')).toBe('new');
});

test('an object that is refused is not stored, nor what needs it, until the list has changed', async () => {
    const shown: IncomingObject[] = [];
    let isRefusing = true;
    const acceptObject = (object: IncomingObject): boolean => {
        shown.push(object);
        return !isRefusing || object.obj['title'] !== 'OVERWRITTEN';
    };
    await peer.addVersion(doc('diary', 'OVERWRITTEN'), 1);
    await peer.addVersion(doc('letter', 'hello'), 2);
    const session = begin({ acceptObject });
    await elapse(2 * RETRY_LAST_MS);
    const refused = shown.filter(({ obj }) => obj['title'] === 'OVERWRITTEN');
    expect(refused).toMatchObject([{ from: victim.person }]);
    expect(session.status.failed).toMatchObject([{ error: { code: 'CHUM_OBJECT_REFUSED' }, attempts: 1 }]);
    expect(await victim.objects.has(refused[0]?.hash ?? '')).toBe(false);
    expect(await titleOf('letter')).toBe('hello');

    isRefusing = false;
    await peer.addVersion(doc('letter', 'hello again'), 3);
    await elapse(10_000);
    expect(await titleOf('diary')).toBe('OVERWRITTEN');
});

test('many versions of one ID are merged a few at a time, and all of them', async () => {
    const merges: number[] = [];
    victim.objects.derive((_, { heads }) => Promise.resolve(void merges.push(heads.length)));
    const count = MAX_MERGES_OF_RUN + 40;
    for (let i = 1; i <= count; i++) await peer.addVersion(doc('d', String(i)), i);
    const session = begin();
    await elapse(60_000);
    expect(session.status).toMatchObject({ state: 'idle', progress: { missing: 0, failed: 0 } });
    expect(Math.max(...merges)).toBe(MAX_MERGES_AT_ONCE);
    expect(merges.reduce((sum, heads) => sum + heads)).toBe(count);
    expect(await titleOf('d')).toBe(String(count));
}, 30_000);

test('a version that cannot be merged keeps none of those from it that came with it', async () => {
    const titles = ['1', '2', '3'];
    for (const [i, title] of titles.entries()) await peer.addVersion(doc('d', title), i + 1);
    victim.objects.derive((_, { heads }) => {
        const isBad = heads.some(({ obj }) => (obj as { title?: unknown }).title === '2');
        return isBad ? Promise.reject(new Error('Not that one.')) : Promise.resolve();
    });
    const session = begin();
    await elapse(1000);
    expect(await titleOf('d')).toBe('3');
    expect(session.status.failed).toMatchObject([{ root: (peer.roots[1] as { node: string }).node }]);
});

test('as many roots are remembered as there is room for', () => {
    const failed = new FailedRoots();
    const add = (i: number): boolean =>
        failed.add({ type: 'unversioned', hash: hashOf(i), oneType: 'Note' }, new Error('No.'), i);
    for (let i = 0; i < MAX_FAILED_ROOTS; i++) add(i);
    expect(failed.size).toBe(MAX_FAILED_ROOTS);
    expect(add(MAX_FAILED_ROOTS)).toBe(false);
    expect(failed.next(() => false)).toBe(RETRY_FIRST_MS);
    expect(failed.next(root => root.type === 'unversioned')).toBe(Infinity);
});

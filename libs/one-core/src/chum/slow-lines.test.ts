// Honest peers over slow lines, and peers that take their time: nothing is given up that still comes, nothing is sent twice, and
// nothing long keeps back what is short.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Typed } from '../hashes.ts';
import type { ChumSession } from './chum-session.ts';
import { HostilePeer } from './hostile-peer.ts';
import { createChannelPair, type ChannelPairOptions } from './memory-channel.ts';
import { services } from './services.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { beginVirtualTime, elapse, endVirtualTime, whenDone } from './simulation/virtual-time.ts';
import { TestPeer } from './test-peer.ts';

const note = (text: string, more: object = {}): Typed => typed({ $type$: 'Note', text, ...more });
const options = { keepRunning: true, now: Date.now };
const MINUTE = 60_000;

let a: TestPeer;
let b: TestPeer;
let sessions: ChumSession[] = [];
beforeEach(async () => {
    [a, b] = [await TestPeer.create('A', recipes), await TestPeer.create('B', recipes)];
});
afterEach(async () => {
    for (const session of sessions) session.close();
    for (const session of sessions) await whenDone(session.ended);
    endVirtualTime();
});

/** Time is virtual from now on. */
function begin(line: ChannelPairOptions = {}): readonly [ChumSession, ChumSession] {
    beginVirtualTime();
    const [left, right] = createChannelPair(line);
    const both = [a.chum(left, b, options), b.chum(right, a, options)] as const;
    sessions = [...both];
    return both;
}

/** The peer of a session that B has with it. */
function beginWith(peer: HostilePeer): ChumSession {
    beginVirtualTime();
    const [near, far] = createChannelPair();
    peer.connect(far);
    const session = b.chum(near, a, options);
    sessions = [session];
    return session;
}

/** A note of A, granted to B. @returns its hash */
async function share(text: string, more: object = {}): Promise<string> {
    const { hash } = await a.objects.storeUnversionedObject(note(text, more));
    await a.grant({ object: hash, person: [b.person], mode: 'add' });
    return hash;
}

/** Bytes per second; each message arrives when all of it has. */
function lineOf(rate: number): ChannelPairOptions & { sent: number } {
    const line = {
        sent: 0,
        deliver: (message: string | Uint8Array, deliverNow: () => void): void => {
            line.sent += message.length;
            setTimeout(deliverNow, (message.length / rate) * 1000);
        },
    };
    return line;
}

test('what was given up because its answer came too late is asked for again', async () => {
    const child = await a.objects.storeUnversionedObject(note('child'));
    const root = await share('root', { objects: new Set([child.hash]) });
    let isDelayed = false;
    begin({
        deliver: (message, deliverNow) => {
            const isFirst = !isDelayed && String(message).includes('>child<');
            isDelayed ||= isFirst;
            if (isFirst) setTimeout(deliverNow, 61_000);
            else deliverNow();
        },
    });
    await elapse(3 * MINUTE);
    expect(await b.objects.has(root)).toBe(true);
    expect(sessions[1]?.status).toMatchObject({ state: 'idle', failed: [] });
});

test('large objects arrive in the time that the line needs, each sent once', async () => {
    const [count, size, rate] = [16, 4_000_000, 200_000];
    const hashes: string[] = [];
    for (let i = 0; i < count; i++) hashes.push(await share(String(i).padEnd(size, 'x')));
    const line = lineOf(rate);
    begin(line);
    await elapse(((1.1 * count * size) / rate) * 1000);
    for (const hash of hashes) expect(await b.objects.has(hash)).toBe(true);
    expect(line.sent).toBeLessThan(1.05 * count * size);
    expect(sessions.map(({ status }) => status.state)).toEqual(['idle', 'idle']);
}, 30_000);

test('a message does not wait until many large objects are there', async () => {
    for (let i = 0; i < 16; i++) await share(String(i).padEnd(4_000_000, 'x'));
    begin(lineOf(200_000));
    await elapse(MINUTE);
    const { hash } = await a.objects.storeUnversionedObject(note('message'));
    // It is stored in no time, but a timer has to pass.
    void a.grant({ object: hash, person: [b.person], mode: 'add' });
    await elapse(2.5 * MINUTE);
    expect(await b.objects.has(hash)).toBe(true);
    expect(sessions[1]?.status.state).toBe('synchronizing');
}, 30_000);

test('an object that takes minutes arrives, if the channel tells that something comes', async () => {
    const hash = await share('x'.repeat(20_000_000));
    const rate = 50_000;
    beginVirtualTime();
    const start = Date.now();
    const [left, right] = createChannelPair(lineOf(rate));
    const receivedAmount = (): number => (Date.now() - start) * rate;
    Object.defineProperty(right, 'receivedAmount', { get: receivedAmount });
    sessions = [a.chum(left, b, options), b.chum(right, a, options)];
    await elapse(8 * MINUTE);
    expect(await b.objects.has(hash)).toBe(true);
}, 30_000);

test('a list of roots may take longer than any other answer', async () => {
    const peer = new HostilePeer(b.objects.microdata);
    peer.beforeAnswer = service =>
        service === services.accessibleRoots ? new Promise(resolve => setTimeout(resolve, 1.5 * MINUTE)) : undefined;
    const session = beginWith(peer);
    await elapse(1.5 * MINUTE + 1000);
    expect(session.status).toMatchObject({ state: 'idle', passes: 1 });
    await elapse(10 * MINUTE);
    expect(session.status.state).not.toBe('ended');
});

test('a peer that answers nothing else is given up, whatever it asks', async () => {
    const peer = new HostilePeer(b.objects.microdata);
    await peer.listObject(note('n'), []);
    peer.beforeAnswer = service => service !== services.protocolVersion && new Promise(() => undefined);
    const session = beginWith(peer);
    const polls = setInterval(() => void peer.take('00'.repeat(32)).catch(() => undefined), 5000);
    await elapse(12 * MINUTE);
    clearInterval(polls);
    expect(session.status.state).toBe('ended');
});

test('a BLOB that never ends keeps back nothing else', async () => {
    const peer = new HostilePeer(b.objects.microdata);
    const blob = 'ab'.repeat(32);
    await peer.listObject(note('film', { blob }), [{ type: 'blob', hash: blob }]);
    peer.beforeAnswer = service => service === services.blob && new Promise(() => undefined);
    const session = beginWith(peer);
    await elapse(MINUTE / 2);
    const hash = await peer.hasObject(note('message'));
    peer.roots = [...peer.roots, { type: 'unversioned', hash, oneType: 'Note' }];
    await elapse(MINUTE / 4);
    expect(await b.objects.has(hash)).toBe(true);
    expect(session.status).toMatchObject({ state: 'synchronizing', progress: { roots: 2, missing: 1, failed: 0 } });
    await elapse(2 * MINUTE);
    expect(session.status.failed).toMatchObject([{ error: { code: 'REQUEST_TIMEOUT' } }]);
    expect(session.status.state).not.toBe('ended');
});

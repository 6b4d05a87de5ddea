// How many messages and bytes a synchronization costs. A number that grows is a decision, not an accident: who changes one
// says why.
import { expect, test } from '@jest/globals';
import type { ChumOptions } from './chum-session.ts';
import { createChannelPair } from './memory-channel.ts';
import type { MessageChannel } from './message-channel.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { TestPeer } from './test-peer.ts';

/** Of A, which exports, and of B, which imports. */
interface Cost {
    readonly messages: readonly [a: number, b: number];
    readonly bytes: readonly [a: number, b: number];
}

/** Times as long as those of today, so that they take as many digits. */
const TIME = 1_700_000_000_000;

test('a pass with nothing to share', async () => {
    const [a, b] = await peers();
    expect(await sync(a, b)).toEqual({ messages: [6, 6], bytes: [303, 303] });
});

test('one small object, and a pass with nothing new', async () => {
    const [a, b] = await peers();
    await shareNotes(a, b, 1);
    expect(await sync(a, b)).toEqual({ messages: [8, 8], bytes: [600, 547] });
    expect(await sync(a, b)).toEqual({ messages: [6, 6], bytes: [428, 303] });
});

test('a hundred small objects, and a pass with nothing new', async () => {
    const [a, b] = await peers();
    await shareNotes(a, b, 100);
    expect(await sync(a, b)).toEqual({ messages: [206, 206], bytes: [30_398, 24_999] });
    expect(await sync(a, b)).toEqual({ messages: [6, 6], bytes: [12_902, 303] });
});

test('a document of ten versions, and one more', async () => {
    const [a, b] = await peers();
    const id = await shareVersions(a, b, 10);
    expect(await sync(a, b)).toEqual({ messages: [27, 27], bytes: [10_286, 2_879] });
    await writeVersion(a, 10);
    expect(await sync(a, b)).toEqual({ messages: [9, 9], bytes: [5_475, 669] });
    expect((await b.objects.getObjectByIdHash(id)).obj).toMatchObject({ title: 'version 10' });
});

test('a history of 500 versions of which the newest is new', async () => {
    const [a, b] = await peers();
    await shareVersions(a, b, 500);
    await sync(a, b);
    await writeVersion(a, 500);
    expect(await sync(a, b)).toEqual({ messages: [9, 9], bytes: [206_867, 669] });
});

test('a BLOB of a million bytes', async () => {
    const [a, b] = await peers();
    const { hash } = await a.blobs.store([new Uint8Array(1_000_000)]);
    const holder = await a.objects.storeUnversionedObject(typed({ $type$: 'Note', text: 'holder', blob: hash }));
    await a.grant({ object: holder.hash, person: [b.person], mode: 'add' });
    expect(await sync(a, b)).toEqual({ messages: [25, 9], bytes: [1_000_966, 685] });
    expect(await b.blobs.has(hash)).toBe(true);
});

test('a hundred small objects as deployed peers fetch them', async () => {
    const [a, b] = await peers();
    await shareNotes(a, b, 100);
    expect(await sync(a, b, { likeDeployed: true })).toEqual({ messages: [206, 206], bytes: [30_398, 24_999] });
});

async function peers(): Promise<[TestPeer, TestPeer]> {
    const both: [TestPeer, TestPeer] = [await TestPeer.create('A', recipes), await TestPeer.create('B', recipes)];
    for (const peer of both) peer.time = TIME;
    return both;
}

async function shareNotes(from: TestPeer, to: TestPeer, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
        const text = `note ${String(i).padStart(4, '0')}`;
        const { hash } = await from.objects.storeUnversionedObject(typed({ $type$: 'Note', text }));
        await from.grant({ object: hash, person: [to.person], mode: 'add' });
    }
}

/** @returns the ID hash */
async function shareVersions(from: TestPeer, to: TestPeer, count: number): Promise<string> {
    for (let i = 0; i < count; i++) await writeVersion(from, i);
    const id = await from.objects.microdata.idHash(typed({ $type$: 'Doc', id: 'doc' }));
    await from.grant({ id, person: [to.person], mode: 'add' });
    return id;
}

async function writeVersion({ objects }: TestPeer, number: number): Promise<void> {
    await objects.storeVersionedObject(
        typed({ $type$: 'Doc', id: 'doc', title: `version ${number}`, tags: new Set() }),
    );
}

/** One pass in both directions. */
async function sync(a: TestPeer, b: TestPeer, options: Partial<ChumOptions> = {}): Promise<Cost> {
    const [left, right] = createChannelPair();
    const [fromA, fromB] = [new CountingChannel(left), new CountingChannel(right)];
    const sessions = [a.chum(fromA, b, options), b.chum(fromB, a, options)];
    for (const session of sessions) {
        const result = await session.ended;
        expect(result).not.toHaveProperty('error');
        expect(result.errors).toEqual([]);
    }
    return { messages: [fromA.messages, fromB.messages], bytes: [fromA.bytes, fromB.bytes] };
}

class CountingChannel implements MessageChannel {
    messages = 0;
    bytes = 0;
    readonly id: number;
    readonly closed: Promise<void>;
    readonly #channel: MessageChannel;

    constructor(channel: MessageChannel) {
        this.#channel = channel;
        this.id = channel.id;
        this.closed = channel.closed;
    }

    get bufferedAmount(): number {
        return this.#channel.bufferedAmount;
    }

    send(message: string | Uint8Array): void {
        this.messages++;
        this.bytes += Buffer.byteLength(message);
        this.#channel.send(message);
    }

    close(reason?: string): void {
        this.#channel.close(reason);
    }

    listen(listener: (message: string | Uint8Array) => void): void {
        this.#channel.listen(listener);
    }
}

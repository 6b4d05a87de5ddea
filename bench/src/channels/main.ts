// Channels: how many posts a second, whether that depends on how long the channel is, how long it takes to open a long one, to merge two
// that have diverged, and to send ten thousand messages to somebody.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAccess, createChannelPair, OneInstance, type Typed } from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { ChannelManager, LeuteModel, modelOptions } from '@refinio/one.models';

const { values } = parseArgs({
    options: { posts: { type: 'string', default: '100000' }, folder: { type: 'string', default: tmpdir() } },
});
const POSTS = Number(values.posts);
const SOME = 2_000;
const DIVERGED = Math.min(10_000, POSTS);

const row = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(64)}${value}\n`);
const number = (value: number): string => Math.round(value).toLocaleString('en');
const message = (text: string): Typed => ({ $type$: 'PersonName', name: text }) as Typed;

const folder = await mkdtemp(join(values.folder, 'bench-channels-'));

async function open(name: string) {
    const one = await OneInstance.open({
        ...modelOptions,
        ...{ name, email: `${name}@example.org`, secret: 's' },
        storage: EmbeddedBackend.open(join(folder, name), { create: true }),
    });
    const leute = new LeuteModel(one);
    await leute.init();
    const channels = new ChannelManager(one, leute);
    await channels.init();
    return {
        ...{ one, leute, channels },
        [Symbol.asyncDispose]: async () => {
            await channels.shutdown();
            await leute[Symbol.asyncDispose]();
            await one[Symbol.asyncDispose]();
        },
    };
}

type Peer = Awaited<ReturnType<typeof open>>;

/** @param parallel posts that are under way at the same time */
async function post({ channels }: Peer, id: string, count: number, first: number, parallel: number): Promise<number> {
    const start = performance.now();
    let next = 0;
    const work = async (): Promise<void> => {
        while (next < count) {
            const i = first + next++;
            const text = `message ${i}, as people write them to each other: not very long, and not very short.`;
            await channels.post(id, message(text), { owner: null, timestamp: 1_700_000_000_000 + i });
        }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    return (count / (performance.now() - start)) * 1000;
}

async function newest({ channels }: Peer, id: string): Promise<string> {
    const delays: number[] = [];
    for (let i = 0; i < 20; i++) {
        const start = performance.now();
        await channels.getObjects({ channelId: id, count: 50 });
        delays.push(performance.now() - start);
    }
    return `${(delays[0] ?? 0).toFixed(1)} ms at first, ${(delays.sort((a, b) => a - b)[10] ?? 0).toFixed(1)} ms warm`;
}

async function synchronize(a: Peer, b: Peer): Promise<number> {
    const [left, right] = createChannelPair();
    const start = performance.now();
    const names = { chumName: 'bench' };
    const sessions = [
        a.one.startChum({ ...names, channel: left, remoteInstanceName: 'b', remotePerson: b.one.owner }),
        b.one.startChum({ ...names, channel: right, remoteInstanceName: 'a', remotePerson: a.one.owner }),
    ];
    for (const session of sessions) {
        const { error } = await session.ended;
        if (error !== undefined) throw new Error('A session has failed', { cause: error });
    }
    return performance.now() - start;
}

async function share(id: string, peer: Peer, persons: readonly Peer[]): Promise<void> {
    for (const { one } of persons) {
        const person = { $type$: 'Person', email: one.email } as Typed;
        await peer.one.objects.storeIdObject(person);
    }
    const channel = await peer.channels.createChannel(id, null);
    const person = persons.map(({ one }) => one.owner);
    await createAccess(peer.one.objects, [{ id: channel, person, mode: 'add' }]);
}

try {
    await using a = await open('a');
    await using b = await open('b');
    await a.channels.createChannel('long', null);
    row('posts into an empty channel, one after the other', `${number(await post(a, 'long', SOME, 0, 1))}/s`);
    row('… sixteen at a time', `${number(await post(a, 'long', SOME, SOME, 16))}/s`);
    await post(a, 'long', Math.max(0, POSTS - 4 * SOME), 2 * SOME, 16);
    row(
        `posts into one of ${number(POSTS)}, one after the other`,
        `${number(await post(a, 'long', SOME, POSTS - 2 * SOME, 1))}/s`,
    );
    row('… sixteen at a time', `${number(await post(a, 'long', SOME, POSTS - SOME, 16))}/s`);
    row(`the newest 50 of ${number(POSTS)}`, await newest(a, 'long'));
    for (const [i, peer] of [a, b].entries()) {
        await share('shared', peer, [a, b]);
        await post(peer, 'shared', DIVERGED / 2, i * DIVERGED, 16);
    }
    const ms = await synchronize(a, b);
    await a.channels.settled();
    row(`two channels of ${number(DIVERGED / 2)} that have nothing in common, joined`, `${number(ms)} ms`);
    await share('sent', a, [b]);
    await post(a, 'sent', DIVERGED, 0, 16);
    const sent = await synchronize(a, b);
    row(`${number(DIVERGED)} messages sent to somebody`, `${number(sent)} ms, ${number((DIVERGED / sent) * 1000)}/s`);
} finally {
    await rm(folder, { recursive: true });
}

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createAccess, MemoryBackend, type StorageBackend, type Typed } from '@refinio/one.core';
import { synchronize, testPerson, type TestPerson } from '../leute/test-people.ts';
import { ChannelManager, Order } from './channel-manager.ts';
import type { ChannelUpdate } from './channel-follower.ts';
import { note, texts, textOf } from './test-channels.ts';

interface TestChannels extends TestPerson {
    readonly channels: ChannelManager;
    readonly updates: ChannelUpdate[];
}

async function testChannels(name: string, storage?: StorageBackend): Promise<TestChannels> {
    const person = await testPerson(name, storage && { storage });
    const channels = new ChannelManager(person.one, person.leute);
    const updates: ChannelUpdate[] = [];
    channels.onUpdated.listen(update => updates.push(update));
    await channels.init();
    return {
        ...person,
        ...{ channels, updates },
        [Symbol.asyncDispose]: async () => {
            await channels.shutdown();
            await person[Symbol.asyncDispose]();
        },
    };
}

/** Each knows the other one, and both have the channel. */
async function share(id: string, ...persons: TestChannels[]): Promise<void> {
    for (const { one } of persons)
        for (const other of persons) await one.objects.storeIdObject(person(other.one.email));
    for (const { one, channels } of persons) {
        const channel = await channels.createChannel(id, null);
        await createAccess(one.objects, [{ id: channel, person: persons.map(each => each.one.owner), mode: 'add' }]);
    }
}

/** Until nobody has anything new. */
async function exchange(a: TestChannels, b: TestChannels): Promise<void> {
    for (let i = 0; i < 3; i++) await synchronize(a, b);
    for (const { channels } of [a, b]) await channels.settled();
}

function person(email: string): Typed {
    return { $type$: 'Person', email } as Typed;
}

describe('a channel', () => {
    test('gives what was posted, newest first, and by time, number, type and order', async () => {
        await using alice = await testChannels('alice');
        const { channels } = alice;
        await channels.createChannel('notes');
        for (const i of [3, 1, 5, 2, 4]) await channels.post('notes', note(`note ${i}`), { timestamp: i * 1000 });
        await channels.post('notes', { $type$: 'Email', email: 'a@b' } as Typed, { timestamp: 2_500 });
        const types = ['PersonName'];
        expect(await texts(channels, { channelId: 'notes', types })).toEqual([5, 4, 3, 2, 1].map(i => `note ${i}`));
        const range = { channelId: 'notes', from: new Date(2_000), to: new Date(4_000) };
        expect(await texts(channels, { ...range, types })).toEqual(['note 4', 'note 3', 'note 2']);
        expect(await texts(channels, { channelId: 'notes', count: 2 })).toEqual(['note 5', 'note 4']);
        const ascending = await channels.getObjects({ channelId: 'notes', types, count: 2 });
        expect(ascending.map(({ data }) => textOf(data))).toEqual(['note 4', 'note 5']);
        const descending = await channels.getObjects({ channelId: 'notes', types, orderBy: Order.Descending });
        expect(textOf(descending[0]?.data)).toBe('note 5');
        const [first] = descending;
        expect(first).toMatchObject({
            channelId: 'notes',
            channelOwner: alice.one.owner,
            creationTime: new Date(5_000),
            author: alice.one.owner,
        });
        expect(await texts(channels, { id: first?.id ?? '' })).toEqual(['note 5']);
        const bare = await channels.getObjects({ channelId: 'notes', omitData: true });
        expect(bare.map(({ data }) => data)).toEqual(Array(6).fill(undefined));
    });

    test('is one of its owner; others of the same name, and that of nobody, are others', async () => {
        await using alice = await testChannels('alice');
        const { channels, one } = alice;
        const { idHash: bob } = await one.objects.storeIdObject(person('bob@test'));
        for (const owner of [undefined, null, bob as typeof one.owner]) {
            await channels.createChannel('notes', owner);
            await channels.post('notes', note(owner === undefined ? 'mine' : owner === null ? "nobody's" : "bob's"), {
                owner,
                timestamp: 1000,
            });
        }
        expect((await texts(channels, { channelId: 'notes' })).sort()).toEqual(["bob's", 'mine', "nobody's"]);
        expect(await texts(channels, { owner: null })).toEqual(["nobody's"]);
        expect(await texts(channels, { owners: [null, 'mainId'], channelId: 'notes' })).toHaveLength(2);
        expect(await texts(channels, { channel: { id: 'notes', owner: one.owner } })).toEqual(['mine']);
        expect(await texts(channels, { channelId: 'other' })).toEqual([]);
        await expect(texts(channels, { owner: null, owners: [] })).rejects.toMatchObject({
            code: 'CHANNEL_QUERY_INVALID',
        });
        await expect(channels.post('unknown', note('x'))).rejects.toMatchObject({ code: 'CHANNEL_MISSING' });
    });

    test('has a post once, however often it is posted; another time is another post', async () => {
        await using alice = await testChannels('alice');
        const { channels } = alice;
        await channels.createChannel('notes');
        const first = await channels.post('notes', note('a'), { timestamp: 1000 });
        expect(await channels.post('notes', note('a'), { timestamp: 1000 })).toMatchObject({
            isNew: false,
            channel: { hash: first.channel.hash },
        });
        await channels.post('notes', note('a'), { timestamp: 2000 });
        expect(await channels.postIfNotExist('notes', note('a'))).toBeUndefined();
        await channels.postIfNotExist('notes', note('b'), { timestamp: 3000 });
        expect(await texts(channels, { channelId: 'notes' })).toEqual(['b', 'a', 'a']);
    });

    test('takes nothing that would stop those who get it', async () => {
        await using alice = await testChannels('alice');
        const { channels, one } = alice;
        await channels.createChannel('notes');
        const { hash } = await one.blobs.store([new Uint8Array(10)]);
        await expect(channels.post('notes', hash as never)).rejects.toMatchObject({ code: 'POST_INVALID' });
        await expect(channels.post('notes', 'ab'.repeat(32) as never)).rejects.toMatchObject({ code: 'POST_INVALID' });
        await expect(channels.post('notes', note('x'), { timestamp: NaN })).rejects.toMatchObject({
            code: 'POST_INVALID',
        });
        expect(await texts(channels, { channelId: 'notes' })).toEqual([]);
    });

    test('that is granted arrives, and both add to it', async () => {
        await using alice = await testChannels('alice');
        await using bob = await testChannels('bob');
        await share('shared', alice, bob);
        await alice.channels.post('shared', note('from alice'), { owner: null, timestamp: 1000 });
        await bob.channels.post('shared', note('from bob'), { owner: null, timestamp: 2000 });
        await exchange(alice, bob);
        for (const { channels } of [alice, bob]) {
            const found = await channels.getObjects({ channelId: 'shared' });
            expect(found.map(({ data, author }) => [textOf(data), author])).toEqual([
                ['from alice', alice.one.owner],
                ['from bob', bob.one.owner],
            ]);
        }
    });

    test('tells what is really new, once, also of what came while nobody listened', async () => {
        await using alice = await testChannels('alice');
        const storage = new MemoryBackend();
        const told = ({ updates }: TestChannels): string[][] =>
            updates.splice(0).map(({ entries }) => entries.map(({ timestamp }) => String(timestamp)));
        {
            await using bob = await testChannels('bob', storage);
            await share('shared', alice, bob);
            for (const timestamp of [1000, 3000])
                await alice.channels.post('shared', note('x'), { owner: null, timestamp });
            await exchange(alice, bob);
            expect(told(bob).flat()).toEqual(['3000', '1000']);
            // It is put below the newest one, which is written anew.
            await alice.channels.post('shared', note('x'), { owner: null, timestamp: 2000 });
            await exchange(alice, bob);
            expect(told(bob)).toEqual([['2000']]);
            await bob.channels.shutdown();
            await alice.channels.post('shared', note('x'), { owner: null, timestamp: 4000 });
            await exchange(alice, bob);
            expect(told(bob)).toEqual([]);
        }
        await using bob = await testChannels('bob', storage);
        expect(told(bob)).toEqual([['4000']]);
        await exchange(alice, bob);
        expect(told(bob)).toEqual([]);
    });

    test('is the same list on all devices, whatever was posted where and exchanged when', async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.array(
                    fc.oneof(
                        fc.record({
                            who: fc.constantFrom(0, 1, 2),
                            timestamp: fc.constantFrom(1000, 2000, 3000, 4000),
                            text: fc.constantFrom('a', 'b', 'c'),
                        }),
                        fc.record({ from: fc.constantFrom(0, 1, 2), to: fc.constantFrom(0, 1, 2) }),
                    ),
                    { maxLength: 12 },
                ),
                async steps => {
                    await using a = await testChannels('a');
                    await using b = await testChannels('b');
                    await using c = await testChannels('c');
                    const all = [a, b, c] as const;
                    await share('shared', ...all);
                    const posted = new Set<string>();
                    for (const step of steps)
                        if ('who' in step) {
                            const { who, timestamp, text } = step;
                            const options = { owner: null, timestamp };
                            await all[who].channels.post('shared', note(text), options);
                            posted.add(`${timestamp} ${text}`);
                        } else if (step.from !== step.to) await synchronize(all[step.from], all[step.to]);
                    for (let i = 0; i < 3; i++) {
                        await synchronize(a, b);
                        await synchronize(b, c);
                        await synchronize(c, a);
                    }
                    const lists = await Promise.all(
                        all.map(async ({ channels }) => {
                            const list = await channels.getObjects({ channelId: 'shared' });
                            return list.map(({ creationTime, data }) => `${creationTime.getTime()} ${textOf(data)}`);
                        }),
                    );
                    expect(lists[1]).toEqual(lists[0]);
                    expect(lists[2]).toEqual(lists[0]);
                    expect([...(lists[0] ?? [])].sort()).toEqual([...posted].sort());
                    const times = lists[0]?.map(text => Number(text.split(' ')[0])) ?? [];
                    expect(times).toEqual([...times].sort((x, y) => x - y));
                },
            ),
            { numRuns: 20 },
        );
    }, 120_000);
});

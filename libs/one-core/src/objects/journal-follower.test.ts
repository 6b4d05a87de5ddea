import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginVirtualTime, elapse, endVirtualTime, settled } from '../chum/simulation/virtual-time.ts';
import type { Typed } from '../hashes.ts';
import { MAX_PART_RECORDS } from '../limits.ts';
import { contentsOf } from '../storage/acceptance.ts';
import { FaultyBackend } from '../storage/faulty-backend.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import type { Write } from '../storage/storage-backend.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { Blobs } from './blobs.ts';
import { JournalFollower, type FollowerOptions } from './journal-follower.ts';
import { JOURNAL, readJournal, writeEpoch, type JournalEntry } from './journal.ts';
import type { ObjectStore } from './object-store.ts';
import type { ObjectTransaction } from './object-transaction.ts';

const recipe = { $type$: 'Recipe', name: 'Item', rule: [{ itemprop: 'id', isId: true }, { itemprop: 'text' }] };
const item = (id: string, text: string): Typed => ({ $type$: 'Item', id, text }) as Typed;
const refused = (code: string) => expect.objectContaining({ code });
const fail = (error: unknown): never => {
    throw error;
};

let backend: MemoryBackend;
let objects: ObjectStore;
let followers: JournalFollower[];
beforeEach(() => {
    backend = new MemoryBackend();
    ({ objects } = new TestObjects([recipe], backend));
    followers = [];
});
afterEach(async () => {
    for (const follower of followers) await follower[Symbol.asyncDispose]();
});

function follow(options: Partial<FollowerOptions> = {}): JournalFollower {
    const follower = JournalFollower.start({ objects, name: 'test', handle: remember, onError: fail, ...options });
    followers.push(follower);
    return follower;
}

const headsOf = (entries: readonly JournalEntry[]): string[] =>
    entries.flatMap(({ records }) => records.flatMap(record => (record.kind === 'version' ? [record.hash] : [])));

/** A consumer that keeps what it heard, with what it heard it by. */
async function remember({ transaction }: ObjectTransaction, entries: readonly JournalEntry[]): Promise<void> {
    let number = await transaction.lastNumber('logs', 'heard');
    for (const head of headsOf(entries)) transaction.append('logs', 'heard', ++number, new TextEncoder().encode(head));
}

async function heard(list = 'heard'): Promise<string[]> {
    return (await backend.list('logs', list)).map(({ value }) => new TextDecoder().decode(value));
}

async function stored(id: string, text: string): Promise<string> {
    return (await objects.storeVersionedObject(item(id, text))).hash;
}

describe('a follower', () => {
    test('is told what happened while it did not run, and what happens then, also without events', async () => {
        const kinds: string[] = [];
        const handle = async (_: ObjectTransaction, entries: readonly JournalEntry[]) => {
            await Promise.resolve();
            for (const { records } of entries) kinds.push(...records.map(({ kind }) => kind));
        };
        await using _ = follow({ handle });
        await followers[0]?.settled();
        await followers[0]?.[Symbol.asyncDispose]();
        await stored('a', '1');
        expect(kinds).toEqual([]);
        const second = follow({ handle });
        await second.settled();
        expect(kinds).toEqual(['idObject', 'version']);
        await new Blobs(objects).store([new Uint8Array(10)]);
        await new Blobs(objects).store([new Uint8Array(100_000)]);
        await objects.storeUTF8Clob('text');
        while (kinds.length < 5) await sleep(1);
        expect(kinds.slice(2)).toEqual(['blob', 'blob', 'clob']);
    });

    test('is woken by itself, and writes nothing when there is nothing to do', async () => {
        follow();
        const hash = await stored('a', '1');
        while ((await heard()).length === 0) await sleep(1);
        expect(await heard()).toEqual([hash]);
        const before = await contentsOf(backend);
        await followers[0]?.settled();
        await follow().settled();
        expect(await contentsOf(backend)).toEqual(before);
    });

    test('hears of what it stores itself, and comes to rest', async () => {
        const follower = follow({
            handle: async (objects, entries) => {
                await remember(objects, entries);
                const depth = (await objects.reader.list('logs', 'heard')).length;
                if (depth < 5) await objects.storeVersioned(item('own', String(depth)), 'change');
            },
        });
        await follower.settled();
        await stored('a', '1');
        while ((await heard()).length < 5) await sleep(1);
        await follower.settled();
        expect(new Set(await heard()).size).toBe(5);
    });

    test('is told an entry of very many records in parts, and handles few entries at once', async () => {
        const parts: { number: number; records: number }[][] = [];
        await follow().settled();
        await followers[0]?.[Symbol.asyncDispose]();
        const count = Math.ceil((MAX_PART_RECORDS * 1.2) / 2);
        await stored('a', '1');
        await objects.transact(async objects => {
            for (let i = 0; i < count; i++) await objects.storeVersioned(item(`b${i}`, '1'), 'change');
        });
        for (let i = 0; i < 20; i++) await stored('a', `more ${i}`);
        const { idHash } = await objects.storeIdObject(item('a', ''));
        expect(await objects.getVersionsNodes(idHash)).toHaveLength(21);
        await follow({
            batch: 10,
            handle: async (objects, entries) => {
                await remember(objects, entries);
                parts.push(entries.map(({ number, records }) => ({ number, records: records.length })));
            },
        }).settled();
        expect(parts.map(part => part.length)).toEqual([1, 1, 10, 10, 1]);
        expect(parts.slice(0, 3).map(([first]) => first)).toEqual([
            { number: 1, records: 2 },
            { number: 2, records: MAX_PART_RECORDS },
            { number: 2, records: 2 * count - MAX_PART_RECORDS },
        ]);
        expect(await heard()).toEqual(headsOf(await readJournal(backend, 0, 1000)));
    });

    test('two names do not know of each other', async () => {
        const other = async ({ transaction }: ObjectTransaction, entries: readonly JournalEntry[]) => {
            for (const { number } of entries) transaction.append('logs', 'other', number, Uint8Array.of(65));
            await Promise.resolve();
        };
        await follow().settled();
        const hash = await stored('a', '1');
        await follow({ name: 'other', handle: other, batch: 1 }).settled();
        await Promise.all(followers.map(follower => follower.settled()));
        expect(await heard()).toEqual([hash]);
        // It was not there before: it was told the current version.
        expect(await heard('other')).toHaveLength(1);
        expect(() => follow({ name: 'a b' })).toThrow(refused('STORAGE_KEY_INVALID'));
    });

    test('that was stopped handles nothing more, and says so', async () => {
        const follower = follow();
        await follower.settled();
        const waiting = follower.settled();
        const stopping = follower[Symbol.asyncDispose]();
        await Promise.allSettled([waiting]);
        await stopping;
        await stored('a', '1');
        await sleep(5);
        expect(await heard()).toEqual([]);
        await expect(follower.settled()).rejects.toEqual(refused('FOLLOWER_STOPPED'));
    });
});

describe('starting anew', () => {
    interface Call {
        readonly hashes: readonly string[];
        readonly isFirst: boolean;
    }

    function startingAnew(calls: Call[], batch = 2): Partial<FollowerOptions> {
        return {
            batch,
            startAnew: async (_, entries, isFirst) => {
                calls.push({ hashes: headsOf(entries), isFirst });
                await Promise.resolve();
            },
        };
    }

    const newEpoch = (): Promise<void> =>
        objects.transact(async ({ transaction }) => {
            writeEpoch(transaction, 'e'.repeat(32));
            await Promise.resolve();
        });

    test('a consumer is told the current versions in pieces, and only what is new from then on', async () => {
        const calls: Call[] = [];
        for (const text of ['1', '2']) for (const id of ['a', 'b', 'c']) await stored(id, text);
        await follow(startingAnew(calls)).settled();
        expect(calls.map(({ isFirst, hashes }) => [isFirst, hashes.length])).toEqual([
            [true, 2],
            [false, 1],
        ]);
        const heads = await Promise.all(['a', 'b', 'c'].map(id => objects.microdata.hash(item(id, '2'))));
        expect(calls.flatMap(({ hashes }) => hashes).sort()).toEqual(heads.sort());
        const hash = await stored('a', '3');
        await followers[0]?.settled();
        expect(await heard()).toEqual([hash]);
    });

    test('it happens when the cursor says nothing, also in an empty store', async () => {
        const calls: Call[] = [];
        const restarted = async (): Promise<number> => {
            const before = calls.length;
            await followers.at(-1)?.[Symbol.asyncDispose]();
            await follow(startingAnew(calls)).settled();
            return calls.length - before;
        };
        expect([await restarted(), calls]).toEqual([1, [{ hashes: [], isFirst: true }]]);
        for (let i = 0; i < 5; i++) await stored('a', String(i));
        expect(await restarted()).toBe(0);
        // Another epoch, also while it runs.
        await newEpoch();
        await followers.at(-1)?.settled();
        expect(calls).toHaveLength(2);
        expect(await restarted()).toBe(0);
        // A journal that ends before the cursor, and one that begins behind it.
        const cursor = (text: string): Write => {
            const value = new TextEncoder().encode(text);
            return { type: 'put', space: 'state', key: 'cursor.test', value };
        };
        for (const damaged of [`${'e'.repeat(32)} 6 0`, '5', '']) {
            await followers.at(-1)?.[Symbol.asyncDispose]();
            await backend.commit([cursor(damaged)]);
            ({ objects } = new TestObjects([recipe], backend));
            expect(await restarted()).toBe(1);
        }
        await followers.at(-1)?.[Symbol.asyncDispose]();
        await backend.commit([
            cursor(`${'e'.repeat(32)} 2 0`),
            { type: 'trim', space: 'logs', key: JOURNAL, before: 4 },
        ]);
        ({ objects } = new TestObjects([recipe], backend));
        expect(await restarted()).toBe(1);
        const hash = await stored('b', '1');
        await followers.at(-1)?.settled();
        expect((await heard()).at(-1)).toBe(hash);
    });

    test('it begins at the beginning when it failed or was stopped in the middle', async () => {
        const calls: Call[] = [];
        for (const id of ['a', 'b', 'c']) await stored(id, '1');
        // A cursor that says nothing now, but would once the journal has grown.
        const value = new TextEncoder().encode(' 5 0');
        await backend.commit([{ type: 'put', space: 'state', key: 'cursor.test', value }]);
        const { startAnew } = startingAnew(calls);
        const failing: FollowerOptions['startAnew'] = async (objects, entries, isFirst) => {
            if (!isFirst) throw new Error('cannot');
            await startAnew?.(objects, entries, isFirst);
        };
        const follower = follow({ ...startingAnew(calls), startAnew: failing, onError: () => undefined });
        await expect(follower.settled()).rejects.toThrow('cannot');
        await follower[Symbol.asyncDispose]();
        const before = calls.length;
        for (const id of ['d', 'e', 'f']) await stored(id, '1');
        await follow(startingAnew(calls)).settled();
        expect(calls.slice(before).map(({ isFirst, hashes }) => [isFirst, hashes.length])).toEqual([
            [true, 2],
            [false, 2],
            [false, 2],
        ]);
    });

    test('what moves meanwhile is told once', async () => {
        const heads = new Map<string, string>();
        const told: string[] = [];
        const note = (entries: readonly JournalEntry[]): void => {
            for (const { records } of entries)
                for (const record of records) {
                    if (record.kind !== 'version') continue;
                    heads.set(record.idHash, record.hash);
                    told.push(record.hash);
                }
        };
        const ids = Array.from({ length: 20 }, (_, i) => String(i));
        const idHashes: string[] = [];
        for (const id of ids) idHashes.push((await objects.storeVersionedObject(item(id, '1'))).idHash);
        const writes: Promise<unknown>[] = [];
        const follower = follow({
            batch: 3,
            startAnew: async (_, entries) => {
                await Promise.resolve();
                note(entries);
                for (const id of ['0', '7', '19', 'new'])
                    writes.push(objects.storeVersionedObject(item(id, `while ${writes.length}`)));
            },
            handle: async (_, entries) => {
                await Promise.resolve();
                note(entries);
            },
        });
        await follower.settled();
        await Promise.all(writes);
        await follower.settled();
        // Again, in a pass that somebody waits for.
        heads.clear();
        told.length = 0;
        await newEpoch();
        await follower.settled();
        expect([...heads.keys()]).toEqual(expect.arrayContaining(idHashes));
        await Promise.all(writes);
        await follower.settled();
        expect(told.length).toBe(new Set(told).size);
        for (const id of [...ids, 'new']) {
            const idHash = await objects.microdata.idHash(item(id, ''));
            expect(heads.get(idHash)).toBe((await objects.getObjectByIdHash(idHash)).hash);
        }
    });

    test('heads that are damaged are left out and told', async () => {
        const errors: unknown[] = [];
        const { idHash } = await objects.storeVersionedObject(item('a', '1'));
        const hash = await stored('b', '1');
        const node = (await objects.head(idHash)) ?? '';
        await backend.commit([{ type: 'put', space: 'objects', key: node, value: Uint8Array.of(1) }]);
        await follow({ onError: error => errors.push(error) }).settled();
        expect(await heard()).toEqual([hash]);
        expect(errors).toEqual([refused('STORAGE_DAMAGED')]);
    });
});

describe('with time', () => {
    beforeEach(beginVirtualTime);
    afterEach(endVirtualTime);

    test('a failure is tried again, later and later, but at once when something new is stored', async () => {
        const errors: unknown[] = [];
        const attempts: number[] = [];
        let isBroken = true;
        const hashes = [];
        const follower = follow({
            onError: error => errors.push(error),
            handle: async (objects, entries) => {
                attempts.push(entries.length);
                if (isBroken && entries.some(({ number }) => number >= 3)) throw new Error('cannot');
                await remember(objects, entries);
            },
        });
        await follower.settled();
        for (let i = 0; i < 5; i++) hashes.push(await stored('a', String(i)));
        await settled();
        // Alone, what stands before it was handled.
        expect(await heard()).toEqual(hashes.slice(0, 2));
        await expect(follower.settled()).rejects.toThrow('cannot');
        const before = errors.length;
        await elapse(200_000);
        const later = errors.length - before;
        expect(later).toBeGreaterThanOrEqual(200 / 60);
        expect(later).toBeLessThanOrEqual(9);
        expect(attempts.at(-1)).toBe(1);
        await stored('b', '1');
        await settled();
        expect(errors.length).toBe(before + later + 1);
        isBroken = false;
        await elapse(60_000);
        expect(await heard()).toHaveLength(6);
        expect((await heard()).slice(0, 5)).toEqual(hashes);
    });

    test('it waits until it is quiet, but not for ever', async () => {
        const follower = follow({ quietMs: 100 });
        await settled();
        await stored('a', '1');
        await elapse(99);
        expect(await heard()).toEqual([]);
        await elapse(2);
        expect(await heard()).toHaveLength(1);
        for (let i = 0; i < 19; i++) {
            await stored('b', String(i));
            await elapse(50);
        }
        expect(await heard()).toHaveLength(1);
        await stored('b', 'last');
        await elapse(51);
        expect(await heard()).toHaveLength(21);
        // Whoever asks does not wait, and stopping leaves nothing behind.
        await stored('c', '1');
        await follower.settled();
        expect(await heard()).toHaveLength(22);
        await stored('c', '2');
        await follower[Symbol.asyncDispose]();
        expect(await heard()).toHaveLength(23);
    });
});

/** A disk that has power for so many commits. */
class Disk extends FaultyBackend {
    commits = Infinity;

    override commit(writes: readonly Write[]): Promise<void> {
        return this.commits-- > 0 ? super.commit(writes) : Promise.reject(new Error('no power'));
    }
}

const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('write'), id: fc.nat(3), text: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('import'), id: fc.nat(3), text: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('many'), id: fc.nat(3), text: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('crash'), id: fc.nat(6), text: fc.nat(5) }) },
    {
        weight: 3,
        arbitrary: fc.record({ type: fc.constantFrom('start', 'stop', 'settle'), id: fc.nat(1), text: fc.nat(3) }),
    },
);

test('whatever crashes, starts and stops: each new head is heard once, in order', async () => {
    await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
            backend = new MemoryBackend();
            let disk = new Disk(backend);
            const reopen = (): void => {
                disk = new Disk(backend);
                ({ objects } = new TestObjects([recipe], disk));
            };
            reopen();
            let follower: JournalFollower | undefined;
            const start = (batch: number): void => {
                follower ??= follow({ batch: batch + 1, onError: () => undefined, quietMs: batch === 3 ? 1 : 0 });
            };
            const stop = async (): Promise<void> => {
                await follower?.[Symbol.asyncDispose]();
                follower = undefined;
            };
            const acknowledged: string[] = [];
            const note = (results: readonly { status: string; hash: string }[]): void => {
                for (const { status, hash } of results) if (status === 'new') acknowledged.push(hash);
            };
            start(0);
            await follower?.settled();
            for (const { type, id, text } of steps) {
                const object = item(String(id), String(text));
                if (type === 'write')
                    await objects.storeVersionedObject(object).then(
                        result => note([result]),
                        () => undefined,
                    );
                else if (type === 'import') await objects.importVersion(object, text).catch(() => undefined);
                else if (type === 'many')
                    await Promise.all(
                        [0, 1, 2].map(more =>
                            objects.transact(async objects => [
                                await objects.storeVersioned(item(String(more), `${text} ${id}`), 'change'),
                                await objects.storeVersioned(object, 'change'),
                            ]),
                        ),
                    ).then(
                        results => note(results.flat()),
                        () => undefined,
                    );
                else if (type === 'start') start(text);
                else if (type === 'stop') await stop();
                else if (type === 'settle') await follower?.settled().catch(() => undefined);
                else {
                    // The power fails some commits later: whoever writes then hears of it.
                    disk.commits = id;
                    await objects.storeVersionedObject(object).catch(() => undefined);
                    await objects.storeVersionedObject(item('last', String(text))).catch(() => undefined);
                    disk.commits = 0;
                    await stop();
                    reopen();
                }
            }
            await stop();
            reopen();
            start(1);
            await follower?.settled();
            await stop();
            const heads = headsOf(await readJournal(backend, 0, 10_000));
            expect(await heard()).toEqual(heads);
            expect(heads).toEqual(expect.arrayContaining(acknowledged));
        }),
        { numRuns: process.env['TEST_FULL'] ? 2000 : 150 },
    );
}, 60_000);

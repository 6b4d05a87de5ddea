import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contentsOf } from './acceptance.ts';
import { MemoryBackend } from './memory/memory-backend.ts';
import { StorageKeyExistsError } from './storage-errors.ts';
import type { Write } from './storage-backend.ts';
import { Store, type Transaction } from './store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);
const refused = (code: string) => expect.objectContaining({ code });

/** A backend whose commits take until the test lets them go, and fail when it says so. */
class SlowBackend extends MemoryBackend {
    readonly commits: (readonly Write[])[] = [];
    error: Error | undefined;
    #gate: PromiseWithResolvers<void> | undefined;

    hold(): void {
        this.#gate = Promise.withResolvers();
    }

    release(): void {
        this.#gate?.resolve();
        this.#gate = undefined;
    }

    override async commit(writes: readonly Write[]): Promise<void> {
        this.commits.push(writes);
        await this.#gate?.promise;
        if (this.error !== undefined) throw this.error;
        await super.commit(writes);
    }
}

let backend: SlowBackend;
let store: Store;
beforeEach(() => {
    backend = new SlowBackend();
    store = new Store(backend);
});

async function put(key: string, value: string, more?: (transaction: Transaction) => void): Promise<void> {
    await store.transact(transaction => {
        transaction.put('private', key, bytes(value));
        more?.(transaction);
        return Promise.resolve();
    });
}

const increment = (): Promise<number> =>
    store.transact(async transaction => {
        const n = Number(text(await transaction.get('private', 'n')) ?? 0) + 1;
        transaction.put('private', 'n', bytes(String(n)));
        transaction.append('logs', 'l', n, bytes(String(n)));
        return n;
    });

describe('a transaction', () => {
    test('reads what it wrote and what transactions before it wrote, durable or not', async () => {
        backend.hold();
        const results = [1, 2, 3].map(increment);
        const read = store.transact(async transaction => {
            transaction.put('state', 's', bytes('1'));
            transaction.append('logs', 'l', 9, bytes('9'));
            expect(await contentsOf(transaction)).toEqual({
                'private/n': '3',
                'state/s': '1',
                'logs/l': '1=1,2=2,3=3,9=9',
            });
            expect((await transaction.getMany('private', ['x', 'n'])).map(text)).toEqual([undefined, '3']);
            expect((await transaction.list('logs', 'l', { reverse: true, limit: 2 })).map(e => e.number)).toEqual([
                9, 3,
            ]);
            transaction.delete('private', 'n');
            transaction.trim('logs', 'l', 3);
            expect(await contentsOf(transaction)).toEqual({ 'state/s': '1', 'logs/l': '3=3,9=9' });
        });
        await setImmediate();
        // Nobody else sees what is not durable.
        expect(await contentsOf(store)).toEqual({});
        backend.release();
        expect(await Promise.all(results)).toEqual([1, 2, 3]);
        await read;
        expect(await contentsOf(store)).toEqual({ 'state/s': '1', 'logs/l': '3=3,9=9' });
    });

    test('that fails stores nothing', async () => {
        const failing = store.transact(transaction => {
            transaction.put('private', 'a', bytes('1'));
            return Promise.reject(new Error('changed my mind'));
        });
        await expect(failing).rejects.toThrow('changed my mind');
        expect(await contentsOf(store)).toEqual({});
        expect(backend.commits).toEqual([]);
    });

    test('creates only what is new', async () => {
        const create = (...keys: string[]) =>
            store.transact(transaction => {
                for (const key of keys) transaction.create('private', key, bytes(key));
                return Promise.resolve();
            });
        backend.hold();
        const first = create('a');
        const second = expect(create('b', 'a')).rejects.toThrow(StorageKeyExistsError);
        await expect(create('c', 'c')).rejects.toThrow(StorageKeyExistsError);
        backend.release();
        await first;
        await second;
        await expect(create('a')).rejects.toThrow(StorageKeyExistsError);
        await store.transact(transaction => {
            transaction.delete('private', 'a');
            transaction.create('private', 'a', bytes('again'));
            return Promise.resolve();
        });
        expect(await contentsOf(store)).toEqual({ 'private/a': 'again' });
    });

    test('copies what it is given and gives copies', async () => {
        const value = bytes('abc');
        await store.transact(async transaction => {
            transaction.put('private', 'a', value);
            transaction.append('logs', 'a', 1, value);
            value.fill(0);
            (await transaction.get('private', 'a'))?.fill(0);
            (await transaction.list('logs', 'a'))[0]?.value.fill(0);
        });
        expect(await contentsOf(store)).toEqual({ 'private/a': 'abc', 'logs/a': '1=abc' });
    });

    test('cannot be used after its end, nor with a key that no store can hold', async () => {
        let late: () => void = () => undefined;
        await put('a', '1', transaction => (late = () => transaction.put('private', 'a', bytes('2'))));
        expect(late).toThrow('The transaction has ended');
        await expect(put('../a', '1')).rejects.toEqual(refused('STORAGE_KEY_INVALID'));
    });

    test('is refused when it is larger than what is held in memory', async () => {
        const megabyte = new Uint8Array(1024 * 1024);
        const huge = store.transact(transaction => {
            for (let i = 0; i < 300; i++) transaction.put('private', `k${i}`, megabyte);
            return Promise.resolve();
        });
        await expect(huge).rejects.toEqual(refused('TRANSACTION_TOO_LARGE'));
        expect(await contentsOf(store)).toEqual({});
    });
});

describe('durability', () => {
    test('many transactions share one commit while another one is written', async () => {
        backend.hold();
        const first = put('a', '1');
        await setImmediate();
        const others = Array.from({ length: 100 }, (_, i) => put('a', String(i)));
        await setImmediate();
        backend.release();
        await Promise.all([first, ...others]);
        expect(backend.commits).toHaveLength(2);
        expect(await contentsOf(store)).toEqual({ 'private/a': '99' });
    });

    test.each([
        [true, 1],
        [false, 10],
    ])('where reads wait for commits, those that would wait share one first: %s', async (gather, commits) => {
        // As IndexedDB does it.
        let committing = Promise.resolve();
        const behind = new SlowBackend();
        const get = behind.get.bind(behind);
        behind.get = async (space, key) => {
            await committing;
            return get(space, key);
        };
        const commit = behind.commit.bind(behind);
        behind.commit = writes => (committing = setImmediate().then(() => commit(writes)));
        store = new Store(behind, { gather });
        await Promise.all(
            Array.from({ length: 10 }, (_, i) =>
                store.transact(async transaction => {
                    await transaction.get('private', 'other');
                    transaction.put('private', String(i), bytes('1'));
                }),
            ),
        );
        expect(behind.commits).toHaveLength(commits);
    });

    test('is told in the order of the transactions, before their callers go on', async () => {
        const order: string[] = [];
        const told = (n: string) =>
            put(n, n, transaction => transaction.whenDurable(() => order.push(`durable ${n}`))).then(() =>
                order.push(`goes on ${n}`),
            );
        await Promise.all([told('1'), told('2')]);
        expect(order.indexOf('durable 1')).toBe(0);
        expect(order.indexOf('durable 2')).toBeLessThan(order.indexOf('goes on 2'));
        expect(order).toHaveLength(4);
    });

    test('one that only read waits until what it may have read is durable', async () => {
        backend.hold();
        const writing = put('a', '1');
        let done = false;
        const reading = store
            .transact(transaction => transaction.get('private', 'a'))
            .then(value => {
                done = true;
                return value;
            });
        for (let i = 0; i < 5; i++) await setImmediate();
        expect(done).toBe(false);
        backend.release();
        expect(text(await reading)).toBe('1');
        await writing;
    });

    test('a failed commit fails whatever may have read it, and leaves the store usable', async () => {
        await put('n', '10');
        backend.hold();
        const first = increment();
        await setImmediate();
        const waiting = increment();
        const begun = Promise.withResolvers<void>();
        const goOn = Promise.withResolvers<void>();
        const running = store.transact(async transaction => {
            expect(text(await transaction.get('private', 'n'))).toBe('12');
            begun.resolve();
            await goOn.promise;
            transaction.put('private', 'm', bytes('from 12'));
        });
        await begun.promise;
        backend.error = new Error('disk full');
        backend.release();
        await expect(first).rejects.toThrow('disk full');
        await expect(waiting).rejects.toThrow('disk full');
        backend.error = undefined;
        goOn.resolve();
        await expect(running).rejects.toThrow('disk full');
        expect(await increment()).toBe(11);
        expect(await contentsOf(store)).toEqual({ 'private/n': '11', 'logs/l': '11=11' });
    });

    test('what waits is bounded: later transactions wait for the disk', async () => {
        backend.hold();
        const megabyte = new Uint8Array(1024 * 1024);
        let begun = 0;
        const all = Array.from({ length: 100 }, (_, i) =>
            store.transact(transaction => {
                begun++;
                transaction.put('private', `k${i}`, megabyte);
                return Promise.resolve();
            }),
        );
        for (let i = 0; i < 1000; i++) await setImmediate();
        expect(begun).toBeGreaterThan(30);
        expect(begun).toBeLessThan(36);
        backend.release();
        await Promise.all(all);
        const sizes = backend.commits.map(writes => writes.length);
        expect(Math.max(...sizes)).toBeLessThan(10);
        expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
    });

    test('disposing waits for what is under way', async () => {
        const writing = put('a', '1');
        await store[Symbol.asyncDispose]();
        await writing;
        expect(await contentsOf(backend)).toEqual({ 'private/a': '1' });
    });
});

test('any transactions end as if they had run one after the other', async () => {
    const task = fc.record({
        read: fc.constantFrom('a', 'b', 'c'),
        write: fc.constantFrom('a', 'b', 'c'),
        yields: fc.nat(3),
        fails: fc.boolean(),
    });
    await fc.assert(
        fc.asyncProperty(
            fc.array(task, { maxLength: 30 }),
            fc.array(fc.nat(4), { maxLength: 30 }),
            async (tasks, pauses) => {
                const own = new SlowBackend();
                const tested = new Store(own);
                const model = new Map<string, number>();
                let lines = '';
                const running = [];
                for (const [i, { read, write, yields, fails }] of tasks.entries()) {
                    running.push(
                        tested
                            .transact(async transaction => {
                                const value = Number(text(await transaction.get('private', read)) ?? 0);
                                for (let y = 0; y < yields; y++) await setImmediate();
                                transaction.put('private', write, bytes(String(value + i)));
                                transaction.append('logs', 'l', i, bytes(String(value)));
                                if (fails) throw new Error('own');
                            })
                            .catch((error: unknown) => expect(error).toEqual(new Error('own'))),
                    );
                    for (let y = 0; y < (pauses[i] ?? 0); y++) await setImmediate();
                    if (fails) continue;
                    const value = model.get(read) ?? 0;
                    model.set(write, value + i);
                    lines += `${lines && ','}${i}=${value}`;
                }
                await Promise.all(running);
                const expected = Object.fromEntries(
                    [...model].map(([key, value]) => [`private/${key}`, String(value)]),
                );
                expect(await contentsOf(tested)).toEqual(lines === '' ? expected : { ...expected, 'logs/l': lines });
            },
        ),
    );
});

describe('what reviewers broke', () => {
    test('an append behind a trim of everything stays, in one transaction and in one group', async () => {
        await store.transact(async transaction => {
            transaction.append('logs', 'l', 1, bytes('1'));
            transaction.trim('logs', 'l', Number.MAX_SAFE_INTEGER);
            transaction.append('logs', 'l', 2, bytes('2'));
            expect((await transaction.list('logs', 'l')).map(({ number }) => number)).toEqual([2]);
        });
        expect(await contentsOf(store)).toEqual({ 'logs/l': '2=2' });
        backend.hold();
        const first = put('a', '1');
        await setImmediate();
        const trim = store.transact(transaction => {
            transaction.trim('logs', 'l', Number.MAX_SAFE_INTEGER);
            return Promise.resolve();
        });
        const append = store.transact(async transaction => {
            transaction.append('logs', 'l', 6, bytes('6'));
            expect((await transaction.list('logs', 'l')).map(({ number }) => number)).toEqual([6]);
        });
        await setImmediate();
        backend.release();
        await Promise.all([first, trim, append]);
        expect(await contentsOf(store)).toEqual({ 'private/a': '1', 'logs/l': '6=6' });
    });

    test('after a failed commit, transactions that only read go on', async () => {
        backend.error = new Error('disk full');
        await expect(put('a', '1')).rejects.toThrow('disk full');
        backend.error = undefined;
        expect(await store.transact(transaction => transaction.get('private', 'a'))).toBeUndefined();
    });
});

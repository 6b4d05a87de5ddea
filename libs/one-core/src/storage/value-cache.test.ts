import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Write } from './storage-backend.ts';
import { ValueCache } from './value-cache.ts';

const MAX_BYTES = 2_000;
const keys = ['a', 'b', 'c'];
const step = fc.oneof(
    fc.record({ type: fc.constant('begin' as const), key: fc.constantFrom(...keys) }),
    fc.record({ type: fc.constant('end' as const), at: fc.nat() }),
    // Visible at once, and durable with the next step of this kind.
    fc.record({ type: fc.constant('commit' as const), key: fc.constantFrom(...keys), size: fc.nat(900) }),
    fc.record({ type: fc.constant('delete' as const), key: fc.constantFrom(...keys) }),
    fc.record({ type: fc.constant('durable' as const) }),
    fc.record({ type: fc.constant('clear' as const) }),
    fc.record({ type: fc.constant('fill' as const), count: fc.nat(20) }),
);

/** What the store has: every value is another one. */
class Disk {
    readonly values = new Map<string, Uint8Array>();
    #commits = 0;

    write(key: string, size: number): Uint8Array {
        const value = new Uint8Array(4 + size);
        new DataView(value.buffer).setUint32(0, ++this.#commits);
        this.values.set(key, value);
        return value;
    }
}

test('a read gives what was there at its beginning or later, whatever is read, committed and forgotten meanwhile', async () => {
    await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
            const [cache, disk] = [new ValueCache(MAX_BYTES), new Disk()];
            const running: { finish: () => void; check: () => Promise<void> }[] = [];
            let underWay: Write | undefined;
            const endCommit = (): void => {
                if (underWay !== undefined) cache.committed([underWay]);
                underWay = undefined;
            };
            const begin = (key: string): void => {
                const possible = [disk.values.get(key)];
                watched.set(key, [...(watched.get(key) ?? []), possible]);
                const { promise, resolve: finish } = Promise.withResolvers<void>();
                const read = async (): Promise<Uint8Array | undefined> => {
                    const value = disk.values.get(key);
                    await promise;
                    return value;
                };
                const result = cache.get(key, read);
                running.push({ finish, check: async () => expect(possible).toContain(await result) });
            };
            const watched = new Map<string, (Uint8Array | undefined)[][]>();
            for (const each of steps) {
                if (each.type === 'begin') begin(each.key);
                else if (each.type === 'end') {
                    const [read] = running.splice(each.at % Math.max(1, running.length), 1);
                    read?.finish();
                    await read?.check();
                } else if (each.type === 'fill')
                    for (let i = 0; i < each.count; i++)
                        await cache.get(`other ${i}`, () => Promise.resolve(undefined));
                else if (each.type === 'durable') endCommit();
                else if (each.type === 'clear') cache.clear();
                else {
                    endCommit();
                    const { key } = each;
                    const place = { space: 'state', key } as const;
                    cache.committing([{ type: 'delete', ...place }]);
                    if (each.type === 'delete') disk.values.delete(key);
                    const value = each.type === 'delete' ? undefined : disk.write(key, each.size);
                    for (const possible of watched.get(key) ?? []) possible.push(value);
                    underWay = value === undefined ? { type: 'delete', ...place } : { type: 'put', ...place, value };
                }
            }
            for (const { finish, check } of running) {
                finish();
                await check();
            }
            // Nothing is read any more that was not there when it began.
            for (const key of keys)
                expect(await cache.get(key, () => Promise.resolve(disk.values.get(key)))).toBe(disk.values.get(key));
        }),
    );
});

test('what was asked for just now is not read again, and what nobody asks for is forgotten', async () => {
    const cache = new ValueCache(MAX_BYTES);
    let reads = 0;
    const read = (): Promise<Uint8Array> => {
        reads++;
        return Promise.resolve(new Uint8Array(100));
    };
    await cache.get('kept', read);
    await cache.get('forgotten', read);
    expect(reads).toBe(2);
    for (let i = 0; i < 100; i++) {
        await cache.get(`other ${i}`, read);
        await cache.get('kept', read);
    }
    expect(reads).toBe(102);
    await cache.get('forgotten', read);
    expect(reads).toBe(103);
});

test('what two have read at the same time is known once: a commit changes it everywhere', async () => {
    const cache = new ValueCache(MAX_BYTES);
    const [old, fresh] = [new Uint8Array(1), new Uint8Array(2)];
    const reads = [Promise.withResolvers<Uint8Array>(), Promise.withResolvers<Uint8Array>()];
    const results = reads.map(({ promise }) => cache.get('a', () => promise));
    reads[0]?.resolve(old);
    await results[0];
    // It grows old before the other one ends.
    for (let i = 0; i < 6; i++) await cache.get(`other ${i}`, () => Promise.resolve(new Uint8Array(100)));
    reads[1]?.resolve(old);
    await results[1];
    const write = { type: 'put', space: 'state', key: 'a', value: fresh } as const;
    cache.committing([write]);
    cache.committed([write]);
    expect(await cache.get('a', () => Promise.resolve(fresh))).toBe(fresh);
});

// Lists: appended to, read in ranges, trimmed; reverse maps and long ones.
import type { StorageReader, Write } from '../storage-backend.ts';
import type { Cases } from './case.ts';
import { equal } from './checks.ts';
import { contentsOf, keysOf } from './contents.ts';
import { append, bytes, hashOf, map, textOf, trim } from './writes.ts';

export const lists: Cases = {
    'appends, reads ranges and trims': async place => {
        await using backend = await place.open();
        equal(await backend.list('logs', 'a'), []);
        await backend.commit([append('a', 0), append('a', 5), append('b', 3)]);
        await backend.commit([append('a', 2 ** 40), append('a', 2 ** 53 - 1)]);
        const numbers = async (range?: Parameters<StorageReader['list']>[2]) =>
            (await backend.list('logs', 'a', range)).map(({ number }) => number);
        equal(await numbers(), [0, 5, 2 ** 40, 2 ** 53 - 1]);
        equal(await numbers({ from: 5 }), [5, 2 ** 40, 2 ** 53 - 1]);
        equal(await numbers({ from: 6, before: 2 ** 40 }), []);
        equal(await numbers({ from: 1, before: 2 ** 40 }), [5]);
        equal(await numbers({ limit: 2 }), [0, 5]);
        equal(await numbers({ limit: 0 }), []);
        equal(await numbers({ reverse: true, limit: 2 }), [2 ** 53 - 1, 2 ** 40]);
        equal(await numbers({ reverse: true, from: 1, before: 2 ** 40 }), [5]);
        await backend.commit([trim('a', 6), trim('b', 100), trim('c', 1), trim('d', 0)]);
        equal(await numbers(), [2 ** 40, 2 ** 53 - 1]);
        equal(await contentsOf(backend), { 'logs/a': `${2 ** 40}=${2 ** 40},${2 ** 53 - 1}=${2 ** 53 - 1}` });
        await backend.commit([trim('b', 200), append('b', 300), append('b', 301)]);
        equal((await contentsOf(backend))['logs/b'], '300=300,301=301');
        await backend.commit([trim('e', 0)]);
        equal(await keysOf(backend, 'logs'), ['a', 'b']);
    },
    'keeps lists of similar names apart': async place => {
        await using backend = await place.open();
        const keys = ['a', 'a.', 'a.b', 'aa', 'A', 'b'];
        await backend.commit(keys.flatMap((key, i) => [append(key, 1, key), append(key, i + 2, key)]));
        for (const [i, key] of keys.entries())
            equal(
                (await backend.list('logs', key)).map(({ number, value }) => `${number} ${textOf(value)}`),
                [`1 ${key}`, `${i + 2} ${key}`],
            );
        equal(await keysOf(backend, 'logs'), [...keys].sort());
    },
    'keeps reverse maps in their order': async place => {
        await using backend = await place.open();
        const entry = (type: string, number: number, digit: string): Write => ({
            type: 'append',
            space: 'rmaps',
            key: map(type),
            number,
            value: bytes(hashOf(digit)),
        });
        await backend.commit([entry('T', 1, 'c'), entry('Ä#&-😀', 2, 'd')]);
        await backend.commit([entry('T', 7, 'b'), entry('T', 8, 'a')]);
        const read = async (type: string, limit?: number) =>
            (await backend.list('rmaps', map(type), limit === undefined ? {} : { limit, reverse: true })).map(
                ({ value }) => textOf(value)[0],
            );
        equal(await read('T'), ['c', 'b', 'a']);
        equal(await read('T', 1), ['a']);
        equal(await read('Ä#&-😀'), ['d']);
        equal(await read('X'), []);
        equal(await keysOf(backend, 'rmaps'), [map('T'), map('Ä#&-😀')]);
    },
    'reads a long list in parts': async place => {
        await using backend = await place.open();
        const count = 3000;
        for (let at = 0; at < count; at += 1000)
            await backend.commit(Array.from({ length: 1000 }, (_, i) => append('a', at + i)));
        let [read, last] = [0, -1];
        for (;;) {
            const part = await backend.list('logs', 'a', { from: last + 1, limit: 700 });
            for (const { number, value } of part) {
                equal([number, textOf(value)], [last + 1, String(last + 1)]);
                last = number;
            }
            read += part.length;
            if (part.length < 700) break;
        }
        equal(read, count);
    },
};

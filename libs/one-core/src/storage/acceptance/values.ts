// Values: what was committed is there, under every key and of every size, in the order of the commits.
import type { Write } from '../storage-backend.ts';
import type { Cases } from './case.ts';
import { equal, fails, sameBytes } from './checks.ts';
import { contentsOf, keysOf } from './contents.ts';
import { append, bytes, hashOf, map, put, remove, textOf, trim } from './writes.ts';

export const values: Cases = {
    'keeps what was committed, per space': async place => {
        await using backend = await place.open();
        await backend.commit([put('b', '1'), put('a', '2'), put('b', '3', 'objects')]);
        equal(await contentsOf(backend), { 'private/a': '2', 'private/b': '1', 'objects/b': '3' });
        await backend.commit([remove('a'), remove('unknown'), put('b', '')]);
        await backend.commit([]);
        equal(await contentsOf(backend), { 'private/b': '', 'objects/b': '3' });
        equal(await backend.get('objects', 'a'), undefined);
        const many = await backend.getMany('objects', ['a', 'b', 'c', 'b']);
        equal(
            many.map(value => value && textOf(value)),
            [undefined, '3', undefined, '3'],
        );
        equal(await backend.getMany('objects', []), []);
    },
    'keeps keys of all forms apart': async place => {
        await using backend = await place.open();
        const keys = [
            'a',
            'A',
            'a-',
            'aa',
            hashOf('a'),
            `${hashOf('a')}b`,
            hashOf('A'),
            hashOf('0'),
            '0',
            'x'.repeat(200),
        ];
        // Names of secret keys, as spec 31 §2.1 has them.
        keys.push(`${hashOf('a')}.encrypt`, `${hashOf('a')}.sign`, 'keychain_salt');
        await backend.commit(keys.map((key, i) => put(key, String(i), 'state')));
        equal((await keysOf(backend, 'state')).sort(), [...keys].sort());
        equal(
            (await backend.getMany('state', keys)).map(value => textOf(value)),
            keys.map((_, i) => String(i)),
        );
        equal(await keysOf(backend, 'meta'), []);
    },
    'refuses keys that not every store can hold, and then stores nothing': async place => {
        await using backend = await place.open();
        const bad = ['', '.', '..', '../a', 'a/b', 'a\\b', '/a', 'a\0', 'ä', 'x'.repeat(201), '.DS_Store'];
        for (const key of bad) {
            await fails('STORAGE_KEY_INVALID', () => backend.commit([put('a', '1'), put(key, '2')]));
            await fails('STORAGE_KEY_INVALID', () => backend.get('private', key));
            await fails('STORAGE_KEY_INVALID', () => backend.getMany('private', ['a', key]));
            await fails('STORAGE_KEY_INVALID', () => backend.list('logs', key));
        }
        for (const key of ['a', map(''), map('a/b'), map('a b'), map('\ud800'), map('ä'.repeat(80))])
            await fails('STORAGE_KEY_INVALID', () =>
                backend.commit([{ type: 'append', space: 'rmaps', key, number: 1, value: bytes(hashOf('b')) }]),
            );
        for (const writes of [
            [put('a', '1'), put('a', '2')],
            [append('a', 1), append('a', 1)],
            [append('a', 1), trim('a', 1)],
            [append('a', -1)],
            [append('a', 0.5)],
            [{ ...append('a', 1), space: 'private' } as unknown as Write],
        ])
            await fails('STORAGE_KEY_INVALID', () => backend.commit([put('b', '1'), ...writes]));
        equal(await contentsOf(backend), {});
    },
    'gives copies, so that nobody changes what is stored': async place => {
        await using backend = await place.open();
        const value = bytes('abc');
        await backend.commit([
            { type: 'put', space: 'private', key: 'a', value },
            { type: 'append', space: 'logs', key: 'a', number: 1, value },
        ]);
        value.fill(0);
        (await backend.get('private', 'a'))?.fill(0);
        (await backend.getMany('private', ['a']))[0]?.fill(0);
        (await backend.list('logs', 'a'))[0]?.value.fill(0);
        equal(await contentsOf(backend), { 'private/a': 'abc', 'logs/a': '1=abc' });
    },
    'carries out overlapping commits in their order': async place => {
        await using backend = await place.open();
        const numbers = Array.from({ length: 50 }, (_, i) => String(i));
        const ended: string[] = [];
        await Promise.all(
            numbers.map(async (n, i) => {
                // Also where they have no space in common.
                const other: Write = i % 2 === 0 ? put('d', n, 'objects') : put('d', n, 'state');
                await backend.commit([
                    other,
                    ...(i % 3 === 0 ? [] : [put('a', n), put('b', n), append('c', Number(n))]),
                ]);
                ended.push(n);
            }),
        );
        equal(ended, numbers);
        equal(await contentsOf(backend), {
            'private/a': '49',
            'private/b': '49',
            'objects/d': '48',
            'state/d': '49',
            'logs/c': numbers
                .filter((_, i) => i % 3 !== 0)
                .map(n => `${n}=${n}`)
                .join(),
        });
    },
    'keeps values of all sizes': async place => {
        await using backend = await place.open();
        const sizes = [0, 1, 4095, 4096, 65_536, 3_000_000];
        const valueOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) % 251);
        await backend.commit(
            sizes.map(size => ({ type: 'put', space: 'state', key: `s${size}`, value: valueOf(size) })),
        );
        for (const size of sizes) equal(sameBytes(await backend.get('state', `s${size}`), valueOf(size)), true);
    },
    'keeps texts of all sizes among the objects': async place => {
        await using backend = await place.open();
        // With characters that stand across the borders of pieces.
        const texts = [1, 32_767, 32_768, 32_769, 700_000].map(length => `a${'ä'.repeat(length)}\0`);
        await backend.commit(texts.map((text, i) => put(hashOf(String(i)), text, 'objects')));
        for (const [i, text] of texts.entries())
            equal(textOf(await backend.get('objects', hashOf(String(i)))) === text, true);
        const keys = texts.map((_, i) => hashOf(String(i)));
        equal(await keysOf(backend, 'objects'), keys);
        equal((await backend.getMany('objects', keys)).map(textOf).join('') === texts.join(''), true);
    },
};

// What every backend has to do, as cases without a test runner: the tests run them against real engines, in Node and in a
// browser; who writes a backend of their own can run them, too.
import { BLOB_PIECE, type BlobFileReader } from './blob-files.ts';
import { PIECE_SIZE } from './pieced-blob-files.ts';
import {
    isListSpace,
    spaces,
    type Space,
    type StorageBackend,
    type StorageReader,
    type Write,
} from './storage-backend.ts';

/** A place for one store, empty at first. */
export interface StorageUnderTest extends AsyncDisposable {
    /** Opens the store that is there, or creates it; the same one each time. */
    open(): Promise<StorageBackend>;
}

export interface AcceptanceOptions {
    /** False if nothing is left when the backend is closed. */
    readonly durable?: boolean;
    /** Whether BLOBs are among the values, as in the folder of an original installation; then they are not listed twice. */
    readonly blobsAreValues?: boolean;
}

export interface AcceptanceCase {
    readonly name: string;
    /** Fails by throwing. */
    readonly run: () => Promise<void>;
}

type Case = (store: StorageUnderTest, options: AcceptanceOptions) => Promise<void>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const put = (key: string, text: string, space: 'objects' | 'private' | 'state' = 'private'): Write => ({
    type: 'put',
    space,
    key,
    value: bytes(text),
});
const remove = (key: string): Write => ({ type: 'delete', space: 'private', key });
const append = (key: string, number: number, text = String(number)): Write => ({
    type: 'append',
    space: 'logs',
    key,
    number,
    value: bytes(text),
});
const trim = (key: string, before: number): Write => ({ type: 'trim', space: 'logs', key, before });
const hashOf = (digit: string): string => digit.repeat(64);
const map = (type: string): string => `${hashOf('a')}.Object.${type}`;

/** Everything in a store but the lists of reverse maps' numbers: `space/key` → text, or texts with their numbers. */
export async function contentsOf(reader: StorageReader): Promise<Record<string, string>> {
    const contents: Record<string, string> = {};
    for (const space of spaces)
        for (const key of await keysOf(reader, space))
            contents[`${space}/${key}`] = isListSpace(space)
                ? (await reader.list(space, key)).map(entry => entryText(space, entry)).join()
                : decoder.decode(await reader.get(space, key));
    return contents;
}

export async function keysOf(reader: Pick<StorageReader, 'keys'>, space: Space): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of reader.keys(space)) keys.push(key);
    return keys.sort();
}

function entryText(space: Space, { number, value }: { number: number; value: Uint8Array }): string {
    return space === 'rmaps' ? decoder.decode(value) : `${number}=${decoder.decode(value)}`;
}

const values: Record<string, Case> = {
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
            many.map(value => value && decoder.decode(value)),
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
            (await backend.getMany('state', keys)).map(value => decoder.decode(value)),
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
};

const lists: Record<string, Case> = {
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
        await backend.commit([trim('a', 6), trim('b', 100), trim('c', 1)]);
        equal(await numbers(), [2 ** 40, 2 ** 53 - 1]);
        equal(await contentsOf(backend), { 'logs/a': `${2 ** 40}=${2 ** 40},${2 ** 53 - 1}=${2 ** 53 - 1}` });
        await backend.commit([trim('b', 200), append('b', 300), append('b', 301)]);
        equal((await contentsOf(backend))['logs/b'], '300=300,301=301');
    },
    'keeps lists of similar names apart': async place => {
        await using backend = await place.open();
        const keys = ['a', 'a.', 'a.b', 'aa', 'A', 'b'];
        await backend.commit(keys.flatMap((key, i) => [append(key, 1, key), append(key, i + 2, key)]));
        for (const [i, key] of keys.entries())
            equal(
                (await backend.list('logs', key)).map(({ number, value }) => `${number} ${decoder.decode(value)}`),
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
                ({ value }) => decoder.decode(value)[0],
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
                equal([number, decoder.decode(value)], [last + 1, String(last + 1)]);
                last = number;
            }
            read += part.length;
            if (part.length < 700) break;
        }
        equal(read, count);
    },
};

const blobs: Record<string, Case> = {
    'streams BLOBs and reads ranges of them': async (place, { blobsAreValues }) => {
        await using backend = await place.open();
        const sizes = [0, 1, BLOB_PIECE - 1, BLOB_PIECE, PIECE_SIZE, 2 * PIECE_SIZE + 17];
        for (const [i, size] of sizes.entries()) {
            const content = blobOf(size);
            const writer = await backend.blobs.create();
            for (let at = 0; at < size; at += BLOB_PIECE) await writer.write(content.subarray(at, at + BLOB_PIECE));
            equal(await writer.finish(hashOf(String(i))), 'new');
            await using reader = present(await backend.blobs.open(hashOf(String(i))));
            equal(reader.size, size);
            for (const [offset, length] of [
                [0, size],
                [0, 1],
                [size - 1, 10],
                [size, 5],
                [PIECE_SIZE - 3, 6],
                [BLOB_PIECE, PIECE_SIZE],
            ] as const)
                if (offset >= 0)
                    equal(
                        sameBytes(await readAll(reader, offset, length), content.subarray(offset, offset + length)),
                        true,
                    );
        }
        equal((await namesOf(backend)).length, blobsAreValues === true ? 0 : sizes.length);
        equal(await backend.blobs.open(hashOf('f')), undefined);
        // They are no values.
        equal(await backend.get('private', hashOf('0')), undefined);
    },
    'keeps the first BLOB of a name, and nothing of one that is given up': async place => {
        await using backend = await place.open();
        const write = async (content: Uint8Array) => {
            const writer = await backend.blobs.create();
            await writer.write(content);
            return writer;
        };
        equal(await (await write(blobOf(300_000))).finish(hashOf('a')), 'new');
        const given = await write(blobOf(300_000));
        await given.abort();
        await given.abort();
        await rejects(() => given.write(bytes('more')));
        const again = await write(bytes('other'));
        equal(await again.finish(hashOf('a')), 'exists');
        await again.abort();
        await using reader = present(await backend.blobs.open(hashOf('a')));
        equal(sameBytes(await readAll(reader, 0, 300_000), blobOf(300_000)), true);
        await backend.blobs.delete(hashOf('a'));
        await backend.blobs.delete(hashOf('a'));
        equal(await namesOf(backend), []);
        equal(await backend.blobs.open(hashOf('a')), undefined);
    },
};

const life: Record<string, Case> = {
    'has everything after it was closed and opened again': async (place, { blobsAreValues }) => {
        const before = await fill(place);
        await using backend = await place.open();
        equal(await contentsOf(backend), before);
        await using reader = present(await backend.blobs.open(hashOf('b')));
        equal(sameBytes(await readAll(reader, 0, 400_000), blobOf(400_000)), true);
        equal(await namesOf(backend), blobsAreValues === true ? [] : [hashOf('b')]);
    },
    'waits for commits under way when it is closed, and refuses later ones': async place => {
        const backend = await place.open();
        let ended = 0;
        const commits = [1, 2, 3].map(async n => {
            await backend.commit([append('a', n), put('a', String(n))]);
            ended++;
        });
        await backend[Symbol.asyncDispose]();
        equal(ended, 3);
        await Promise.all(commits);
        await fails('STORAGE_CLOSED', () => backend.commit([put('a', '4')]));
        await fails('STORAGE_CLOSED', () => backend.get('private', 'a'));
        await backend[Symbol.asyncDispose]();
        await using again = await place.open();
        equal(await contentsOf(again), { 'logs/a': '1=1,2=2,3=3', 'private/a': '3' });
    },
    'is open only once': async place => {
        const backend = await place.open();
        await backend.commit([put('a', '1')]);
        await fails('STORAGE_IN_USE', () => place.open());
        await backend.commit([put('b', '1')]);
        await backend[Symbol.asyncDispose]();
        await using again = await place.open();
        equal(await keysOf(again, 'private'), ['a', 'b']);
    },
    'forgets a BLOB that nobody finished': async place => {
        const backend = await place.open();
        const writer = await backend.blobs.create();
        await writer.write(blobOf(600_000));
        await backend[Symbol.asyncDispose]();
        await using again = await place.open();
        equal(await namesOf(again), []);
        equal(await contentsOf(again), {});
    },
};

/** @param create a new place for each case */
export function storageAcceptance(
    create: () => Promise<StorageUnderTest>,
    options: AcceptanceOptions = {},
): AcceptanceCase[] {
    return Object.entries({ ...values, ...lists, ...blobs, ...(options.durable === false ? {} : life) }).map(
        ([name, test]) => ({
            name,
            run: async () => {
                await using place = await create();
                await test(place, options);
            },
        }),
    );
}

async function fill(place: StorageUnderTest): Promise<Record<string, string>> {
    await using backend = await place.open();
    await backend.commit([put('a', '1'), put(hashOf('a'), 'x', 'objects'), put('c', '1', 'state'), append('a', 3)]);
    await backend.commit([
        put('a', '2'),
        { type: 'append', space: 'rmaps', key: map('T'), number: 9, value: bytes(hashOf('c')) },
        append('a', 4),
    ]);
    const writer = await backend.blobs.create();
    await writer.write(blobOf(400_000));
    await writer.finish(hashOf('b'));
    return await contentsOf(backend);
}

async function namesOf(backend: StorageBackend): Promise<string[]> {
    const names: string[] = [];
    for await (const name of backend.blobs.names()) names.push(name);
    return names.sort();
}

async function readAll(reader: BlobFileReader, offset: number, length: number): Promise<Uint8Array> {
    return reader.read(offset, length);
}

function blobOf(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) % 256);
}

function present<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('expected is something, got nothing');
    return value;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
    return a?.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function fails(code: string, task: () => Promise<unknown>): Promise<void> {
    const error: unknown = await task().then(
        () => new Error(`expected is the error ${code}, but it succeeded`),
        (error: unknown) => error,
    );
    const actual = typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
    if (actual !== code) throw new Error(`expected is the error ${code}`, { cause: error });
}

async function rejects(task: () => Promise<unknown>): Promise<void> {
    const failed = await task().then(
        () => false,
        () => true,
    );
    if (!failed) throw new Error('expected is an error');
}

function equal(actual: unknown, expected: unknown): void {
    const [a, b] = [sorted(actual), sorted(expected)];
    if (a !== b) throw new Error(`expected is ${String(b)}, got ${String(a)}`);
}

function sorted(value: unknown): string | undefined {
    return JSON.stringify(value, (_, part: unknown) =>
        typeof part === 'object' && part !== null && !Array.isArray(part)
            ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
            : part,
    );
}

// The browser's side of indexeddb.int.test.ts: what a tab or a worker of it is told to do.
import fc from 'fast-check';
import { contentsOf, keysOf, storageAcceptance, type StorageUnderTest } from '../acceptance.ts';
import { checkAgainstModel, steps } from '../acceptance-model.ts';
import { inRange } from '../list-range.ts';
import type { ListRange, Write } from '../storage-backend.ts';
import { IndexedDbBackend, type IndexedDbBackendOptions } from './index.ts';
import { openDatabase } from './open-database.ts';

const opened = new Map<string, IndexedDbBackend>();
const foreign = new Map<string, IDBDatabase>();
const encoder = new TextEncoder();

/** What Node may ask for. */
export const actions = {
    async acceptance(): Promise<{ name: string; failure?: string }[]> {
        const results: { name: string; failure?: string }[] = [];
        for (const { name, run } of storageAcceptance(newPlace))
            results.push(
                await run().then(
                    () => ({ name }),
                    (error: unknown) => ({ name, failure: textOf(error) }),
                ),
            );
        return results;
    },

    /** @returns what fast-check says, with its seed, if the backend differs from the model */
    model: (parameters: PropertyOptions) =>
        failureOf(
            parameters,
            fc.asyncProperty(steps, async made => {
                await using place = await newPlace();
                await checkAgainstModel(place, made);
            }),
        ),

    /** Ranges of lists, some longer than what is read at once. */
    async ranges(parameters: PropertyOptions): Promise<string | undefined> {
        await using place = await newPlace();
        await using backend = await place.open();
        const lists = new Map<string, number[]>([
            ['none', []],
            ['one', [7]],
            ['some', [0, 2, 3, 50, 2 ** 40]],
            ['many', Array.from({ length: 2500 }, (_, i) => 2 * i)],
        ]);
        for (const [key, numbers] of lists)
            await backend.commit(numbers.map(number => append(key, number, String(number))));
        const number = fc.oneof(fc.nat(60), fc.nat(6000), fc.constant(2 ** 40));
        const range = fc.record(
            { from: number, before: number, limit: fc.oneof(fc.nat(5), fc.nat(3000)), reverse: fc.boolean() },
            { requiredKeys: [] },
        );
        const long: [string, ListRange][] = [
            ['many', {}],
            ['many', { limit: 1500 }],
            ['many', { limit: 1500, reverse: true }],
        ];
        return await failureOf(
            { ...parameters, examples: long },
            fc.asyncProperty(fc.constantFrom(...lists.keys()), range, async (key, range: ListRange) => {
                const entries = (lists.get(key) ?? []).map(n => ({ number: n, value: encoder.encode(String(n)) }));
                const [actual, expected] = [await backend.list('logs', key, range), inRange(entries, range)];
                if (JSON.stringify(actual) !== JSON.stringify(expected))
                    throw new Error(`got ${actual.map(entry => entry.number).join()}`);
            }),
        );
    },

    /** @returns how many keys come of those of more than one part, by space */
    async manyKeys(): Promise<Record<string, number>> {
        await using place = await newPlace();
        await using backend = await place.open();
        const numbers = Array.from({ length: 2500 }, (_, i) => i);
        await backend.commit([
            ...numbers.map(i => put(`k${i}`, '', 'objects')),
            // In the order of their keys the long list is between the short ones.
            ...numbers.map(i => append(`k${i}`, 1, '')),
            ...numbers.map(i => append('k1500-long', i, '')),
        ]);
        const objects = await keysOf(backend, 'objects');
        const logs = await keysOf(backend, 'logs');
        // What is stored meanwhile does not end the iteration.
        let slow = 0;
        for await (const key of backend.keys('objects')) {
            if (slow++ % 1000 === 0) await backend.commit([put(`a${slow}`, key, 'objects')]);
        }
        return { objects: new Set(objects).size, logs: new Set(logs).size, all: objects.length + logs.length, slow };
    },

    /** @returns bytes that are held for a value that was a small part of a large buffer */
    async partOfBuffer(): Promise<{ given: string; held: number | undefined }> {
        await using place = await newPlace();
        await using backend = await place.open();
        const part = encoder.encode('--part--'.padEnd(1_000_000)).subarray(2, 6);
        await backend.commit([{ type: 'put', space: 'objects', key: 'a', value: part }]);
        const value = await backend.get('objects', 'a');
        return { given: new TextDecoder().decode(value), held: value?.buffer.byteLength };
    },

    /** @returns the commits in the order of their ends; the later ones are smaller and in another space */
    async ends(): Promise<number[]> {
        await using place = await newPlace();
        await using backend = await place.open();
        const ends: number[] = [];
        const values = [put('a', 'x'.repeat(3_000_000), 'objects'), put('a', '1'), append('a', 1, '1')];
        await Promise.all(values.map((write, i) => backend.commit([write]).then(() => ends.push(i))));
        return ends;
    },

    /** @returns how many of three commits have ended when the backend says that it is closed */
    async closing(): Promise<number> {
        await using place = await newPlace();
        const backend = await place.open();
        let ended = 0;
        for (const key of ['a', 'b', 'c']) void backend.commit([put(key, 'x'.repeat(500_000))]).then(() => ended++);
        await backend[Symbol.asyncDispose]();
        return ended;
    },

    /** @returns what is stored after a commit with a value that cannot be, and one more */
    async failingCommit(): Promise<{ refused: boolean; contents: Record<string, string> }> {
        await using place = await newPlace();
        await using backend = await place.open();
        const value = encoder.encode('gone');
        value.buffer.transfer();
        const failing = backend.commit([put('a', '1'), { type: 'put', space: 'objects', key: 'b', value }]);
        const next = backend.commit([put('c', '1')]);
        const refused = await failing.then(
            () => false,
            () => true,
        );
        await next;
        return { refused, contents: await contentsOf(backend) };
    },

    async open(name: string, options?: IndexedDbBackendOptions): Promise<void> {
        opened.set(name, await IndexedDbBackend.open(name, options));
    },
    close: (name: string) => backendOf(name)[Symbol.asyncDispose](),
    commit: (name: string, texts: Record<string, string>) =>
        backendOf(name).commit(Object.entries(texts).map(([key, text]) => put(key, text))),
    contents: (name: string) => contentsOf(backendOf(name)),

    /** @returns its length in bytes, read back */
    async commitBytes(name: string, key: string, length: number): Promise<number | undefined> {
        const value = new Uint8Array(length);
        // At most 64 KiB at once; it must not be compressible.
        for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(value.subarray(at, at + 65_536));
        await backendOf(name).commit([{ type: 'put', space: 'objects', key, value }, put(`${key}-too`, '')]);
        return (await backendOf(name).get('objects', key))?.length;
    },

    /** Writes BLOBs: one to its end, one of the same name, one that is given up, one that goes on. */
    async blobs(name: string): Promise<void> {
        const { blobs } = backendOf(name);
        for (const end of ['finish', 'finish', 'abort', 'go on']) {
            const writer = await blobs.create();
            await writer.write(new Uint8Array(600_000));
            if (end === 'finish') await writer.finish('finished');
            if (end === 'abort') await writer.abort();
        }
    },

    /** Gives it up without a word if it does not fit. */
    async largeBlob(name: string, length: number): Promise<void> {
        const writer = await backendOf(name).blobs.create();
        for (let at = 0; at < length; at += 65_536) await writer.write(crypto.getRandomValues(new Uint8Array(65_536)));
        await writer.finish('large');
    },

    deleteBlob: (name: string, blob: string) => backendOf(name).blobs.delete(blob),

    /** Counts up in several spaces, and tells each number when it is stored. Ends with the tab. */
    async countUp(name: string, from: number): Promise<void> {
        const backend = backendOf(name);
        const large = 'x'.repeat(10_000);
        for (let n = from; ; n++) {
            await backend.commit([put('a', `${n} ${large}`, 'objects'), append('c', n, String(n)), put('b', `${n}`)]);
            postMessage({ stored: n });
        }
    },

    databases: async () => (await indexedDB.databases()).map(({ name }) => name),

    /** @returns how many records each object store has */
    async records(name: string): Promise<Record<string, number>> {
        const database = await answer(indexedDB.open(name));
        const counts: Record<string, number> = {};
        for (const store of database.objectStoreNames)
            counts[store] = await answer(database.transaction(store).objectStore(store).count());
        database.close();
        return counts;
    },

    /** Another program opens a database of this name, and ignores that somebody wants to change it. */
    async openForeign(name: string, version: number): Promise<void> {
        foreign.set(name, await answer(indexedDB.open(name, version)));
    },
    closeForeign: (name: string) => Promise.resolve(foreign.get(name)?.close()),

    /** A later version of this library opens the store. */
    openNewer: (name: string) => openDatabase(name, true, 99).then(database => database.close()),

    async deleteDatabase(name: string): Promise<void> {
        await answer(indexedDB.deleteDatabase(name));
    },

    /** Puts something into a store of a database that is not open. */
    async damage(name: string, store: string, key: IDBValidKey, value: unknown): Promise<void> {
        const database = await answer(indexedDB.open(name));
        await answer(database.transaction(store, 'readwrite').objectStore(store).put(value, key));
        database.close();
    },

    steal: (name: string) => navigator.locks.request(`one-core/storage/${name}`, { steal: true }, () => undefined),

    /** As in a browser that has none. */
    async openWithoutEngine(name: string): Promise<void> {
        Object.defineProperty(self, 'indexedDB', { value: undefined });
        await IndexedDbBackend.open(name, { create: true });
    },
};
export type PropertyOptions = Pick<fc.Parameters, 'numRuns' | 'seed'>;
export type Actions = typeof actions;

export type Answer =
    { readonly result: unknown } | { readonly error: { readonly code: unknown; readonly message: string } };

async function run<N extends keyof Actions>(action: N, args: Parameters<Actions[N]>): Promise<Answer> {
    try {
        return { result: await (actions[action] as (...args: unknown[]) => unknown)(...args) };
    } catch (error) {
        return { error: { code: (error as { code?: unknown }).code, message: textOf(error) } };
    }
}

// A worker is asked by messages, one at a time; a page by its global function.
Object.assign(globalThis, { run });
if (!('document' in globalThis))
    globalThis.onmessage = ({ data }: MessageEvent<{ action: keyof Actions; args: never }>) =>
        void run(data.action, data.args).then(answer => postMessage(answer));

function newPlace(): Promise<StorageUnderTest> {
    const name = `place-${crypto.randomUUID()}`;
    return Promise.resolve({
        open: () => IndexedDbBackend.open(name, { create: true }),
        [Symbol.asyncDispose]: () => actions.deleteDatabase(name),
    });
}

function backendOf(name: string): IndexedDbBackend {
    const backend = opened.get(name);
    if (backend === undefined) throw new Error(`"${name}" was not opened here`);
    return backend;
}

function put(key: string, text: string, space: 'objects' | 'state' = 'state'): Write {
    return { type: 'put', space, key, value: encoder.encode(text) };
}

function append(key: string, number: number, text: string): Write {
    return { type: 'append', space: 'logs', key, number, value: encoder.encode(text) };
}

async function failureOf<T>(parameters: fc.Parameters<T>, property: fc.IAsyncProperty<T>): Promise<string | undefined> {
    const result = await fc.check(property, parameters);
    if (!result.failed) return undefined;
    return `${(await fc.asyncDefaultReportMessage(result)) ?? ''}\n${textOf(result.errorInstance)}`;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no answer'));
    });
}

function textOf(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    return error.cause === undefined ? error.message : `${error.message} ← ${textOf(error.cause)}`;
}

// The browser's side of original-browser.int.test.ts: makes databases as original installations have them, and imports
// them.
import { hashBytes, hashText } from '../../crypto/hash.ts';
import { hexToUint8ArrayWithCheck } from '../../crypto/hex.ts';
import { OneInstance } from '../../instance/one-instance.ts';
import { copyInstance } from '../../instance/storage-layers.ts';
import { defineRecipe } from '../../recipes/grammar.ts';
import type { Typed } from '../../hashes.ts';
import { IndexedDbBackend } from '../indexeddb/index.ts';
import { MemoryBackend } from '../memory/memory-backend.ts';
import type { StorageBackend } from '../storage-backend.ts';
import { OriginalBrowserSource, originalDatabaseName } from './index.ts';
import { StorageCipher } from './storage-cipher.ts';

const NoteRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Note',
    rule: [
        { itemprop: 'id', isId: true },
        { itemprop: 'text' },
        { itemprop: 'file', itemtype: { type: 'referenceToBlob' }, optional: true },
    ],
});
const note = (id: string, text: string, file?: string): Typed =>
    ({ $type$: 'Note', id, text, ...(file !== undefined && { file }) }) as Typed;
const alice = { name: 'alice-web', email: 'alice@example.org' };
const SECRET = 'web ①';
const STORES = ['objects', 'vheads', 'rmaps', 'private', 'tmp', 'acache'] as const;
const SPACES = ['objects', 'vheads', 'rmaps', 'private'] as const;
const decoder = new TextDecoder();

/** Key or value of a vector: a text, or bytes as hexadecimal digits. */
interface Recorded {
    readonly text?: string;
    readonly hex?: string;
}
export type RecordedDatabase = Readonly<
    Record<string, readonly { readonly key: Recorded; readonly value: Recorded }[]>
>;

export interface ImportOptions {
    readonly secret?: string;
    readonly encrypted?: boolean;
    readonly skipDamaged?: boolean;
    readonly encryptStorage?: boolean;
}

/** What is in a store: numbers, and a hash of all keys and values. */
export interface Contents {
    readonly counts: Readonly<Record<string, number>>;
    readonly hash: string;
}

/** What Node may ask for. */
export const actions = {
    /** @returns the name of the database of the instance that all of this is about */
    nameOf: (directory?: string) => originalDatabaseName(alice.name, alice.email, directory),

    /** Creates a database as it was recorded. */
    async recreate(name: string, recorded: RecordedDatabase): Promise<void> {
        await fill(
            name,
            Object.entries(recorded).flatMap(([store, records]) =>
                records.map(({ key, value }) => [store, unrecorded(key), unrecorded(value)] as const),
            ),
        );
    },

    /**
     * Creates an instance with many objects, and a database with it.
     * @returns what has to be in a copy
     */
    async make(name: string, encrypted: boolean, notes: number): Promise<Contents> {
        const memory = new MemoryBackend();
        const options = { ...alice, secret: SECRET, recipes: [NoteRecipe] };
        await using one = await OneInstance.open({ ...options, storage: memory, encryptStorage: false });
        const blobs = new Set<string>();
        for (const size of [0, 40, 70_000, 300_000, 1_500_000, 1_500_000, 1_500_000]) {
            const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + size + blobs.size) % 256);
            blobs.add((await one.blobs.store([bytes])).hash);
        }
        const [blob] = [...blobs].slice(-1);
        await one.objects.transact(async objects => {
            for (let i = 0; i < notes; i++) await objects.storeVersioned(note(`n${i}`, `ü ${i}`, blob), 'change');
            for (let i = 0; i < notes; i += 10) await objects.storeVersioned(note(`n${i}`, `again ${i}`), 'change');
            await objects.storeUTF8Clob('a CLOB \ud83d\ude00 '.repeat(20_000));
        });
        const { idHash: bob } = await one.objects.storeIdObject({ $type$: 'Person', email: 'bob' } as Typed);
        const id = await one.microdata.idHash(note('n0', ''));
        await one.createAccess([{ id, person: [bob], mode: 'add' }]);
        await fill(name, await originalRecords(one, encrypted, blobs));
        return await contentsOf(one.objects.store);
    },

    /** Imports it into a store of ours, opens that one, and looks at everything. */
    async import(
        name: string,
        { secret = SECRET, skipDamaged = false, encryptStorage, encrypted }: ImportOptions = {},
    ) {
        const damaged: string[] = [];
        const copy = `copy-${crypto.randomUUID()}`;
        const layers = { secret, ...(encryptStorage !== undefined && { encryptStorage }) };
        let entries: number;
        {
            await using source = await OriginalBrowserSource.open(name, secret, {
                ...(encrypted !== undefined && { encrypted }),
                ...(skipDamaged && { onDamaged: error => void damaged.push(error.message) }),
            });
            await using target = await IndexedDbBackend.open(copy, { create: true });
            ({ entries } = await copyInstance(source, target, layers));
        }
        await using one = await OneInstance.open({
            ...alice,
            secret,
            storage: IndexedDbBackend.open(copy),
            create: false,
            ...(encryptStorage !== undefined && { encryptStorage }),
        });
        const contents = await contentsOf(one.objects.store);
        const { problems } = await one.verify();
        const keys = await one.keyChain.createCryptoApiFromDefaultKeys(one.owner);
        const signed = keys.sign(Uint8Array.of(1)).length;
        await one.objects.storeVersionedObject({ $type$: 'Person', email: 'carol' } as Typed);
        return { entries, contents, problems, damaged, signed };
    },

    /** Opens it and closes it again. */
    async open(name: string, secret = SECRET): Promise<void> {
        await (await OriginalBrowserSource.open(name, secret))[Symbol.asyncDispose]();
    },

    /** @returns what it gives to those who know a name, or ask for what it has not */
    async look(name: string, hash: string) {
        await using source = await OriginalBrowserSource.open(name, SECRET);
        const blob = await source.blobs.open(hash);
        const refused = async (task: Promise<unknown>) => task.catch((error: unknown) => codeOf(error));
        return {
            value: (await source.get('objects', hash))?.length,
            blob: blob === undefined ? undefined : [blob.size, (await blob.read(38, 10)).length],
            missing: await source.getMany('objects', ['f'.repeat(64), 'no name/']),
            own: [await source.get('meta', 'store'), await source.list('logs', 'journal')],
            map: await source.list('rmaps', `${hash}.Object.Nothing`),
            commit: await refused(source.commit()),
            create: await refused(source.blobs.create()),
            delete: await refused(source.blobs.delete(hash)),
            instance: await refused(OneInstance.open({ ...alice, secret: SECRET, storage: source })),
        };
    },

    /** @returns the codes of reading beside somebody who adds an object, and then deletes the database */
    async beside(name: string): Promise<unknown[]> {
        await using source = await OriginalBrowserSource.open(name, SECRET);
        const reading = async () => {
            for await (const _ of source.keys('vheads'));
        };
        await reading();
        await changeWith(name, 'objects', store => store.put('text', 'f'.repeat(64)));
        const added = await reading().catch((error: unknown) => codeOf(error));
        await answer(indexedDB.deleteDatabase(name));
        return [added, await reading().catch((error: unknown) => codeOf(error))];
    },

    /** A value that is so large that the browser keeps it in a file of its own. */
    async putLarge(name: string): Promise<string> {
        const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
        const hash: string = await hashBytes(bytes);
        await changeWith(name, 'objects', records => records.put(bytes.buffer, hash));
        return hash;
    },

    databases: async () => (await indexedDB.databases()).map(({ name }) => name).sort(),

    /** @returns version, and a hash of everything in it */
    async fingerprint(name: string): Promise<[number, string]> {
        const database = await answer(indexedDB.open(name));
        const all: unknown[] = [];
        for (const store of database.objectStoreNames) {
            const records = database.transaction(store).objectStore(store);
            const [keys, values] = await Promise.all([answer(records.getAllKeys()), answer(records.getAll())]);
            all.push([store, keys.map(shownValue), values.map(shownValue)]);
        }
        database.close();
        return [database.version, await hashText(JSON.stringify(all))];
    },

    /** Changes the value of the record with a name. */
    async damage(name: string, store: (typeof SPACES)[number], record: string, how: 'flip' | 'exchange' | 'kind') {
        using cipher = await cipherOf(name);
        await changeWith(name, store, async records => {
            const keys = await answer(records.getAllKeys());
            const isPlain = keys.includes(record);
            const key = isPlain ? record : bufferOf(cipher.encryptName(record));
            const other = keys.find(each => shownValue(each) !== shownValue(key)) ?? '';
            const value = await answer<unknown>(records.get(how === 'exchange' ? other : key));
            records.put(how === 'kind' ? { of: 'another kind' } : how === 'flip' ? flipped(value) : value, key);
        });
    },

    putRecorded: (name: string, store: string, key: Recorded, value: Recorded) =>
        changeWith(name, store, records => records.put(unrecorded(value), unrecorded(key))),
    put: (name: string, store: string, key: IDBValidKey, value: unknown) =>
        changeWith(name, store, records => records.put(value, key)),
    remove: (name: string, store: string, key: IDBValidKey) => changeWith(name, store, records => records.delete(key)),

    /** A database of another application, or of another version. */
    async foreign(name: string, version: number, stores: readonly string[]): Promise<void> {
        const request = indexedDB.open(name, version);
        request.onupgradeneeded = () => {
            for (const store of stores) request.result.createObjectStore(store);
        };
        (await answer(request)).close();
    },
};
export type Actions = typeof actions;
export type Answer = { readonly result: unknown } | { readonly error: { readonly message: string } };

async function run(action: keyof Actions, args: unknown[]): Promise<Answer> {
    try {
        return { result: await (actions[action] as (...args: unknown[]) => unknown)(...args) };
    } catch (error) {
        return { error: { message: String(error) } };
    }
}
Object.assign(globalThis, { run });

type Row = readonly [store: string, key: IDBValidKey, value: unknown];

/** An instance as an original installation stores it (spec 31 §6.2–§6.4). */
async function originalRecords(one: OneInstance, encrypted: boolean, blobs: ReadonlySet<string>): Promise<Row[]> {
    const { cipher, records } = await StorageCipher.create(SECRET);
    const rows: Row[] = Object.entries(records).map(([key, value]) => ['private', key, bufferOf(value as Uint8Array)]);
    const { store } = one.objects;
    for (const space of SPACES)
        for await (const name of store.keys(space)) {
            const isBinary = space === 'private' || (space === 'objects' && blobs.has(name));
            const bytes =
                space === 'rmaps'
                    ? bufferOf((await store.list(space, name)).flatMap(({ value }) => [...value, 10]))
                    : bufferOf((await store.get(space, name)) ?? []);
            const content = isBinary ? bytes : decoder.decode(bytes);
            const seals = encrypted || space === 'private';
            const value = typeof content === 'string' ? content : new Uint8Array(content);
            rows.push([
                space,
                seals ? bufferOf(cipher.encryptName(name)) : name,
                seals ? bufferOf(cipher.encryptValue(value)) : content,
            ]);
        }
    for await (const name of store.blobs.names()) {
        await using blob = await one.blobs.open(name);
        const bytes = await blob.read(0, blob.size);
        const value = encrypted ? cipher.encryptValue(bytes) : bytes;
        rows.push(['objects', encrypted ? bufferOf(cipher.encryptName(name)) : name, bufferOf(value)]);
    }
    // What an interrupted stream leaves behind.
    rows.push(['tmp', 'tmp-1700000000000-0', new ArrayBuffer(10)]);
    return rows;
}

async function fill(name: string, rows: readonly Row[]): Promise<void> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
        for (const store of STORES) request.result.createObjectStore(store);
    };
    const database = await answer(request);
    const transaction = database.transaction(STORES, 'readwrite');
    for (const [store, key, value] of rows) transaction.objectStore(store).add(value, key);
    await ended(transaction);
    database.close();
}

async function contentsOf(reader: Pick<StorageBackend, 'keys' | 'get' | 'list' | 'blobs'>): Promise<Contents> {
    const lines: string[] = [];
    const counts: Record<string, number> = {};
    const add = async (space: string, name: string, content: Uint8Array): Promise<void> => {
        counts[space] = (counts[space] ?? 0) + 1;
        lines.push(`${space}/${name} ${await hashBytes(new Uint8Array(content))}`);
    };
    for (const space of ['objects', 'vheads', 'private'] as const)
        for await (const name of reader.keys(space)) {
            const value = await reader.get(space, name);
            if (value !== undefined) await add(space, name, value);
        }
    for await (const name of reader.keys('rmaps')) {
        const entries = await reader.list('rmaps', name);
        await add('rmaps', name, new TextEncoder().encode(entries.map(({ value }) => decoder.decode(value)).join()));
    }
    for await (const name of reader.blobs.names()) {
        await using blob = await reader.blobs.open(name);
        await add('blobs', name, (await blob?.read(0, blob.size)) ?? new Uint8Array());
    }
    return { counts, hash: await hashText(lines.sort().join('\n')) };
}

async function cipherOf(name: string): Promise<StorageCipher> {
    const database = await answer(indexedDB.open(name));
    const records = database.transaction('private').objectStore('private');
    const keys = ['SN', 'SK', 'FN', 'FK'] as const;
    const values = await Promise.all(keys.map(key => answer(records.get(key) as IDBRequest<ArrayBuffer>)));
    database.close();
    const [SN, SK, FN, FK] = values.map(value => new Uint8Array(value)) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
    ];
    return StorageCipher.open({ SN, SK, FN, FK }, SECRET);
}

async function changeWith(name: string, store: string, task: (records: IDBObjectStore) => unknown): Promise<void> {
    const database = await answer(indexedDB.open(name));
    const transaction = database.transaction(store, 'readwrite');
    await task(transaction.objectStore(store));
    await ended(transaction);
    database.close();
}

function flipped(value: unknown): unknown {
    if (typeof value === 'string') return value.slice(0, -1) + (value.endsWith('0') ? '1' : '0');
    const bytes = new Uint8Array(value as ArrayBuffer).slice();
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    return bytes.buffer;
}

function unrecorded({ text, hex }: Recorded): string | ArrayBuffer {
    return text ?? bufferOf(hexToUint8ArrayWithCheck(hex ?? ''));
}

function bufferOf(bytes: Uint8Array | readonly number[]): ArrayBuffer {
    return Uint8Array.from(bytes).buffer;
}

function shownValue(value: unknown): string {
    return value instanceof ArrayBuffer ? new Uint8Array(value).join() : JSON.stringify(value);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no answer'));
    });
}

function ended(transaction: IDBTransaction): Promise<void> {
    return new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
    });
}

function codeOf(error: unknown): unknown {
    return (error as { code?: unknown }).code ?? String(error);
}

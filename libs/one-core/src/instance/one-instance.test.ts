import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashBytes } from '../crypto/hash.ts';
import { hashText } from '../crypto/hash.ts';
import { defineRecipe } from '../recipes/grammar.ts';
import type { Typed } from '../hashes.ts';
import { contentsOf, keysOf } from '../storage/acceptance.ts';
import { FaultyBackend } from '../storage/faulty-backend.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import type { Write } from '../storage/storage-backend.ts';
import { OneInstance, type OpenOptions } from './one-instance.ts';
import { copyInstance } from './storage-layers.ts';
import { instanceIdHash } from './instance-ids.ts';

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
const person = (email: string): Typed => ({ $type$: 'Person', email }) as Typed;

let storage: MemoryBackend;
beforeEach(() => {
    storage = new MemoryBackend();
});
const alice = { name: 'web', email: 'alice@example.org', secret: 's', recipes: [NoteRecipe] } as const;
const open = (more: Partial<OpenOptions> = {}): Promise<OneInstance> =>
    OneInstance.open({ ...alice, storage, ...more });
const refused = (code: string) => expect.objectContaining({ code });

describe('opening', () => {
    test('creates an instance once, and then opens it with everything it knew', async () => {
        let id: string;
        {
            await using one = await open({ initiallyEnabledReverseMapTypes: new Map([['Note', new Set(['file'])]]) });
            id = one.id;
            expect(id).toBe(await instanceIdHash('web', 'alice@example.org'));
            await one.objects.storeVersionedObject(note('a', '1'));
            expect(await one.epoch()).toMatch(/^[0-9a-f]{32}$/);
        }
        {
            await using one = await open({ recipes: [], create: false });
            expect(one.id).toBe(id);
            expect(one.recipes.has('Note')).toBe(true);
            const file = 'f'.repeat(64);
            const { hash } = await one.objects.storeVersionedObject(note('a', '2', file));
            expect(await keysOf(storage, 'rmaps')).toContain(`${file}.Object.Note`);
            expect((await one.keyChain.createCryptoApiFromDefaultKeys(one.owner)).publicSignKey).toHaveLength(32);
            expect(hash).toHaveLength(64);
            expect(await one.verify()).toMatchObject({ problems: [], more: 0, heads: 4 });
        }
    });

    test('several in one process do not know of each other', async () => {
        await using one = await open();
        await using other = await OneInstance.open({ ...alice, name: 'node', storage: new MemoryBackend() });
        await one.objects.storeVersionedObject(note('a', '1'));
        expect(other.id).not.toBe(one.id);
        expect(await other.objects.head(await other.microdata.idHash(note('a', '')))).toBeUndefined();
    });

    test('with a wrong secret is refused, changes nothing, and works with the right one', async () => {
        await (await open())[Symbol.asyncDispose]();
        const before = await contentsOf(storage);
        await expect(open({ secret: 'x' })).rejects.toEqual(refused('CYENC-SYMDEC'));
        await expect(open({ secret: 5 as unknown as string })).rejects.toEqual(refused('SECRET_INVALID'));
        expect(await contentsOf(storage)).toEqual(before);
        await using one = await open();
        expect(one.keyChain.unlocked).toBe(true);
    });

    test('what is not there, is refused when it must not be created', async () => {
        await expect(open({ create: false })).rejects.toEqual(refused('STORAGE_NOT_FOUND'));
        expect(await contentsOf(storage)).toEqual({});
    });

    test('the store of another instance, or of a newer version, is refused and stays as it is', async () => {
        await (await open())[Symbol.asyncDispose]();
        for (const [more, code] of [
            [{ name: 'other' }, 'STORAGE_OTHER_INSTANCE'],
            [{ email: 'bob@example.org' }, 'STORAGE_OTHER_INSTANCE'],
        ] as const)
            await expect(open(more)).rejects.toEqual(refused(code));
        const header = async (text: string): Promise<void> =>
            storage.commit([{ type: 'put', space: 'meta', key: 'store', value: new TextEncoder().encode(text) }]);
        await header('{"compatVersion":2,"location":"x","more":1}');
        const before = await contentsOf(storage);
        await expect(open()).rejects.toThrow('format 2, this one reads up to 1');
        expect(await contentsOf(storage)).toEqual(before);
        for (const damaged of ['', '{', '{}', '{"compatVersion":0,"location":""}']) {
            await header(damaged);
            await expect(open()).rejects.toEqual(refused('STORAGE_DAMAGED'));
        }
    });

    test('closes the storage when it fails', async () => {
        let closed = 0;
        class Closing extends MemoryBackend {
            override [Symbol.asyncDispose](): Promise<void> {
                closed++;
                return super[Symbol.asyncDispose]();
            }
        }
        await expect(open({ storage: new Closing(), email: 'a<b' })).rejects.toEqual(refused('INSTANCE_NAME_INVALID'));
        expect(closed).toBe(1);
        const one = await open({ storage: Promise.resolve(new Closing()) });
        await Promise.all([one[Symbol.asyncDispose](), one[Symbol.asyncDispose]()]);
        expect(closed).toBe(2);
        expect(one.keyChain.unlocked).toBe(false);
    });

    test('reads no more of a large store than of a small one', async () => {
        let reads = 0;
        class Counting extends MemoryBackend {
            override get(...args: Parameters<MemoryBackend['get']>) {
                reads++;
                return super.get(...args);
            }
            override async *keys(...args: Parameters<MemoryBackend['keys']>) {
                for await (const key of super.keys(...args)) {
                    reads++;
                    yield key;
                }
            }
        }
        const counting = new Counting();
        const readsOfOpening = async (): Promise<number> => {
            reads = 0;
            await (await open({ storage: counting }))[Symbol.asyncDispose]();
            return reads;
        };
        await readsOfOpening();
        const small = await readsOfOpening();
        {
            await using one = await open({ storage: counting });
            await one.objects.transact(async objects => {
                for (let i = 0; i < 500; i++) await objects.storeVersioned(note(String(i), 'x'), 'change');
            });
        }
        expect(await readsOfOpening()).toBe(small);
    });
});

describe('a faulty disk', () => {
    const open = async () => {
        const disk = new FaultyBackend(storage);
        return { disk, one: await OneInstance.open({ ...alice, storage: disk }) };
    };

    test('that is full is told; what was stored stays, and it goes on when there is room', async () => {
        const { disk, one } = await open();
        await one.objects.storeVersionedObject(note('a', '1'));
        disk.faults.space = 100;
        await expect(one.objects.storeVersionedObject(note('a', '2'))).rejects.toEqual(refused('STORAGE_FULL'));
        await expect(one.blobs.store([new Uint8Array(1000)])).rejects.toEqual(refused('STORAGE_FULL'));
        expect(await one.verify()).toMatchObject({ problems: [] });
        disk.faults.space = undefined;
        const { idHash } = await one.objects.storeVersionedObject(note('a', '3'));
        expect(await one.objects.getVersionsNodes(idHash)).toHaveLength(2);
        expect(await one.verify()).toMatchObject({ problems: [] });
        await one[Symbol.asyncDispose]();
    });

    test('that is slow keeps the order of events and of what callers hear', async () => {
        const { disk, one } = await open();
        disk.faults.commitDelayMs = 5;
        const told: string[] = [];
        one.objects.events.listen(event => event.type === 'versioned' && told.push(String(event.obj['text'])));
        const texts = Array.from({ length: 20 }, (_, i) => String(i));
        await Promise.all(texts.map(text => one.objects.storeVersionedObject(note('a', text))));
        expect(told).toEqual(texts);
        await one[Symbol.asyncDispose]();
    });

    test('that cannot be read is an error, never an empty answer', async () => {
        const { disk, one } = await open();
        const { idHash } = await one.objects.storeVersionedObject(note('a', '1'));
        disk.faults.readError = new Error('EIO');
        await expect(one.objects.getObjectByIdHash(idHash)).rejects.toThrow('EIO');
        await expect(one.objects.storeVersionedObject(note('a', '2'))).rejects.toThrow('EIO');
        await expect(one.accessible.has(idHash, idHash)).rejects.toThrow('EIO');
        disk.faults.readError = undefined;
        expect(await one.verify()).toMatchObject({ problems: [] });
        await one[Symbol.asyncDispose]();
    });

    test('that tears a commit before its head leaves what was there', async () => {
        const { idHash } = await (await open()).one.objects.storeVersionedObject(note('a', '1'));
        const undetected: number[] = [];
        for (let at = 1; at < 3; at++) {
            const { disk, one } = await open();
            disk.faults.tearAfter = at;
            await one.objects.storeVersionedObject(note('a', `torn ${at}`)).catch(() => undefined);
            // Objects that nothing refers to are harmless.
            const head = await one.objects.getObjectByIdHash(idHash).catch(() => undefined);
            const { problems } = await one.verify();
            if (problems.length === 0 && head?.obj['text'] !== '1') undetected.push(at);
            await one[Symbol.asyncDispose]();
        }
        expect(undetected).toEqual([]);
    });
});

describe('encryption at rest', () => {
    test('is found by itself, changes its secret with the keys, and is kept by copies as one wants', async () => {
        let id: string;
        {
            await using one = await open({ encryptStorage: true });
            id = (await one.objects.storeVersionedObject(note('a', 'a secret text'))).idHash;
            await expect(one.changeSecret('x', 'new')).rejects.toEqual(refused('CYENC-SYMDEC'));
            await one.changeSecret('s', 'new');
            await one.objects.storeVersionedObject(note('a', 'another secret text'));
            expect(await one.verify()).toMatchObject({ problems: [] });
        }
        expect(JSON.stringify(await contentsOf(storage))).not.toContain('secret text');
        await expect(open()).rejects.toEqual(refused('SC-INIT1'));
        const plain = new MemoryBackend();
        await copyInstance(storage, plain, { secret: 'new' });
        for (const from of [storage, plain]) {
            await using one = await open({ secret: 'new', storage: from, create: false });
            expect((await one.objects.getObjectByIdHash(id)).obj['text']).toBe('another secret text');
            expect(await one.verify()).toMatchObject({ problems: [] });
        }
    });

    test('is not put over a store that exists', async () => {
        await (await open())[Symbol.asyncDispose]();
        await expect(open({ encryptStorage: true })).rejects.toEqual(refused('SB-INIT5'));
        expect(await storage.get('meta', 'encryption')).toBeUndefined();
        await using one = await open();
        expect(one.keyChain.unlocked).toBe(true);
    });
});

describe('recipes', () => {
    test('of the application become part of the instance, once', async () => {
        await using one = await open();
        const objects = await keysOf(storage, 'objects');
        await one.registerRecipes([NoteRecipe]);
        expect(await keysOf(storage, 'objects')).toEqual(objects);
        const changed = { ...NoteRecipe, rule: NoteRecipe.rule.slice(0, 2) };
        await expect(one.registerRecipes([changed])).rejects.toEqual(refused('OR-ADDR1'));
        expect(await keysOf(storage, 'objects')).toEqual(objects);
    });

    test('that deployed peers handle wrongly are told', async () => {
        const hazards: unknown[] = [];
        const rule = [
            { itemprop: 'id', isId: true },
            { itemprop: 'file', itemtype: { type: 'referenceToBlob' as const }, optional: true },
            { itemprop: 'text' },
        ];
        await using one = await open({
            recipes: [defineRecipe({ $type$: 'Recipe', name: 'Risky', rule })],
            onHazard: hazard => hazards.push(hazard),
        });
        expect(one.recipes.has('Risky')).toBe(true);
        expect(hazards).toMatchObject([{ code: 'OPTIONAL_REFERENCE_IN_THE_MIDDLE' }]);
    });
});

describe('BLOBs', () => {
    const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251);
    async function* pieces(content: Uint8Array, size = 10_000): AsyncIterable<Uint8Array> {
        for (let at = 0; at < content.length; at += size) {
            await setImmediate();
            yield content.subarray(at, at + size);
        }
    }
    const read = async (one: OneInstance, hash: string, from?: number, to?: number): Promise<Uint8Array> => {
        await using blob = await one.blobs.open(hash);
        const parts: Uint8Array[] = [];
        for await (const bytes of blob.stream(from, to)) parts.push(bytes);
        return new Uint8Array(Buffer.concat(parts));
    };

    test.each([0, 1, 65_536, 65_537, 700_000])('of %d bytes are stored once, under their hash', async size => {
        await using one = await open();
        const content = bytesOf(size);
        const hash = (await hashBytes(content)) as string;
        expect(await one.blobs.has(hash)).toBe(false);
        expect(await one.blobs.store(pieces(content))).toEqual({ hash, status: 'new' });
        expect(await one.blobs.store([content])).toEqual({ hash, status: 'exists' });
        expect(await one.blobs.has(hash)).toBe(true);
        expect(Buffer.compare(await read(one, hash), content)).toBe(0);
        expect(Buffer.compare(await read(one, hash, 3, 70_000), content.subarray(3, 70_000))).toBe(0);
        expect(await one.verify()).toMatchObject({ problems: [] });
    });

    test('that nobody finished leave nothing, nor do those whose source fails', async () => {
        await using one = await open();
        const before = await contentsOf(storage);
        const failing = async function* () {
            yield bytesOf(200_000);
            await setImmediate();
            throw new Error('connection lost');
        };
        await expect(one.blobs.store(failing())).rejects.toThrow('connection lost');
        const writer = one.blobs.createWriter();
        await writer.write(bytesOf(100_000));
        await writer.cancel();
        await expect(writer.end()).rejects.toThrow('is finished');
        expect(await contentsOf(storage)).toEqual(before);
        await expect(one.blobs.open('a'.repeat(64))).rejects.toEqual(refused('SST-CR3'));
    });

    test('that were complete before a crash are told to the journal and to who may read them', async () => {
        const content = bytesOf(100_000);
        const hash = (await hashBytes(content)) as string;
        let alive = true;
        const commit = storage.commit.bind(storage);
        storage.commit = (writes: readonly Write[]) => (alive ? commit(writes) : new Promise<void>(() => undefined));
        const finish = storage.blobs.create.bind(storage.blobs);
        storage.blobs.create = async () => {
            const writer = await finish();
            const original = writer.finish.bind(writer);
            writer.finish = async name => {
                const result = await original(name);
                // From here on nothing reaches the disk any more.
                alive = false;
                return result;
            };
            return writer;
        };
        const one = await open();
        const { idHash: bob } = await one.objects.storeIdObject(person('bob'));
        const { idHash } = await one.objects.storeVersionedObject(note('a', '1', hash));
        await one.createAccess([{ id: idHash, person: [bob], mode: 'add' }]);
        void one.blobs.store([content]);
        const isAlive = () => alive;
        while (isAlive()) await setImmediate();
        alive = true;
        await using again = await open();
        expect(await again.accessible.has(bob, hash)).toBe(true);
        expect(await again.verify()).toMatchObject({ problems: [] });
    });
});

describe('access', () => {
    test('is there for persons, in numbers and as a feed', async () => {
        await using one = await open();
        const { idHash: bob } = await one.objects.storeIdObject(person('bob'));
        const { idHash, hash } = await one.objects.storeVersionedObject(note('a', '1'));
        await one.createAccess([{ id: idHash, person: [bob], mode: 'add' }]);
        expect(await one.accessible.has(bob, hash)).toBe(true);
        expect(await one.accessible.has(one.owner, hash)).toBe(false);
        expect(await one.accessible.summaries(bob)).toMatchObject([{ subject: bob, count: 3 }]);
        expect(await one.accessible.roots(bob)).toMatchObject([{ type: 'id' }, { type: 'version_node' }]);
        const [entry] = await one.accessible.feed(bob, 0, 10);
        expect(entry).toMatchObject({ type: 'id', hash: idHash });
        expect(await one.accessible.feed(bob, entry?.number ?? 0, 10)).toEqual([]);
    });

    test('leads on from what was of an unknown type, as soon as its recipe is registered', async () => {
        await using one = await open();
        const rule = [
            { itemprop: 'part', itemtype: { type: 'referenceToObj' as const, allowedTypes: new Set(['*']) } },
        ];
        const CarrierRecipe = defineRecipe({ $type$: 'Recipe', name: 'Carrier', rule });
        const { idHash: bob } = await one.objects.storeIdObject(person('bob'));
        const { hash } = await one.objects.storeVersionedObject(note('a', '1'));
        const frame = '<div itemscope itemtype="//refin.io/Carrier">';
        // As the folder of an original installation has it.
        const text = `${frame}<a itemprop="part" data-type="obj">${hash}</a></div>`;
        const carrier = { hash: await hashText(text) };
        await one.objects.store.transact(async transaction => {
            transaction.put('objects', carrier.hash, new TextEncoder().encode(text));
            await Promise.resolve();
        });
        await one.createAccess([{ object: carrier.hash, person: [bob], mode: 'add' }]);
        expect(await one.accessible.has(bob, hash)).toBe(false);
        await one.registerRecipes([CarrierRecipe]);
        expect(await one.accessible.has(bob, hash)).toBe(true);
        expect(await one.verify()).toMatchObject({ problems: [] });
    });

    test('is the same after reindexing, in a new epoch', async () => {
        await using one = await open();
        const { idHash: bob } = await one.objects.storeIdObject(person('bob'));
        const { idHash } = await one.objects.storeVersionedObject(note('a', '1'));
        await one.createAccess([{ id: idHash, person: [bob], mode: 'add' }]);
        const of = async () => {
            const members: string[] = [];
            for await (const member of one.accessible.members(bob)) members.push(member);
            return members;
        };
        const [members, epoch] = [await of(), await one.epoch()];
        await one.reindex();
        expect(await of()).toEqual(members);
        expect(await one.epoch()).not.toBe(epoch);
        await one.objects.storeVersionedObject(note('a', '2'));
        expect(await of()).toHaveLength(members.length + 2);
        expect(await one.verify()).toMatchObject({ problems: [] });
    });
});

describe('verify', () => {
    async function filled(): Promise<OneInstance> {
        const one = await open();
        const { idHash: bob } = await one.objects.storeIdObject(person('bob'));
        const { idHash } = await one.objects.storeVersionedObject(note('a', '1'));
        await one.createAccess([{ id: idHash, person: [bob], mode: 'add' }]);
        await one.objects.storeVersionedObject(note('a', '2'));
        await one.blobs.store([new Uint8Array(100_000)]);
        return one;
    }

    test('finds whatever is changed or missing, one entry at a time', async () => {
        await using one = await filled();
        expect(await one.verify()).toMatchObject({ problems: [], more: 0, blobs: 1 });
        const undetected: string[] = [];
        for (const space of ['objects', 'vheads', 'state'] as const)
            for (const key of await keysOf(storage, space)) {
                const value = (await storage.get(space, key)) ?? new Uint8Array();
                // Who somebody is in the index of grants and in which epoch is nobody's duplicate.
                if (space === 'state' && !key.startsWith('set.')) continue;
                for (const damaged of [undefined, value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte))]) {
                    await storage.commit([
                        damaged === undefined
                            ? { type: 'delete', space, key }
                            : { type: 'put', space, key, value: damaged },
                    ]);
                    if ((await one.verify()).problems.length === 0) undetected.push(`${space}/${key}`);
                    await storage.commit([{ type: 'put', space, key, value }]);
                }
            }
        expect(undetected).toEqual([]);
        expect(await one.verify()).toMatchObject({ problems: [] });
    });

    test('finds gaps of the journal and reverse maps that lack something', async () => {
        await using one = await filled();
        const [, , third] = await storage.list('logs', 'journal');
        await storage.commit([{ type: 'trim', space: 'logs', key: 'journal', before: 1_000_000 }]);
        for (const number of [1, 2, 4])
            await storage.commit([
                { type: 'append', space: 'logs', key: 'journal', number, value: third?.value ?? new Uint8Array() },
            ]);
        const [map = ''] = (await keysOf(storage, 'rmaps')).filter(key => key.endsWith('.Object.IdAccess'));
        await storage.commit([{ type: 'trim', space: 'rmaps', key: map, before: Number.MAX_SAFE_INTEGER }]);
        const kinds = (await one.verify()).problems.map(({ kind }) => kind);
        expect(kinds).toContain('journal');
        expect(kinds).toContain('reverse-map');
    });
});

test('a copy has everything, and goes on', async () => {
    let bob: string;
    {
        await using one = await open();
        ({ idHash: bob } = await one.objects.storeIdObject(person('bob')));
        const { idHash } = await one.objects.storeVersionedObject(note('a', '1'));
        await one.createAccess([{ id: idHash, person: [bob], mode: 'add' }]);
        await one.blobs.store([new Uint8Array(300_000)]);
    }
    const copy = new MemoryBackend();
    const { entries } = await copyInstance(storage, copy, alice);
    expect(entries).toBeGreaterThan(20);
    await using one = await open({ storage: copy });
    expect(await one.accessible.summaries(bob)).toMatchObject([{ count: 3 }]);
    await one.objects.storeVersionedObject(note('a', '2'));
    expect(await one.accessible.summaries(bob)).toMatchObject([{ count: 5 }]);
    expect(await one.verify()).toMatchObject({ problems: [], blobs: 1 });
    await expect(copyInstance(storage, copy, alice)).rejects.toEqual(refused('STORAGE_OTHER_INSTANCE'));
});

test('in a copy, bytes that came as a CLOB lead nowhere, as before', async () => {
    let hash: string;
    let bob: string;
    {
        await using one = await open();
        ({ idHash: bob } = await one.objects.storeIdObject(person('bob')));
        const { hash: file } = await one.blobs.store([new Uint8Array(9)]);
        ({ hash } = await one.objects.storeUTF8Clob(one.microdata.write(note('b', 'names it', file))));
        const { idHash } = await one.objects.storeVersionedObject(note('c', 'shared', hash));
        await one.createAccess([{ id: idHash, person: [bob], mode: 'add' }]);
    }
    const copy = new MemoryBackend();
    await copyInstance(storage, copy, alice);
    await using before = await open();
    await using after = await open({ storage: copy });
    expect(await after.objects.isRaw(hash)).toBe(true);
    const [one, other] = [await before.accessible.summaries(bob), await after.accessible.summaries(bob)];
    expect(other.map(({ count }) => count)).toEqual(one.map(({ count }) => count));
});

test('a copy that was interrupted is refused', async () => {
    await (await open())[Symbol.asyncDispose]();
    const copy = new MemoryBackend();
    const commit = copy.commit.bind(copy);
    let commits = 0;
    copy.commit = writes => (commits++ > 0 ? Promise.reject(new Error('disk full')) : commit(writes));
    await expect(copyInstance(storage, copy, alice)).rejects.toThrow('disk full');
    await expect(open({ storage: copy })).rejects.toEqual(refused('STORAGE_INCOMPLETE'));
});

test('at whatever commit the power is lost: what was acknowledged is there, and everything fits together', async () => {
    await fc.assert(
        fc.asyncProperty(fc.nat(30), async lastCommit => {
            const disk = new MemoryBackend();
            const commit = disk.commit.bind(disk);
            let commits = 0;
            let acknowledged = 0;
            disk.commit = writes => (commits++ < lastCommit ? commit(writes) : Promise.reject(new Error('no power')));
            const one = await open({ storage: disk }).catch(() => undefined);
            const bob = one && (await one.objects.storeIdObject(person('bob')).catch(() => undefined));
            for (let i = 0; i < 20 && one !== undefined && bob !== undefined; i++) {
                const stored = await one.objects.storeVersionedObject(note('a', String(i))).catch(() => undefined);
                if (stored === undefined) break;
                acknowledged = i + 1;
                if (i === 3)
                    await one
                        .createAccess([{ id: stored.idHash, person: [bob.idHash], mode: 'add' }])
                        .catch(() => undefined);
            }
            disk.commit = commit;
            await using again = await open({ storage: disk });
            expect(await again.verify()).toMatchObject({ problems: [], more: 0 });
            const nodes = (await again.objects.getVersionsNodes(await again.microdata.idHash(note('a', '')))) ?? [];
            expect(nodes.length).toBeGreaterThanOrEqual(acknowledged);
        }),
        { numRuns: 31 },
    );
});

describe('what reviewers broke', () => {
    test('a BLOB of which a piece could not be written is never stored', async () => {
        await using one = await open();
        const create = storage.blobs.create.bind(storage.blobs);
        storage.blobs.create = async () => {
            const writer = await create();
            const write = writer.write.bind(writer);
            let writes = 0;
            writer.write = bytes => (writes++ === 1 ? Promise.reject(new Error('disk full')) : write(bytes));
            return writer;
        };
        const writer = one.blobs.createWriter();
        await writer.write(new Uint8Array(100_000));
        await expect(writer.write(new Uint8Array(100_000))).rejects.toThrow('disk full');
        await expect(writer.end()).rejects.toThrow('disk full');
        await writer.cancel();
        storage.blobs.create = create;
        const overlapping = one.blobs.createWriter();
        const content = Uint8Array.from({ length: 500_000 }, (_, i) => i % 250);
        const writes = [0, 1, 2, 3, 4].map(i => overlapping.write(content.subarray(i * 100_000, (i + 1) * 100_000)));
        const { hash } = await overlapping.end();
        await Promise.all(writes);
        expect(hash).toBe(await hashBytes(content));
        expect(await one.verify()).toMatchObject({ problems: [], blobs: 1 });
    });

    test('recipes that are registered twice at once are registered once', async () => {
        await using one = await open({ recipes: [] });
        await Promise.all([one.registerRecipes([NoteRecipe]), one.registerRecipes([NoteRecipe])]);
        const other = { ...NoteRecipe, rule: NoteRecipe.rule.slice(0, 1) };
        await expect(one.registerRecipes([other])).rejects.toEqual(refused('OR-ADDR1'));
    });

    test('an empty encrypted store is not bound to the secret of an attempt that failed', async () => {
        await expect(open({ create: false, encryptStorage: true })).rejects.toEqual(refused('STORAGE_NOT_FOUND'));
        await using one = await open({ secret: 'another', encryptStorage: true });
        expect(one.keyChain.unlocked).toBe(true);
    });

    test('a copy under another secret than that of the keys is refused', async () => {
        await (await open())[Symbol.asyncDispose]();
        const copy = new MemoryBackend();
        const copying = copyInstance(storage, copy, { ...alice, secret: 'another', encryptStorage: true });
        await expect(copying).rejects.toEqual(refused('CYENC-SYMDEC'));
        expect(await keysOf(copy, 'meta')).toEqual([]);
    });

    test('an encrypted copy of a plain store is made, and a copy of an interrupted copy is not', async () => {
        await (await open())[Symbol.asyncDispose]();
        const copy = new MemoryBackend();
        await copyInstance(storage, copy, { ...alice, encryptStorage: true });
        await using one = await open({ storage: copy, create: false });
        expect(await copy.get('meta', 'encryption')).toBeDefined();
        expect(await one.verify()).toMatchObject({ problems: [] });
        await storage.commit([{ type: 'put', space: 'meta', key: 'copying', value: Uint8Array.of(1) }]);
        await expect(copyInstance(storage, new MemoryBackend(), alice)).rejects.toEqual(refused('STORAGE_INCOMPLETE'));
    });
});

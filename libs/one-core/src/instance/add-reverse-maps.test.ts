import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Typed } from '../hashes.ts';
import { MAX_ADDED_ENTRIES } from '../limits.ts';
import { getAllEntries, getAllIdObjectEntries } from '../objects/reverse-map-queries.ts';
import { defineRecipe } from '../recipes/grammar.ts';
import { contentsOf, keysOf } from '../storage/acceptance.ts';
import { FaultyBackend } from '../storage/faulty-backend.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { isListSpace, spaces, type Space, type Write } from '../storage/storage-backend.ts';
import { OneInstance, type OpenOptions } from './one-instance.ts';
import { copyInstance } from './storage-layers.ts';

const anyObject = { type: 'referenceToObj', allowedTypes: ['*'] } as const;
const PageRecipe = defineRecipe({
    $type$: 'Recipe',
    name: 'Page',
    rule: [
        { itemprop: 'book', isId: true, itemtype: { type: 'referenceToId', allowedTypes: ['*'] } },
        { itemprop: 'number', isId: true },
        { itemprop: 'text' },
        { itemprop: 'parts', itemtype: { type: 'set', item: anyObject }, optional: true },
        { itemprop: 'notes', itemtype: { type: 'set', item: anyObject }, optional: true },
    ],
});
const PartRecipe = defineRecipe({ $type$: 'Recipe', name: 'Part', rule: [{ itemprop: 'text' }] });
const TagRecipe = defineRecipe({ $type$: 'Recipe', name: 'Tag', rule: [{ itemprop: 'of', itemtype: anyObject }] });

interface PageContent {
    readonly parts?: ReadonlySet<string>;
    readonly notes?: ReadonlySet<string>;
}
const book = 'b'.repeat(64);
const page = (number: number, text: string, content: PageContent = {}): Typed =>
    ({ $type$: 'Page', book, number: String(number), text, ...content }) as Typed;
const typed = (object: object): Typed => object as Typed;

const reverseMaps = new Map([
    ['Page', new Set(['parts', 'book'])],
    ['Tag', new Set(['*'])],
    ['VersionNodeChange', new Set(['data'])],
]);
const reverseMapsForIdObjects = new Map([['Page', new Set(['book'])]]);
const added = { reverseMaps, reverseMapsForIdObjects };
const refused = (code: string) => expect.objectContaining({ code });

/** Lists its keys in an order that has nothing to do with that of storing. */
class Disordered extends MemoryBackend {
    override async *keys(space: Space): AsyncIterable<string> {
        const keys: string[] = [];
        for await (const key of super.keys(space)) keys.unshift(key);
        yield* keys;
    }
}

let storage: MemoryBackend;
let now: number;
beforeEach(() => {
    storage = new Disordered();
    now = 1000;
});
const alice = { name: 'web', email: 'alice@example.org', secret: 's' } as const;
const recipes = [PageRecipe, PartRecipe, TagRecipe];
const open = (more: Partial<OpenOptions> = {}): Promise<OneInstance> =>
    OneInstance.open({ ...alice, recipes, storage, now: () => now++, ...more });

/** Some hundred objects, of which the parts have links to them. */
async function fill(one: OneInstance): Promise<string[]> {
    const parts: string[] = [];
    for (let i = 0; i < 10; i++)
        parts.push((await one.objects.storeUnversionedObject(typed({ $type$: 'Part', text: String(i) }))).hash);
    for (let i = 0; i < 120; i++) {
        const content = { parts: new Set([parts[i % 10] ?? '', parts[(i * 3) % 10] ?? '']), notes: new Set([book]) };
        const stored = await one.objects.storeVersionedObject(page(i % 40, `text ${i}`, content));
        if (i % 4 === 0) await one.objects.storeUnversionedObject(typed({ $type$: 'Tag', of: stored.hash }));
    }
    await one.objects.transact(async objects => {
        for (let i = 0; i < 60; i++)
            await objects.storeVersioned(page(100 + i, 'x', { parts: new Set([parts[0] ?? '']) }), 'change');
    });
    for (const text of ['again', 'between', 'again']) await one.objects.storeVersionedObject(page(0, text));
    const imported = page(3, 'from elsewhere', { notes: new Set([parts[1] ?? '']) });
    await one.objects.importVersion(imported, 5);
    // Looks like an object, and is none.
    const clob = one.microdata.write(page(1000, 'clob', { parts: new Set([parts[0] ?? '']) }));
    await one.objects.storeUTF8Clob(clob);
    return [...parts, book];
}

/** What all queries give, in their order. */
async function answers(one: OneInstance, targets: readonly string[]): Promise<unknown> {
    const { objects } = one;
    const head = await objects.getObjectByIdHash(await one.microdata.idHash(page(0, '')));
    const all = await Promise.all(
        [...targets, head.hash].map(async target => [
            await getAllEntries(objects, target, 'Page'),
            await getAllEntries(objects, target, 'Tag'),
            await getAllEntries(objects, target, 'VersionNodeChange'),
            await getAllIdObjectEntries(objects, target, 'Page'),
        ]),
    );
    // Nothing is entered twice either.
    const sizes: Record<string, number> = {};
    for (const key of await keysOf(storage, 'rmaps')) {
        const [, target = ''] = /^(.*)\.(?:Id)?Object\.(?:Page|Tag|VersionNodeChange)$/.exec(key) ?? [];
        // The Instance object has one version more where maps were added.
        if (target === '') continue;
        const isInstance = (await objects.findText(target))?.includes('//refin.io/Instance"');
        if (isInstance !== true) sizes[key] = (await storage.list('rmaps', key)).length;
    }
    return { all, sizes };
}

/** What an instance answers that had the maps from the start. */
async function expected(): Promise<{ targets: string[]; answers: unknown }> {
    const own = storage;
    storage = new Disordered();
    now = 1000;
    await using one = await open(added);
    const targets = await fill(one);
    const result = { targets, answers: await answers(one, targets) };
    storage = own;
    now = 1000;
    return result;
}

async function copyOf(backend: MemoryBackend): Promise<MemoryBackend> {
    const copy = new Disordered();
    const writes: Write[] = [];
    for (const space of spaces)
        for (const key of await keysOf(backend, space))
            if (isListSpace(space))
                for (const entry of await backend.list(space, key))
                    writes.push({ type: 'append', space, key, ...entry });
            else writes.push({ type: 'put', space, key, value: (await backend.get(space, key)) ?? new Uint8Array() });
    await copy.commit(writes);
    return copy;
}

async function instanceObject(one: OneInstance): Promise<Readonly<Record<string, unknown>>> {
    return (await one.objects.getObjectByIdHash(one.id)).obj;
}

describe('reverse maps', () => {
    test('of a new instance are those that were given, in their order', async () => {
        await using one = await open(added);
        const { enabledReverseMapTypes: maps, enabledReverseMapTypesForIdObjects: idMaps } = await instanceObject(one);
        expect([...(maps as typeof reverseMaps)]).toEqual([...reverseMaps]);
        expect(idMaps).toEqual(reverseMapsForIdObjects);
        await using other = await open({
            storage: new Disordered(),
            ...added,
            initiallyEnabledReverseMapTypes: new Map([['Tag', new Set(['of'])]]),
        });
        const names = [...((await instanceObject(other))['enabledReverseMapTypes'] as typeof reverseMaps)];
        expect(names.map(([type]) => type)).toEqual(['Tag', 'Page', 'VersionNodeChange']);
        const always = new Map([['Keys', new Set(['*'])]]);
        await expect(open({ reverseMaps: always })).rejects.toEqual(refused('SRH-AEMAP1'));
    });

    test('that are added later answer as if they had always been there, and then nothing changes any more', async () => {
        const { targets, answers: answersOfNew } = await expected();
        {
            await using one = await open();
            await fill(one);
        }
        {
            await using one = await open(added);
            expect(await answers(one, targets)).toEqual(answersOfNew);
            expect(await one.verify()).toMatchObject({ problems: [] });
            expect((await one.objects.getVersionsNodes(one.id))?.length).toBe(3);
        }
        const before = await contentsOf(storage);
        await (await open(added))[Symbol.asyncDispose]();
        await (await open())[Symbol.asyncDispose]();
        expect(await contentsOf(storage)).toEqual(before);
        // What is stored from now on is entered.
        await using one = await open();
        const { hash } = await one.objects.storeVersionedObject(page(1, 'new', { parts: new Set([targets[0] ?? '']) }));
        expect((await getAllEntries(one.objects, targets[0] ?? '', 'Page')).at(-1)).toBe(hash);
    });

    test('together with the recipes of their types', async () => {
        await (await open({ recipes: [] }))[Symbol.asyncDispose]();
        await using one = await open(added);
        const { hash } = await one.objects.storeVersionedObject(page(1, 'x'));
        expect(await getAllEntries(one.objects, book, 'Page')).toEqual([hash]);
    });

    test('a name that is added to a type stands behind what is there; nothing is entered twice', async () => {
        const { targets } = await expected();
        const some = new Map([['Page', new Set(['notes', 'parts'])]]);
        {
            await using one = await open({ reverseMaps: some });
            await fill(one);
        }
        const entries: string[] = [];
        {
            await using one = await open();
            entries.push(...(await getAllEntries(one.objects, book, 'Page')));
        }
        await using one = await open(added);
        const { enabledReverseMapTypes: maps } = await instanceObject(one);
        expect([...(maps as typeof reverseMaps).keys()]).toEqual(['Page', 'Tag', 'VersionNodeChange']);
        expect((maps as typeof reverseMaps).get('Page')).toEqual(new Set(['notes', 'parts', 'book']));
        const all = await getAllEntries(one.objects, book, 'Page');
        expect(all.slice(0, entries.length)).toEqual(entries);
        expect(all.length).toBeGreaterThan(entries.length);
        for (const target of targets)
            expect(await storage.list('rmaps', `${target}.Object.Page`)).toHaveLength(
                (await getAllEntries(one.objects, target, 'Page')).length,
            );
        const nodes = (await one.objects.getVersionsNodes(one.id))?.length;
        await one[Symbol.asyncDispose]();
        // "*" has all names.
        await using again = await open({ reverseMaps: new Map([['Tag', new Set(['of'])]]) });
        expect((await again.objects.getVersionsNodes(again.id))?.length).toBe(nodes);
    });

    test('of a copy, whose journal knows nothing, are completed, too', async () => {
        const { targets } = await expected();
        {
            await using one = await open();
            await fill(one);
        }
        const copy = new Disordered();
        await copyInstance(storage, copy, alice);
        const sorted = async (one: OneInstance): Promise<string[][]> =>
            Promise.all(targets.map(async target => (await getAllEntries(one.objects, target, 'Page')).sort()));
        await using one = await open(added);
        await using copied = await open({ ...added, storage: copy });
        const [entries, copies] = [await sorted(one), await sorted(copied)];
        expect(copies).toEqual(entries);
    });

    /** Opens copies of a store, each with power for one commit more, until one opening succeeds. @returns crashes */
    async function crashEverywhere(before: MemoryBackend, check: (one: OneInstance) => Promise<void>): Promise<number> {
        for (let commits = 0; ; commits++) {
            storage = await copyOf(before);
            const disk = new FaultyBackend(storage);
            const commit = disk.commit.bind(disk);
            let left = commits;
            disk.commit = writes => (left-- > 0 ? commit(writes) : Promise.reject(new Error('no power')));
            const one = await open({ ...added, storage: disk }).catch(() => undefined);
            await one?.[Symbol.asyncDispose]();
            // What was begun is completed also by an application that does not ask for it.
            if (commits % 2 === 1) await (await open())[Symbol.asyncDispose]();
            await using again = await open(added);
            await check(again);
            expect(await keysOf(storage, 'state')).not.toContain('adding-reverse-maps');
            expect((await again.objects.getVersionsNodes(again.id))?.length).toBe(3);
            if (one !== undefined) return commits;
        }
    }

    test('are complete after the next opening, at whatever commit the power was lost', async () => {
        const { targets, answers: answersOfNew } = await expected();
        {
            await using one = await open();
            await fill(one);
        }
        const check = async (one: OneInstance): Promise<void> =>
            expect(await answers(one, targets)).toEqual(answersOfNew);
        expect(await crashEverywhere(storage, check)).toBeGreaterThanOrEqual(4);
    }, 60_000);

    test('the same where the journal knows nothing', async () => {
        let targets: string[];
        {
            await using one = await open();
            targets = await fill(one);
        }
        const copy = new Disordered();
        await copyInstance(storage, copy, alice);
        storage = await copyOf(copy);
        const sorted = (value: unknown): unknown =>
            JSON.parse(JSON.stringify(value), (_, part: unknown) => (Array.isArray(part) ? part.sort() : part));
        let expected: unknown;
        {
            await using one = await open(added);
            expected = sorted(await answers(one, targets));
        }
        const check = async (one: OneInstance): Promise<void> =>
            expect(sorted(await answers(one, targets))).toEqual(expected);
        expect(await crashEverywhere(copy, check)).toBeGreaterThanOrEqual(6);
    }, 60_000);

    test('with very many entries are added in commits of a bounded size', async () => {
        const targets = 30;
        const content = (i: number): PageContent => ({
            parts: new Set(Array.from({ length: 1000 }, (_, j) => (i * 1000 + j).toString(16).padStart(64, '0'))),
        });
        const hashes: string[] = [];
        const idHashes: string[] = [];
        {
            await using one = await open();
            await one.objects.transact(async objects => {
                for (let i = 0; i < targets; i++) {
                    const { hash, idHash } = await objects.storeVersioned(page(i, 'x', content(i)), 'change');
                    hashes.push(hash);
                    idHashes.push(idHash);
                }
            });
        }
        let [largest, adding] = [0, 0];
        const commit = storage.commit.bind(storage);
        storage.commit = writes => {
            const added = writes.filter(({ space }) => space === 'rmaps').length;
            largest = Math.max(largest, added);
            if (added > 100) adding++;
            return commit(writes);
        };
        await using one = await open({
            reverseMaps: new Map([['Page', new Set(['parts', 'book'])]]),
            reverseMapsForIdObjects,
        });
        expect(largest).toBeGreaterThanOrEqual(MAX_ADDED_ENTRIES);
        expect(largest).toBeLessThan(MAX_ADDED_ENTRIES + 1000);
        expect(adding).toBe(3);
        expect(await getAllEntries(one.objects, book, 'Page')).toEqual(hashes);
        expect(await getAllIdObjectEntries(one.objects, book, 'Page')).toEqual(idHashes);
        for (const i of [0, 9_999, 10_000, 29_999])
            expect(await getAllEntries(one.objects, i.toString(16).padStart(64, '0'), 'Page')).toHaveLength(1);
    });
});

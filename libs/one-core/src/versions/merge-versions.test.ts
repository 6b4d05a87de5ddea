import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Typed } from '../hashes.ts';
import { readJournal } from '../objects/journal.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { mergeVersions } from './merge-versions.ts';
import type { ObjectAccess } from './object-access.ts';
import { plainMerge } from './plain-merge.ts';
import {
    anyGraph,
    graphOf,
    graphOfOneProperty,
    ladder,
    recipes,
    TestStore,
    thing,
    thingOf,
    time,
} from './random-versions.ts';
import { predecessorsOf, type Version } from './version-nodes.ts';

/** Microdata of what a merge gives and the hashes of what it stores, or that it fails. */
async function outcome(
    store: TestStore,
    merge: (access: ObjectAccess) => Promise<object>,
    known: ObjectAccess['known'] = new Map(),
): Promise<unknown> {
    const stored = new Set<string>();
    let merged: object;
    try {
        merged = await merge(store.access(known, stored));
    } catch {
        return 'failed';
    }
    return { microdata: store.microdata.write(merged as never, { lossy: true }), stored: [...stored].sort() };
}

const plain = (store: TestStore, first: string, second: string) =>
    outcome(store, access => plainMerge(access, 'Thing', first, second));
const improved = (store: TestStore, first: string, second: string, known?: ObjectAccess['known']) =>
    outcome(store, access => mergeVersions(access, 'Thing', first, second), known);

describe('merging gives what the plain computation gives', () => {
    const pairs = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 4 });

    test('for any two nodes of any graph, whatever is known already', async () => {
        let succeeded = 0;
        await fc.assert(
            fc.asyncProperty(anyGraph, pairs, async (steps, chosen) => {
                const store = new TestStore();
                const nodes = await graphOf(store, steps);
                const known = new Map<string, Version>();
                for (const [i, j] of chosen) {
                    const [first = '', second = ''] = [nodes[i % nodes.length], nodes[j % nodes.length]];
                    const expected = await plain(store, first, second);
                    expect(await improved(store, first, second)).toEqual(expected);
                    expect(await improved(store, first, second, known)).toEqual(expected);
                    if (expected !== 'failed') succeeded++;
                }
            }),
            { numRuns: 300 },
        );
        expect(succeeded).toBeGreaterThan(300);
    });

    test('for the last nodes of larger graphs', async () => {
        await fc.assert(
            fc.asyncProperty(graphOfOneProperty, async steps => {
                const store = new TestStore();
                const nodes = (await graphOf(store, steps)).slice(-3);
                for (const first of nodes)
                    for (const second of nodes)
                        expect(await improved(store, first, second)).toEqual(await plain(store, first, second));
            }),
            { numRuns: 300 },
        );
    });

    test('and takes one step a node, whatever the ways through the graph', async () => {
        const store = new TestStore();
        const object = (...tags: string[]) => thingOf(store, { text: 'a', tags, groups: [['a', tags]] });
        const data = await store.store(await object('a', 'b'));
        const nodes = await ladder(store, 60, data);
        const incoming = await store.edge(await store.store(await object('c')), 5);
        const known = new Map<string, Version>();
        const merged = await mergeVersions(store.access(known), 'Thing', nodes.at(-1) ?? '', incoming);
        expect(merged).toEqual(await object('a', 'b', 'c'));
        store.reads = 0;
        await mergeVersions(store.access(known), 'Thing', nodes.at(-1) ?? '', incoming);
        expect(store.reads).toBeLessThan(10);
    });
});

describe('an instance merges as the plain computation does', () => {
    const steps = fc.array(
        fc.record({
            kind: fc.constantFrom('local', 'remote', 'remote', 'remote', 'two at once', 'given up', 'disk full'),
            /** Whether the next step begins when this one is stored, or at once. */
            wait: fc.boolean(),
            time,
            thing,
            other: thing,
        }),
        { minLength: 2, maxLength: 10 },
    );

    test('whatever was stored, given up or failed before', async () => {
        let merges = 0;
        await fc.assert(
            fc.asyncProperty(steps, async given => {
                const peer = new TestObjects(recipes);
                const { objects, backend } = peer;
                const commit = backend.commit.bind(backend);
                const under: Promise<unknown>[] = [];
                for (const { kind, wait, time, ...shapes } of given) {
                    const store = {
                        store: async (object: object) => (await objects.storeUnversionedObject(object as Typed)).hash,
                    };
                    const [object, other] = [await thingOf(store, shapes.thing), await thingOf(store, shapes.other)];
                    peer.time = time;
                    const task = async (transaction: ObjectTransaction): Promise<void> => {
                        if (kind === 'local') await transaction.storeVersioned(object, 'change');
                        else await transaction.importVersion(object, time);
                        if (kind === 'two at once') await transaction.importVersion(other, time + 1);
                        if (kind === 'given up') throw new Error('given up');
                    };
                    if (kind === 'disk full') backend.commit = () => Promise.reject(new Error('disk full'));
                    const done = objects.transact(task).catch(() => undefined);
                    under.push(done);
                    if (wait || kind === 'disk full') await done;
                    backend.commit = commit;
                }
                await Promise.all(under);
                merges += await expectPlainMerges(peer);
            }),
            { numRuns: 150 },
        );
        expect(merges).toBeGreaterThan(300);
    });

    test('also if an object that a log needs was only there for a transaction that failed', async () => {
        const { objects } = new TestObjects(recipes);
        const plainThing = { $type$: 'Thing', id: 'x', text: 'a', tags: new Set(), groups: new Map() };
        const part = { $type$: 'Part', text: 'p' } as Typed;
        await objects.storeVersionedObject(plainThing);
        const withPart = (hash: string) => ({ ...plainThing, part: hash }) as Typed;
        let hash = '';
        const failing = objects.transact(async transaction => {
            ({ hash } = await transaction.storeUnversioned(part));
            await transaction.importVersion(withPart(hash), 5);
            throw new Error('given up');
        });
        await expect(failing).rejects.toThrow('given up');
        await expect(objects.importVersion(withPart(hash), 5)).rejects.toThrow('SB-READ2');
        await objects.storeUnversionedObject(part);
        expect((await objects.importVersion(withPart(hash), 5)).obj['part']).toBe(hash);
    });

    test('without reading the history again', async () => {
        const peer = new TestObjects(recipes);
        const { objects, backend } = peer;
        const version = (text: string) =>
            ({ $type$: 'Thing', id: 'x', text, tags: new Set(), groups: new Map() }) as unknown as Typed;
        await objects.transact(async transaction => {
            for (let i = 0; i < 300; i++) await transaction.storeVersioned(version(String(i)), 'change');
        });
        const get = backend.get.bind(backend);
        let reads = 0;
        backend.get = (...args) => {
            reads++;
            return get(...args);
        };
        const readsOf = async (creationTime: number): Promise<number> => {
            reads = 0;
            await objects.importVersion(version('remote'), creationTime);
            return reads;
        };
        expect(await readsOf(10)).toBeGreaterThan(600);
        expect(await readsOf(11)).toBeLessThan(40);
        await objects.storeVersionedObject(version('local'));
        expect(await readsOf(12)).toBeLessThan(40);
        // A version that is there already is looked for in the history.
        expect(await readsOf(10)).toBeLessThan(40);
    });
});

/** Computes every merge of an instance anew. @returns how many there are */
async function expectPlainMerges({ objects, backend, microdata }: TestObjects): Promise<number> {
    const entries = await readJournal(backend, 0, 1_000);
    const heads = entries.flatMap(({ records }) =>
        records.flatMap(record => (record.kind === 'version' ? [record.node] : [])),
    );
    let merges = 0;
    for (const [i, head] of heads.entries()) {
        const node = await objects.read(head);
        if (node.$type$ !== 'VersionNodeMerge') continue;
        const [first = '', second = ''] = [heads[i - 1], predecessorsOf(node).find(hash => hash !== heads[i - 1])];
        const access = {
            recipes: microdata.recipes,
            read: (hash: string) => objects.read(hash),
            store: (object: object) => microdata.hash(object as Typed),
            itemText: microdata.itemText.bind(microdata),
        };
        const expected = await plainMerge(access, 'Thing', first, second);
        expect(await objects.text(String(node['data']))).toBe(microdata.write(expected, { lossy: true }));
        merges++;
    }
    return merges;
}

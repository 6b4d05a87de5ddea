import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Typed } from '../hashes.ts';
import { decodeTagged } from '../vectors/tagged-values.ts';
import { TestObjects } from '../vectors/test-objects.ts';
import { pull } from './exchange.ts';
import { nodesToMerge, type MergeChoice } from './fetched-nodes.ts';
import { plainReachable } from './plain-merge.ts';
import { anyGraph, graphOf, TestStore } from './random-versions.ts';

interface PeerStep {
    readonly op: 'store' | 'pull';
    readonly peer: string;
    readonly from?: string;
    readonly time?: number;
    readonly object?: unknown;
    readonly head: { readonly hash: string };
}
interface Vectors {
    readonly recipes: readonly unknown[];
    readonly peers: readonly {
        readonly name: string;
        readonly peers: readonly string[];
        readonly idHash: string;
        readonly steps: readonly PeerStep[];
    }[];
}
const file = new URL('../../test-vectors/versions.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('a round of deployed peers', () => {
    test.each(vectors.peers)('$name', async exchange => {
        const peers = new Map(exchange.peers.map(name => [name, new TestObjects(vectors.recipes.map(decodeTagged))]));
        const peer = (name = ''): TestObjects => peers.get(name) ?? new TestObjects();
        for (const { op, from, time = 0, object, head, ...step } of exchange.steps) {
            const own = peer(step.peer);
            own.time = time;
            if (op === 'store') await own.objects.storeVersionedObject(decodeTagged(object) as Typed);
            else await pull(own.objects, peer(from).objects, exchange.idHash);
            expect((await own.objects.headNode(exchange.idHash))?.hash).toBe(head.hash);
        }
    });
});

describe('which nodes are merged', () => {
    test('the newest: those that are in the history of no other one', async () => {
        await fc.assert(
            fc.asyncProperty(anyGraph, fc.array(fc.nat(20), { maxLength: 5 }), async (steps, places) => {
                const store = new TestStore();
                const all = await graphOf(store, steps);
                const hashes = [...new Set(places.map(place => all[place % all.length] ?? ''))];
                const nodes = await Promise.all(hashes.map(async hash => ({ hash, node: await store.read(hash) })));
                const expected: string[] = [];
                for (const hash of hashes) {
                    let isFollowed = false;
                    for (const other of hashes)
                        isFollowed ||= other !== hash && (await plainReachable(store.access(), other, hash));
                    if (!isFollowed) expected.push(hash);
                }
                const chosen = await nodesToMerge(hash => store.read(hash), { nodes, choice: 'newest' });
                expect(chosen.map(({ hash }) => hash)).toEqual(expected);
            }),
        );
    });

    test('by default the deepest alone, the first among equals', async () => {
        const store = new TestStore();
        const data = 'd'.repeat(64);
        const low = await store.edge(data, 1);
        const high = [await store.change(low, data, 3), await store.change(low, data, 2)];
        const nodes = await Promise.all([low, ...high].map(async hash => ({ hash, node: await store.read(hash) })));
        const chosen = await nodesToMerge(hash => store.read(hash), { nodes });
        expect(chosen.map(({ hash }) => hash)).toEqual(high.slice(0, 1));
        expect(await nodesToMerge(hash => store.read(hash), { nodes: [] })).toEqual([]);
    });

    test('what was here before is not walked through', async () => {
        const store = new TestStore();
        const data = 'd'.repeat(64);
        const history = [await store.edge(data, 1)];
        for (let i = 2; i < 100; i++) history.push(await store.change(history.at(-1) ?? '', data, i));
        const old = new Set(history);
        const fetched = [await store.edge(data, 200), await store.change(history.at(-1) ?? '', data, 201)];
        const nodes = await Promise.all(fetched.map(async hash => ({ hash, node: await store.read(hash) })));
        store.reads = 0;
        const isOld = (hash: string) => old.has(hash);
        const chosen = await nodesToMerge(hash => store.read(hash), { nodes, choice: 'newest', isOld });
        expect(chosen).toEqual(nodes);
        expect(store.reads).toBe(0);
    });
});

describe('behind a hub', () => {
    const recipe = {
        $type$: 'Recipe',
        name: 'Item',
        rule: [
            { itemprop: 'id', isId: true },
            { itemprop: 'tags', itemtype: { type: 'set', item: { type: 'string' } } },
        ],
    };
    const item = (...tags: string[]): Typed => ({ $type$: 'Item', id: 'x', tags: new Set(tags) }) as unknown as Typed;

    test.each<[MergeChoice, string[]]>([
        ['deepest', ['a', 'hub']],
        ['newest', ['a', 'b', 'hub']],
    ])('%s', async (choice, expected) => {
        const [alice, bob, hub, reader] = Array.from({ length: 4 }, () => new TestObjects([recipe])) as [
            TestObjects,
            TestObjects,
            TestObjects,
            TestObjects,
        ];
        let idHash = '';
        for (const [i, [peer, tags]] of [
            [hub, ['hub']] as const,
            [alice, ['a']] as const,
            [bob, ['b']] as const,
        ].entries()) {
            peer.time = 1000 * (i + 1);
            ({ idHash } = await peer.objects.storeVersionedObject(item(...tags)));
        }
        await alice.objects.storeVersionedObject(item('a'));
        await pull(reader.objects, hub.objects, idHash, choice);
        await pull(hub.objects, alice.objects, idHash, choice);
        await pull(hub.objects, bob.objects, idHash, choice);
        await pull(reader.objects, hub.objects, idHash, choice);
        const { obj } = await reader.objects.getObjectByIdHash(idHash);
        expect([...(obj['tags'] as Set<string>)].sort()).toEqual(expected);
    });
});

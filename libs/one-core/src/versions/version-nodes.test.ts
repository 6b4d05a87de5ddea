import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { plainReachable } from './plain-merge.ts';
import { anyGraph, graphOf, ladder, TestStore } from './random-versions.ts';
import { isReachable, listVersionNodes, predecessorsOf, type Version } from './version-nodes.ts';

const DATA = 'd'.repeat(64);

/** The walk of spec 20 §7.5 as the text has it, but for nodes that it comes to again. */
async function plainList(store: TestStore, head: string, before?: string): Promise<string[]> {
    if (head === before) return [];
    const node = await store.read(head);
    const rest: string[] = [];
    for (const hash of predecessorsOf(node)) rest.push(...(await plainList(store, hash, before)));
    return node.$type$ === 'VersionNodeMerge' ? rest : [head, ...rest];
}

describe('the list of versions', () => {
    test('is the walk of the specification, with each node once', async () => {
        await fc.assert(
            fc.asyncProperty(anyGraph, fc.option(fc.nat(20)), async (steps, place) => {
                const store = new TestStore();
                const nodes = await graphOf(store, steps);
                const before = place === null ? undefined : nodes[place % nodes.length];
                for (const head of nodes) {
                    const listed = await listVersionNodes(hash => store.read(hash), head, before);
                    const expected = [...new Set(await plainList(store, head, before))].reverse();
                    expect(listed.map(({ hash }) => hash)).toEqual(expected);
                    for (const { hash, node } of listed) expect(node).toBe(store.objects.get(hash));
                }
            }),
        );
    });

    test('takes as long as there are nodes, whatever their ways', async () => {
        const store = new TestStore();
        const nodes = await ladder(store, 60, DATA);
        store.reads = 0;
        const listed = await listVersionNodes(hash => store.read(hash), nodes.at(-1) ?? '');
        expect(listed).toHaveLength(121);
        expect(store.reads).toBe(nodes.length);
    });
});

describe('whether a node is in a history', () => {
    test('is what the plain walk says, whatever is known already', async () => {
        await fc.assert(
            fc.asyncProperty(anyGraph, async steps => {
                const store = new TestStore();
                const nodes = await graphOf(store, steps);
                const known = new Map<string, Version>();
                for (const head of nodes)
                    for (const wanted of nodes) {
                        const expected = await plainReachable(store.access(), head, wanted);
                        expect(await isReachable(store.access(), head, wanted)).toBe(expected);
                        expect(await isReachable(store.access(known), head, wanted)).toBe(expected);
                    }
            }),
        );
    });

    test('takes one step a node, and no reading the second time', async () => {
        const store = new TestStore();
        const nodes = await ladder(store, 60, DATA);
        const access = store.access();
        store.reads = 0;
        expect(await isReachable(access, nodes.at(-1) ?? '', 'f'.repeat(64))).toBe(false);
        expect(store.reads).toBe(nodes.length);
        expect(await isReachable(access, nodes.at(-1) ?? '', nodes[0] ?? '')).toBe(true);
        expect(store.reads).toBe(nodes.length);
    });

    test('needs no stack', async () => {
        const store = new TestStore();
        let head = await store.edge(DATA, 1);
        const first = head;
        for (let i = 2; i < 20_000; i++) {
            const depth = i - 1;
            const node = { $type$: 'VersionNodeChange', prev: head, data: DATA, depth, creationTime: i };
            head = `head ${i}`;
            store.objects.set(head, node);
        }
        expect(await isReachable(store.access(), head, first)).toBe(true);
        expect(await listVersionNodes(hash => store.read(hash), head)).toHaveLength(19_999);
    });
});

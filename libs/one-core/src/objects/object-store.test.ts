import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Typed } from '../hashes.ts';
import { Microdata } from '../microdata/microdata.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { keysOf } from '../storage/acceptance.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { Store } from '../storage/store.ts';
import type { ObjectEvent } from './object-events.ts';
import { ObjectStore } from './object-store.ts';

const recipe = {
    $type$: 'Recipe',
    name: 'Item',
    rule: [
        { itemprop: 'id', isId: true },
        { itemprop: 'text' },
        { itemprop: 'note', optional: true },
        { itemprop: 'tags', itemtype: { type: 'set', item: { type: 'string' } } },
        {
            itemprop: 'counts',
            itemtype: { type: 'map', key: { type: 'integer' }, value: { type: 'integer' } },
            optional: true,
        },
        { itemprop: 'child', itemtype: { type: 'referenceToObj', allowedTypes: ['*'] }, optional: true },
    ],
};
const badRecipe = {
    $type$: 'Recipe',
    name: 'Bad',
    crdtConfig: new Map([['text#string', 'Unheard']]),
    rule: [{ itemprop: 'id', isId: true }, { itemprop: 'text' }],
};

interface ItemProperties {
    readonly text?: string;
    readonly note?: string;
    readonly tags?: readonly string[];
    readonly counts?: ReadonlyMap<number, number>;
    readonly child?: string;
}

class Peer {
    time = 1;
    readonly backend = new MemoryBackend();
    readonly errors: unknown[] = [];
    readonly events: ObjectEvent[] = [];
    readonly microdata: Microdata;
    readonly objects: ObjectStore;

    constructor() {
        const recipes = new RecipeRegistry();
        for (const one of [recipe, badRecipe]) recipes.register(one);
        this.microdata = new Microdata(recipes);
        const now = () => this.time++;
        const onListenerError = (error: unknown) => void this.errors.push(error);
        this.objects = new ObjectStore({
            store: new Store(this.backend),
            microdata: this.microdata,
            now,
            onListenerError,
        });
        this.objects.events.listen(event => this.events.push(event));
    }

    async current(idHash: string): Promise<string> {
        return this.microdata.write((await this.objects.getObjectByIdHash(idHash)).obj);
    }

    /** Takes over what the other one offers, as synchronization does, but every node (spec 21 §14.1). */
    async pull(from: Peer, idHash: string): Promise<void> {
        for (const { node } of (await from.objects.getVersionsNodes(idHash)) ?? []) {
            const version = await from.objects.getObject(String(node['data']));
            await this.objects.importVersion(version, Number(node['creationTime']));
        }
    }
}

function item({ text = 'a', tags = [], ...more }: ItemProperties = {}): Typed {
    return { $type$: 'Item', id: 'x', text, tags: new Set(tags), ...more } as Typed;
}

let peer: Peer;
beforeEach(() => {
    peer = new Peer();
});

describe('storing', () => {
    test('a version is one commit: object, ID object, node and head, or nothing', async () => {
        const { idHash } = await peer.objects.storeVersionedObject(item());
        const sizes = async () => [
            (await keysOf(peer.backend, 'objects')).length,
            (await keysOf(peer.backend, 'vheads')).length,
        ];
        expect(await sizes()).toEqual([3, 1]);
        const commit = peer.backend.commit.bind(peer.backend);
        peer.backend.commit = () => Promise.reject(new Error('disk full'));
        peer.events.length = 0;
        await expect(peer.objects.storeVersionedObject(item({ text: 'b' }))).rejects.toThrow('disk full');
        expect(await sizes()).toEqual([3, 1]);
        expect(peer.events).toEqual([]);
        peer.backend.commit = commit;
        await peer.objects.storeVersionedObject(item({ text: 'b' }));
        expect(await peer.current(idHash)).toContain('>b<');
    });

    test('changes at the same time become versions one after the other', async () => {
        const texts = Array.from({ length: 10 }, (_, i) => `text ${i}`);
        const results = await Promise.all(texts.map(text => peer.objects.storeVersionedObject(item({ text }))));
        const nodes = (await peer.objects.getVersionsNodes(results[0]?.idHash ?? '')) ?? [];
        expect(nodes.map(({ node }) => node['depth'])).toEqual(texts.map((_, i) => i));
    });

    test('types are not mixed up', async () => {
        const unversioned = { $type$: 'VersionNodeEdge', data: 'a'.repeat(64), depth: 0, creationTime: 1 } as Typed;
        const refused = (code: string) => expect.objectContaining({ code });
        await expect(peer.objects.storeUnversionedObject(item())).rejects.toEqual(refused('SUO-SO1'));
        await expect(peer.objects.storeVersionedObject(unversioned)).rejects.toEqual(refused('SVO-SO2'));
        await expect(peer.objects.importVersion(unversioned, 1)).rejects.toEqual(refused('SVO-SO2'));
        await expect(peer.objects.storeUTF8Clob('')).rejects.toEqual(refused('SB-STORE'));
        await expect(peer.objects.getObject('f'.repeat(64))).rejects.toEqual(refused('SB-READ2'));
        await expect(peer.objects.getObjectByIdHash('f'.repeat(64))).rejects.toEqual(refused('SB-READ2'));
        expect(await peer.objects.getVersionsNodes('f'.repeat(64))).toBeUndefined();
        expect(await keysOf(peer.backend, 'objects')).toEqual([]);
    });

    test('what could not be read back is refused here, but taken from elsewhere', async () => {
        const half = item({ text: 'a\ud800' });
        await expect(peer.objects.storeVersionedObject(half)).rejects.toEqual(
            expect.objectContaining({ code: 'TEXT_NOT_WELL_FORMED' }),
        );
        expect(await keysOf(peer.backend, 'objects')).toEqual([]);
        const { idHash } = await peer.objects.importVersion(half, 5);
        expect((await peer.objects.getObjectByIdHash(idHash)).obj['text']).toBe('a\ufffd');
    });

    test('a damaged object or head is written again', async () => {
        const { hash, idHash } = await peer.objects.storeVersionedObject(item());
        const value = new Uint8Array();
        await peer.backend.commit([
            { type: 'put', space: 'objects', key: hash, value },
            { type: 'put', space: 'vheads', key: idHash, value },
        ]);
        await peer.objects.storeVersionedObject(item());
        expect((await peer.objects.getObjectByIdHash(idHash)).obj).toEqual(item());
    });

    test('listeners hear of it when it is stored, each for itself, until they stop', async () => {
        const heard: string[] = [];
        peer.objects.events.listen(() => {
            throw new Error('a listener');
        });
        const stop = peer.objects.events.listen(({ type }) => heard.push(type));
        await peer.objects.storeVersionedObject(item());
        expect(heard).toEqual(['id', 'unversioned', 'versioned']);
        expect(peer.errors).toHaveLength(3);
        stop();
        await peer.objects.storeVersionedObject(item({ text: 'b' }));
        expect(heard).toHaveLength(3);
    });
});

describe('merging', () => {
    test('that fails stores nothing, and leaves the head', async () => {
        const bad = (text: string): Typed => ({ $type$: 'Bad', id: 'x', text }) as Typed;
        const { idHash } = await peer.objects.storeVersionedObject(bad('a'));
        const before = await keysOf(peer.backend, 'objects');
        await expect(peer.objects.importVersion(bad('b'), 5)).rejects.toThrow(
            'unknown algorithm "Unheard" (MERGE_ALGORITHM_UNKNOWN)',
        );
        expect(await keysOf(peer.backend, 'objects')).toEqual(before);
        expect(await peer.current(idHash)).toContain('>a<');

        const missing = 'e'.repeat(64);
        await peer.objects.storeVersionedObject(item());
        await expect(peer.objects.importVersion(item({ child: missing }), 5)).rejects.toEqual(
            expect.objectContaining({ code: 'SB-READ2' }),
        );
    });

    test('keeps the keys of maps what they are', async () => {
        await peer.objects.storeVersionedObject(item({ counts: new Map([[1, 1]]) }));
        const { obj } = await peer.objects.importVersion(item({ counts: new Map([[2, 2]]) }), 100);
        expect(obj['counts']).toEqual(
            new Map([
                [1, 1],
                [2, 2],
            ]),
        );
    });

    test('goes through a long history without a deep stack', async () => {
        await peer.objects.storeVersionedObject(item());
        await peer.objects.transact(async objects => {
            for (let i = 0; i < 1_500; i++) await objects.storeVersioned(item({ text: String(i) }), 'change');
        });
        const { obj, idHash } = await peer.objects.importVersion(item({ text: 'new', tags: ['t'] }), 10_000);
        expect(obj).toEqual(item({ text: 'new', tags: ['t'] }));
        expect(await peer.objects.getVersionsNodes(idHash)).toHaveLength(1_502);
    });
});

const text = fc.constantFrom('a', 'b', 'c');
const properties = fc.record(
    {
        text,
        note: text,
        tags: fc.uniqueArray(text),
        counts: fc
            .uniqueArray(fc.tuple(fc.nat(3), fc.nat(3)), { selector: ([key]) => key })
            .map(entries => new Map(entries)),
    },
    { requiredKeys: ['text'] },
);
const history = fc.array(fc.record({ local: fc.boolean(), properties, time: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 1,
    maxLength: 8,
});

async function replay(steps: readonly { local: boolean; properties: ItemProperties; time: number }[]): Promise<Peer> {
    const made = new Peer();
    for (const { local, properties: given, time } of steps)
        if (local) {
            made.time = time;
            await made.objects.storeVersionedObject(item(given));
        } else await made.objects.importVersion(item(given), time);
    return made;
}

describe('whatever happens to a version', () => {
    test('the same steps give the same history', async () => {
        await fc.assert(
            fc.asyncProperty(history, async steps => {
                const [one, other] = [await replay(steps), await replay(steps)];
                expect(await keysOf(other.backend, 'objects')).toEqual(await keysOf(one.backend, 'objects'));
                for (const id of await keysOf(one.backend, 'vheads'))
                    expect(await other.backend.get('vheads', id)).toEqual(await one.backend.get('vheads', id));
            }),
        );
    });

    test('importing it again changes nothing', async () => {
        await fc.assert(
            fc.asyncProperty(history, properties, fc.integer({ min: 1, max: 50 }), async (steps, given, time) => {
                const made = await replay(steps);
                const { idHash } = await made.objects.importVersion(item(given), time);
                const [head, current] = [await made.objects.head(idHash), await made.current(idHash)];
                const again = await made.objects.importVersion(item(given), time);
                expect(again.status).toBe('exists');
                expect(await made.objects.head(idHash)).toBe(head);
                expect(await made.current(idHash)).toBe(current);
            }),
        );
    });

    test('two peers that only add end with all of it', async () => {
        const additions = fc.array(
            fc.record({ first: fc.boolean(), tag: fc.string({ maxLength: 3 }), pull: fc.boolean() }),
            {
                minLength: 1,
                maxLength: 8,
            },
        );
        await fc.assert(
            fc.asyncProperty(additions, async steps => {
                const peers = [new Peer(), new Peer()] as const;
                let clock = 1;
                const { idHash } = await peers[0].objects.storeVersionedObject(item());
                await peers[1].pull(peers[0], idHash);
                for (const { first, tag, pull } of steps) {
                    const [own, other] = first ? peers : ([peers[1], peers[0]] as const);
                    own.time = clock += 10;
                    if (pull) await own.pull(other, idHash);
                    const tags = (await own.objects.getObjectByIdHash(idHash)).obj['tags'] as ReadonlySet<string>;
                    await own.objects.storeVersionedObject(item({ tags: [...tags, tag] }));
                }
                for (let round = 0; round < 3; round++) {
                    await peers[0].pull(peers[1], idHash);
                    await peers[1].pull(peers[0], idHash);
                }
                const all = item({ tags: [...new Set(steps.map(({ tag }) => tag))] });
                for (const one of peers) expect(await one.current(idHash)).toBe(one.microdata.write(all));
            }),
        );
    });
});

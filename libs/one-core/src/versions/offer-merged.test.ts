import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Typed } from '../hashes.ts';
import { Microdata } from '../microdata/microdata.ts';
import { readJournal } from '../objects/journal.ts';
import type { ObjectEvent } from '../objects/object-events.ts';
import { ObjectStore } from '../objects/object-store.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { Store } from '../storage/store.ts';
import { pull } from './exchange.ts';
import { recipes, thing, thingOf, time, type ThingShape } from './random-versions.ts';

class Peer {
    time = 1;
    readonly backend = new MemoryBackend();
    readonly events: ObjectEvent[] = [];
    readonly listed: string[] = [];
    readonly objects: ObjectStore;

    constructor(offerMerged?: boolean) {
        const registry = new RecipeRegistry();
        for (const recipe of recipes) registry.register(recipe);
        this.objects = new ObjectStore({
            store: new Store(this.backend),
            microdata: new Microdata(registry),
            now: () => this.time,
            onListenerError: error => {
                throw error;
            },
            ...(offerMerged !== undefined && { offerMerged }),
        });
        this.objects.events.listen(event => this.events.push(event));
        this.objects.derive(async (_, { heads }) => {
            this.listed.push(...heads.map(({ listed }) => listed));
            await Promise.resolve();
        });
    }

    async store(shape: ThingShape): Promise<void> {
        const store = async (object: object) => (await this.objects.storeUnversionedObject(object as Typed)).hash;
        await this.objects.storeVersionedObject(await thingOf({ store }, shape));
    }

    async current(idHash: string): Promise<string> {
        const { obj } = await this.objects.getObjectByIdHash(idHash);
        return this.objects.microdata.write(obj, { lossy: true });
    }
}

const item = (...tags: string[]): Typed =>
    ({ $type$: 'Thing', id: 'x', text: 'a', tags: new Set(tags), groups: new Map() }) as unknown as Typed;

describe('what a merge has made', () => {
    test('is offered as a Change on top of it, if that is wanted', async () => {
        const peer = new Peer(true);
        const { idHash } = await peer.objects.storeVersionedObject(item('a'));
        const edge = await peer.objects.head(idHash);
        [peer.events.length, peer.listed.length] = [0, 0];
        const result = await peer.objects.importVersion(item('b'), 5);
        expect(result.obj).toEqual(item('a', 'b'));

        const head = await peer.objects.headNode(idHash);
        const { prev = '', ...node } = (head?.node ?? {}) as { prev?: string };
        expect(node).toEqual({ $type$: 'VersionNodeChange', data: result.hash, depth: 2, creationTime: 5 });
        const merge = await peer.objects.read(prev);
        expect(merge).toMatchObject({ $type$: 'VersionNodeMerge', data: result.hash, depth: 1, creationTime: 5 });
        const incoming = [...(merge['nodes'] as Set<string>)].find(hash => hash !== edge);
        const listed = (await peer.objects.getVersionsNodes(idHash))?.map(({ hash }) => hash) ?? [];
        expect(listed.at(-1)).toBe(head?.hash);
        expect([...listed].sort()).toEqual([edge, incoming, head?.hash].sort());

        // Whoever was granted this ID may read both new nodes.
        expect(peer.listed).toEqual([incoming, head?.hash]);
        expect(peer.events.filter(({ type }) => type === 'versioned')).toEqual([
            { type: 'versioned', ...result, status: 'new' },
        ]);
        const [entry] = (await readJournal(peer.backend, 0, 10)).slice(-1);
        expect(entry?.records).toEqual(
            expect.arrayContaining([
                { kind: 'object', hash: incoming },
                { kind: 'object', hash: prev },
                { kind: 'version', hash: result.hash, idHash, node: head?.hash },
            ]),
        );
    });

    test.each([
        ['is what was here', ['a', 'b'], ['b']],
        ['is what came', ['a'], ['a', 'b']],
        ['is what both had', ['a'], ['a']],
    ])('is not offered if it %s', async (_, own, other) => {
        const peer = new Peer(true);
        const { idHash } = await peer.objects.storeVersionedObject(item(...own));
        await peer.objects.importVersion(item(...other), 5);
        expect((await peer.objects.headNode(idHash))?.node.$type$).toBe('VersionNodeMerge');
    });

    test('is not offered by default', async () => {
        const peer = new Peer();
        const { idHash } = await peer.objects.storeVersionedObject(item('a'));
        await peer.objects.importVersion(item('b'), 5);
        expect((await peer.objects.headNode(idHash))?.node.$type$).toBe('VersionNodeMerge');
    });
});

describe('peers that exchange everything', () => {
    const step = fc.record({ own: fc.nat(2), other: fc.nat(2), pulls: fc.boolean(), time, thing });
    const choice = fc.constantFrom('deepest', 'newest');

    test('come to rest, whoever of them offers what it has merged', async () => {
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.boolean(), { minLength: 2, maxLength: 3 }),
                choice,
                fc.array(step, { minLength: 2, maxLength: 8 }),
                async (offers, choice, steps) => {
                    const peers = offers.map(offerMerged => new Peer(offerMerged));
                    const at = (place: number): Peer => peers[place % peers.length] ?? new Peer();
                    const idHash = await at(0).objects.microdata.idHash(item());
                    for (const { own, other, pulls, time, thing } of steps) {
                        at(own).time = time;
                        if (!pulls) await at(own).store(thing);
                        else if (at(own) !== at(other)) await pull(at(own).objects, at(other).objects, idHash, choice);
                    }
                    const round = async (): Promise<number> => {
                        let fresh = 0;
                        for (const own of peers)
                            for (const other of peers)
                                if (own !== other) fresh += await pull(own.objects, other.objects, idHash, choice);
                        return fresh;
                    };
                    let rounds = 0;
                    while ((await round()) > 0 && rounds < 20) rounds++;
                    expect(rounds).toBeLessThan(20);
                },
            ),
            { numRuns: 60 },
        );
    });

    test('end with the same growing sets behind a hub', async () => {
        const additions = fc.array(fc.tuple(fc.nat(2), fc.constantFrom('a', 'b', 'c', 'd')), {
            minLength: 2,
            maxLength: 6,
        });
        await fc.assert(
            fc.asyncProperty(additions, async steps => {
                // The last one is the hub: the others never meet.
                const peers = [new Peer(true), new Peer(true), new Peer(true)] as const;
                const hub = peers[2];
                let clock = 1;
                const idHash = await hub.objects.microdata.idHash(item());
                for (const [place, tag] of steps) {
                    const peer = peers[place] ?? hub;
                    peer.time = clock += 10;
                    await pull(peer.objects, hub.objects, idHash, 'newest');
                    const isNew = (await peer.objects.head(idHash)) === undefined;
                    const { obj } = isNew ? { obj: item() } : await peer.objects.getObjectByIdHash(idHash);
                    const tags = (obj as unknown as { tags: ReadonlySet<string> }).tags;
                    await peer.objects.storeVersionedObject(item(...tags, tag));
                }
                for (let round = 0; round < 3; round++)
                    for (const peer of peers.slice(0, 2)) {
                        await pull(hub.objects, peer.objects, idHash, 'newest');
                        await pull(peer.objects, hub.objects, idHash, 'newest');
                    }
                const all = hub.objects.microdata.write(item(...new Set(steps.map(([, tag]) => tag))));
                for (const peer of peers) expect(await peer.current(idHash)).toBe(all);
            }),
            { numRuns: 60 },
        );
    });
});

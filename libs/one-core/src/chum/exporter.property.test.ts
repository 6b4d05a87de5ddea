// Whatever a peer asks for, and whatever is granted and revoked meanwhile: nothing leaves that is not for this peer, and no answer
// tells whether something else exists.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { accessibleRoots, type ObjectFilter } from '../access/accessible-roots.ts';
import { reachOf } from '../access/reach.ts';
import { createAccess } from '../access/create-access.ts';
import type { Typed } from '../hashes.ts';
import { Exporter } from './exporter.ts';
import { createChannelPair } from './memory-channel.ts';
import { RequestChannel } from './request-channel.ts';
import { AuditedChannel } from './simulation/audited-channel.ts';
import { Disk, MountedDisk } from './simulation/disk.ts';
import { Contents, ExpectedReach, type GrantFilter } from './simulation/expected-reach.ts';
import { Random } from './simulation/random.ts';
import { recipes, typed } from './simulation/sample-data.ts';
import { settled } from './simulation/virtual-time.ts';
import { services } from './services.ts';
import { TestPeer } from './test-peer.ts';

interface Step {
    readonly kind: 'store' | 'grant' | 'ask' | 'follow';
    readonly seed: number;
    /** Whether it is over before the next one begins. */
    readonly settles: boolean;
}

/** What is there before the peer comes. */
const before = fc.record({
    seed: fc.nat(),
    things: fc.integer({ min: 10, max: 40 }),
    grants: fc.integer({ min: 3, max: 10 }),
    /** By which the filter chooses; undefined for none. */
    filter: fc.option(fc.nat(), { nil: undefined, freq: 2 }),
});
type Before = typeof before extends fc.Arbitrary<infer T> ? T : never;

const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('store', 'store', 'grant', 'grant', 'ask', 'ask', 'follow', 'follow'),
    seed: fc.nat(),
    settles: fc.oneof(fc.constant(true), fc.boolean()),
});

/** An instance, and a peer of it that obeys no rule. */
class Scene {
    readonly problems: string[] = [];
    readonly #disk: Disk;
    readonly #peer: TestPeer;
    readonly #reach: ExpectedReach;
    /** Whom things are granted: the one who asks is the first. */
    readonly #persons: readonly string[];
    readonly #groups: string[] = [];
    readonly #granted: { readonly object?: string; readonly id?: string }[] = [];
    /** Hashes of all that was stored, and of some that is not here. */
    readonly #hashes: string[] = [];
    /** Of version nodes, which nobody grants alone. */
    readonly #nodes = new Set<string>();
    readonly #heard = new Set<string>();
    readonly #answers = new Map<number, string[]>();
    readonly #send: (message: string) => void;
    readonly #filter: GrantFilter;
    #nextId = 0;

    static async create({ filter, seed, things, grants }: Before): Promise<Scene> {
        const disk = new Disk();
        const peer = await TestPeer.create('X', recipes, new MountedDisk(disk));
        const persons = [await peer.personId('asks@test'), await peer.personId('other@test')];
        const scene = new Scene(disk, peer, persons, filter);
        const random = new Random(seed);
        for (let i = 0; i < things; i++) await scene.#store(random);
        for (let i = 0; i < grants; i++) await scene.#grant(random);
        return scene;
    }

    private constructor(disk: Disk, peer: TestPeer, persons: readonly string[], filterSeed: number | undefined) {
        [this.#disk, this.#peer, this.#persons] = [disk, peer, persons];
        this.#filter = hash =>
            filterSeed === undefined || new Random(Number.parseInt(hash.slice(0, 6), 16) ^ filterSeed).once(2);
        this.#reach = new ExpectedReach(disk, new Contents(peer.objects.microdata), this.#filter);
        const [near, far] = createChannelPair();
        const report = (problem: string): void => void this.problems.push(problem);
        const objectFilter: ObjectFilter = (hash, type) => Promise.resolve(this.#filter(hash, type));
        const remotePerson = persons[0] ?? '';
        new Exporter(new RequestChannel(new AuditedChannel(near, this.#reach, remotePerson, report)), {
            ...{ objects: peer.objects, blobs: peer.blobs, accessible: peer.accessible, remotePerson },
            objectFilter: filterSeed === undefined ? undefined : objectFilter,
        });
        far.listen(message => this.#received(message));
        this.#send = message => far.send(message);
    }

    async run(steps: readonly Step[]): Promise<void> {
        this.#request(services.accessibleRoots, []);
        await settled();
        for (const { kind, seed, settles } of steps) {
            const random = new Random(seed);
            this.#peer.time++;
            if (kind === 'store') void this.#store(random);
            else if (kind === 'grant') void this.#grant(random);
            else if (kind === 'ask') await this.#ask(random, settles);
            else this.#follow(random);
            if (settles) await settled();
        }
        await settled();
        for (const [id, answers] of this.#answers)
            if (answers.length !== 1) this.problems.push(`request ${id} was answered ${answers.length} times`);
        await this.#compareReach();
    }

    async #store(random: Random): Promise<void> {
        const { objects, blobs } = this.#peer;
        const any = (): string => random.pick([...this.#hashes, ...this.#nodes]) ?? random.hash();
        const keep = (...hashes: readonly string[]): void => void this.#hashes.push(...hashes);
        switch (random.int(9)) {
            case 0:
                keep((await blobs.store([random.bytes(random.once(4) ? 70_000 : random.int(4))])).hash);
                return;
            case 1:
                // Some look like objects: of an unknown type, or of one that never leaves.
                keep((await objects.storeUTF8Clob(this.#text(random))).hash);
                return;
            case 2: {
                const doc = { $type$: 'Doc', id: String(random.int(2)), title: String(random.int(9)), tags: new Set() };
                const object = random.once(2) ? any() : undefined;
                const { hash, idHash } = await objects.storeVersionedObject(typed({ ...doc, object }));
                keep(hash, idHash);
                for (const node of (await objects.getVersionsNodes(idHash)) ?? []) this.#nodes.add(node.hash);
                return;
            }
            case 3: {
                const remark = typed({ $type$: 'Remark', on: any(), of: any(), text: 'x' });
                const { hash, idHash } = await objects.storeVersionedObject(remark);
                keep(hash, idHash);
                return;
            }
            case 4:
                if (random.once(5)) keep(random.hash());
                return;
            default:
                // Whatever a hash is of, it may be linked as anything.
                keep((await objects.storeUnversionedObject(this.#note(random, any))).hash);
        }
    }

    #note(random: Random, any: () => string): Typed {
        return typed({
            $type$: 'Note',
            text: String(random.int(50)),
            blob: random.once(3) ? any() : undefined,
            clob: random.once(3) ? any() : undefined,
            objects: random.once(2) ? new Set([any(), any()]) : undefined,
            ids: random.once(3) ? new Set([any()]) : undefined,
        });
    }

    #text(random: Random): string {
        const link = `<a itemprop="object" data-type="obj">${random.pick(this.#hashes) ?? random.hash()}</a>`;
        const type = random.pick(['Unknown', 'Access', 'Group']) ?? '';
        return random.once(2) ? `text ${random.int(9)}` : `<div itemscope itemtype="//refin.io/${type}">${link}</div>`;
    }

    async #grant(random: Random): Promise<void> {
        const { objects } = this.#peer;
        if (random.once(4)) {
            const group = { $type$: 'Group', name: String(random.int(2)), person: random.some(this.#persons, 2) };
            const { hash, idHash } = await objects.storeVersionedObject(typed(group));
            this.#groups.push(idHash);
            this.#hashes.push(hash, idHash);
            return;
        }
        const mode = random.once(2) ? 'add' : 'replace';
        const revoked = random.once(3) ? random.pick(this.#granted) : undefined;
        if (revoked !== undefined) await this.#peer.grant({ ...revoked, mode: 'replace' });
        const hash = random.pick(this.#hashes);
        if (revoked !== undefined || hash === undefined) return;
        const start = new TextDecoder().decode(this.#disk.objects.get(hash)?.subarray(0, 20));
        const isId = random.once(8) ? random.once(2) : start.startsWith('<div data-id-object');
        const target = isId ? { id: hash } : { object: hash };
        this.#granted.push(target);
        const person = random.once(3) ? random.some(this.#persons, 2) : this.#persons.slice(0, 1);
        const request = { ...target, person, group: random.some(this.#groups, 1), mode } as const;
        // What says who may read something can be linked, and its hash can be tried.
        for (const { hash, idHash } of await createAccess(objects, [request])) this.#hashes.push(hash, idHash);
    }

    /** One question of any form; for what is not for this peer, the answer is that for what does not exist. */
    async #ask(random: Random, settles: boolean): Promise<void> {
        const heard = [...this.#heard];
        const hash = random.once(3)
            ? random.pick(heard)
            : random.once(8)
              ? random.hash()
              : random.pick([...this.#hashes, ...this.#nodes]);
        const serviceId = random.once(10) ? random.int(14) - 2 : (random.pick([2, 4, 5, 6, 7, 8]) ?? 2);
        const args = argsOf(random, hash ?? random.hash());
        if (settles) await settled();
        const id = this.#request(serviceId, args);
        if (!settles || serviceId === services.fin) return;
        await settled();
        const isSecret =
            hash !== undefined && args[0] === hash && !this.#reach.of(this.#persons[0] ?? '').named.has(hash);
        if (!isSecret) return;
        const other = this.#request(serviceId, [random.hash(), ...args.slice(1)]);
        await settled();
        const [one, two] = [id, other].map(each => JSON.stringify(this.#answers.get(each)));
        if (one !== two) this.problems.push(`for ${hash} the answer is ${one}, for what does not exist ${two}`);
    }

    /** As an importer asks, which knows only what it was told. */
    #follow(random: Random): void {
        if (random.once(3)) this.#request(services.accessibleRoots, []);
        for (const hash of random.some([...this.#heard], 12)) {
            const service = random.pick([4, 4, 4, 5, 6, 6, 7, 8]) ?? 4;
            this.#request(service, service === 8 && random.once(2) ? [hash, 'utf8'] : [hash]);
        }
    }

    #request(serviceId: number, args: unknown): number {
        const requestId = this.#nextId++;
        this.#answers.set(requestId, []);
        this.#send(JSON.stringify({ requestId, type: 'request', serviceId, args }));
        return requestId;
    }

    #received(message: string | Uint8Array): void {
        if (typeof message !== 'string') return;
        for (const [hash] of message.matchAll(/[0-9a-f]{64}/g)) this.#heard.add(hash);
        const { responseId, ...answer } = JSON.parse(message) as { responseId: number; type: string };
        if (answer.type !== 'stream') this.#answers.get(responseId)?.push(JSON.stringify(answer));
    }

    /** What the test expects is what the whole computation gives. */
    async #compareReach(): Promise<void> {
        const { objects, blobs } = this.#peer;
        const objectFilter: ObjectFilter = (hash, type) => Promise.resolve(this.#filter(hash, type));
        for (const person of this.#persons) {
            const roots = await accessibleRoots(objects, person, { objectFilter });
            const computed = await reachOf(objects, roots, hash => blobs.has(hash));
            expect([...computed].sort()).toEqual([...this.#reach.of(person).readable].sort());
        }
    }
}

function argsOf(random: Random, hash: string): readonly unknown[] {
    if (random.int(4) > 0) return random.once(4) ? [hash, random.pick(['utf8', 'base64', null, 1])] : [hash];
    const huge = 'x'.repeat(100_000);
    const odd: readonly (readonly unknown[])[] = [
        [],
        [hash.toUpperCase()],
        [`${hash}\n`],
        [`../${hash}`],
        [hash.slice(1)],
        [[hash]],
        [{ hash }],
        [null],
        [Number(`0x${hash.slice(0, 8)}`)],
        [huge],
        [hash, huge],
        Array.from({ length: 1000 }, () => hash),
        [{ toString: hash }],
        ['$__undefined$', hash],
    ];
    return random.pick(odd) ?? [];
}

/** Attempts to find a shorter run that fails as well. */
const SHRINKS = 300;

test('nothing leaves that is not for a peer, whatever it asks', async () => {
    await fc.assert(
        fc.asyncProperty(
            before,
            fc.limitShrink(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), SHRINKS),
            async (before, steps) => {
                const scene = await Scene.create(before);
                await scene.run(steps);
                expect(scene.problems).toEqual([]);
            },
        ),
    );
}, 600_000);

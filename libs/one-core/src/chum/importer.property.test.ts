// Whatever a peer answers: what is stored is what its hash says, with everything that it leads to; nothing that is only for this
// instance comes from elsewhere, or gets to the peer; and what the peer says truly arrives.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnyObject } from '../microdata/microdata.ts';
import { verifyInstance } from '../instance/verify.ts';
import { Exporter } from './exporter.ts';
import { createChannelPair } from './memory-channel.ts';
import { RequestChannel } from './request-channel.ts';
import type { ChumSession } from './chum-session.ts';
import { Disk, MountedDisk } from './simulation/disk.ts';
import { Contents, ExpectedReach, hashOf } from './simulation/expected-reach.ts';
import { Random } from './simulation/random.ts';
import { changedDoc, randomNote, randomRemark, recipes, typed, type Known } from './simulation/sample-data.ts';
import { Forger, keepSecrets, type Secrets } from './simulation/forgeries.ts';
import { docName, DOCS } from './simulation/names.ts';
import { TamperingRelay, type TamperingOptions } from './simulation/tampering-relay.ts';
import { beginVirtualTime, elapse, endVirtualTime, whenDone } from './simulation/virtual-time.ts';
import { TestPeer } from './test-peer.ts';

const scene = fc.record({
    seed: fc.nat(),
    things: fc.integer({ min: 3, max: 30 }),
    /** Hashes about which the peer lies. */
    poisoned: fc.nat(12),
    /** Changes of its root list. */
    lies: fc.nat(6),
    forgeries: fc.boolean(),
    isSilent: fc.boolean(),
    closesAfter: fc.option(fc.nat(60), { nil: undefined, freq: 4 }),
    keepRunning: fc.boolean(),
    likeDeployed: fc.oneof(fc.constant(false), fc.boolean()),
});
type Options = typeof scene extends fc.Arbitrary<infer T> ? T : never;

/** Longest time that a peer which does not answer can make a pass last, milliseconds. */
const PATIENCE = 200_000;
/** The same for one that is asked one thing after the other. */
const PATIENCE_ONE_BY_ONE = 2_000_000;
const POLL = 20_000;

class Instance {
    readonly disk = new Disk();
    readonly reach: ExpectedReach;
    readonly contents: Contents;
    readonly peer: TestPeer;

    private constructor(peer: TestPeer, disk: Disk) {
        this.peer = peer;
        this.disk = disk;
        this.contents = new Contents(peer.objects.microdata);
        this.reach = new ExpectedReach(disk, this.contents);
    }

    static async create(name: string): Promise<Instance> {
        const disk = new Disk();
        return new Instance(await TestPeer.create(name, recipes, new MountedDisk(disk)), disk);
    }

    /** Hashes of what never leaves it. */
    get local(): string[] {
        const all = [...this.disk.objects];
        return all.filter(([hash, bytes]) => this.contents.of(hash, bytes).isLocal).map(([hash]) => hash);
    }

    text(hash: string): string {
        return new TextDecoder().decode(this.disk.objects.get(hash));
    }
}

class Scene {
    readonly #options: Options;
    readonly #random: Random;
    readonly #liar: Instance;
    readonly #victim: Instance;
    readonly #forger: Forger;
    #secrets: Secrets | undefined;
    /** Microdata of an object without links. */
    readonly #plain: string;
    /** Hashes of roots, or ID hashes of versions, about which the list of roots lies. */
    readonly #denied = new Set<string>();

    private constructor(options: Options, liar: Instance, victim: Instance) {
        this.#options = options;
        this.#random = new Random(options.seed);
        this.#liar = liar;
        this.#victim = victim;
        this.#forger = new Forger(this.#random, liar.peer);
        this.#plain = liar.peer.objects.microdata.write(typed({ $type$: 'Note', text: 'plain' }));
    }

    static async create(options: Options): Promise<Scene> {
        const scene = new Scene(options, await Instance.create('A'), await Instance.create('B'));
        await scene.#fill();
        if (options.forgeries && scene.#secrets) await scene.#forger.forge(scene.#secrets);
        return scene;
    }

    async run(): Promise<void> {
        const before = this.#victim.local;
        const truth = this.#truth();
        const poisoned = new Set(this.#random.some([...truth.readable], this.#options.poisoned));
        const session = this.#connect({ ...this.#lies(), poisoned, forged: this.#forger.forged });
        const { closesAfter, isSilent, likeDeployed } = this.#options;
        await elapse(isSilent && likeDeployed ? PATIENCE_ONE_BY_ONE : PATIENCE);
        // Afterwards it may be trying again what has failed.
        expect(session.status.passes > 0 || session.status.state === 'ended').toBe(true);
        session.close();
        await whenDone(session.ended);

        expect(this.#victim.local).toEqual(before);
        await this.#expectSound();
        // A connection is given up when nothing comes any more, and deployed importers wait for one answer after the other.
        if (closesAfter === undefined && !(isSilent && likeDeployed)) this.#expectArrived(poisoned);

        // Nothing that was done keeps the truth from coming.
        const honest = this.#connect({
            ...this.#lies(),
            poisoned: new Set(),
            forged: new Map(),
            roots: JSON.stringify,
            closesAfter: undefined,
        });
        await elapse(3 * POLL);
        honest.close();
        await whenDone(honest.ended);
        this.#denied.clear();
        this.#expectArrived(new Set());
        await this.#expectSound();
    }

    #truth() {
        return this.#liar.reach.of(this.#victim.peer.person);
    }

    /** What the one grants, what the other one keeps for itself, and what it grants back. */
    async #fill(): Promise<void> {
        const { objects, blobs } = this.#liar.peer;
        const random = this.#random;
        const known: Record<keyof Known, string[]> = { objects: [], ids: [], blobs: [], clobs: [] };
        const docs: AnyObject[] = [];
        for (let i = 0; i < this.#options.things; i++) {
            this.#liar.peer.time++;
            const remark = random.once(6) ? randomRemark(random, known) : undefined;
            if (random.once(5))
                known.blobs.push((await blobs.store([random.bytes(random.once(3) ? 150_000 : 9)])).hash);
            else if (random.once(4))
                known.clobs.push((await objects.storeUTF8Clob('ü€𝄞'.repeat(random.int(9) + 1))).hash);
            else if (random.once(2))
                known.objects.push((await objects.storeUnversionedObject(randomNote(random, known))).hash);
            else {
                const at = random.int(DOCS);
                const doc = remark ?? changedDoc(random, docName(at), docs[at], known);
                if (remark === undefined) docs[at] = doc as AnyObject;
                const { hash, idHash } = await objects.storeVersionedObject(doc);
                known.objects.push(hash);
                known.ids.push(idHash);
            }
        }
        const person = [this.#victim.peer.person];
        for (const object of random.some(known.objects, 4))
            await this.#liar.peer.grant({ object, person, mode: 'add' });
        for (const id of known.ids) if (random.once(2)) await this.#liar.peer.grant({ id, person, mode: 'add' });
        const victim = this.#victim.peer;
        this.#secrets = await keepSecrets(random, victim, this.#liar.peer.person);
        const ids = new Set(known.ids);
        for (let i = 0; i < DOCS; i++)
            ids.add(await victim.objects.microdata.idHash(typed({ $type$: 'Doc', id: docName(i) })));
        for (const id of ids) await victim.grant({ id, person: [this.#liar.peer.person], mode: 'add' });
    }

    #lies(): Omit<TamperingOptions, 'poisoned' | 'forged'> {
        const { random, texts } = { random: this.#random, texts: [...this.#liar.disk.objects.keys()] };
        const hashes = [...this.#truth().readable, ...(this.#secrets?.hashes ?? [])];
        return {
            random,
            // One that leads nowhere fits everywhere.
            texts: [...texts.map(hash => this.#liar.text(hash)), ...Array<string>(9).fill(this.#plain)],
            hashes,
            isSilent: this.#options.isSilent,
            closesAfter: this.#options.closesAfter,
            roots: entries => this.#lieAbout(entries as Record<string, unknown>[]),
        };
    }

    #lieAbout(truth: readonly Record<string, unknown>[]): unknown {
        const random = this.#random;
        const entries: unknown[] = [...truth, ...this.#forger.roots];
        for (const root of this.#forger.roots) this.#deny(root as Record<string, unknown>);
        for (let i = 0; i < this.#options.lies; i++) {
            const root = random.pick(truth);
            const hash = random.pick([...this.#liar.disk.objects.keys()]) ?? random.hash();
            const other = {
                ...root,
                ...random.pick([{ hash }, { idHash: hash }, { node: hash }, { dataIdHash: hash }]),
            };
            switch (random.int(6)) {
                case 0:
                    entries.push(random.pick<unknown>([7, null, {}, [], { type: 'x' }, { type: '__proto__', hash }]));
                    break;
                case 1:
                    entries.push({ ...root, hash: '../x', node: '..', idHash: 5, dataIdHash: undefined });
                    break;
                case 2:
                    entries.push(
                        ...Array.from({ length: 60 }, () => ({
                            type: 'unversioned',
                            hash: random.hash(),
                            oneType: 'Note',
                        })),
                    );
                    break;
                case 3:
                    entries.push(...truth);
                    break;
                case 4:
                    // Something true at a wrong place.
                    entries.splice(random.int(entries.length), 0, other);
                    this.#deny(other);
                    break;
                default:
                    if (root === undefined) break;
                    entries[entries.indexOf(root)] = {
                        ...root,
                        oneType: 'Group',
                        dataType: random.pick(['Group', 'Note']),
                    };
                    this.#deny(root);
            }
        }
        return JSON.stringify(entries);
    }

    #deny(root: Readonly<Record<string, unknown>>): void {
        for (const name of ['hash', 'idHash', 'node', 'dataIdHash']) this.#denied.add(String(root[name]));
    }

    /** The liar serves, the victim asks, and the relay is between them. */
    #connect(options: TamperingOptions): ChumSession {
        const { peer: liar } = this.#liar;
        const { peer: victim } = this.#victim;
        const [near, far] = createChannelPair();
        const [relayed, end] = createChannelPair();
        new Exporter(new RequestChannel(near), {
            ...{ objects: liar.objects, blobs: liar.blobs, accessible: liar.accessible, remotePerson: victim.person },
            leaveOutFetched: !this.#options.likeDeployed,
        });
        new TamperingRelay(far, relayed, options);
        const { keepRunning, likeDeployed } = this.#options;
        return victim.chum(end, liar, { keepRunning, likeDeployed, pollInterval: POLL, now: Date.now });
    }

    /** All that is there is true, and complete. */
    async #expectSound(): Promise<void> {
        const { peer, disk, contents, reach } = this.#victim;
        expect((await verifyInstance(peer)).problems).toEqual([]);
        expect(disk.openWriters).toBe(0);
        for (const [hash, bytes] of disk.objects) {
            expect(hashOf(bytes)).toBe(hash);
            const { links, isLocal } = contents.of(hash, bytes);
            if (isLocal || disk.raw.has(hash)) continue;
            for (const { type, hash: to } of links) {
                const isBytes = type === 'blob' || type === 'clob';
                const isHere = isBytes ? disk.has(to) : await peer.objects.has(to);
                if (!isHere) throw new Error(`${hash} is here without its ${type} ${to}: ${this.#victim.text(hash)}`);
            }
        }
        // Deployed importers do not ask for proof.
        if (this.#options.likeDeployed) return;
        for (const secret of this.#secrets?.hashes ?? []) {
            expect(await peer.accessible.has(this.#liar.peer.person, secret)).toBe(false);
            expect(reach.of(this.#liar.peer.person).readable.has(secret)).toBe(false);
        }
    }

    /** What does not lead to anything that was lied about. */
    #expectArrived(poisoned: ReadonlySet<string>): void {
        const { roots } = this.#truth();
        const parsed = [...roots].map(([key, json]) => ({ key, root: JSON.parse(json) as Record<string, string> }));
        // Versions of an ID come together.
        const denied = new Set(this.#denied);
        for (const { key, root } of parsed)
            if (this.#isTouched(key, poisoned)) denied.add(key).add(root['dataIdHash'] ?? key);
        for (const { key, root } of parsed) {
            const names = [key, root['idHash'], root['dataIdHash']];
            if (names.some(name => name !== undefined && (denied.has(name) || this.#isTouched(name, poisoned))))
                continue;
            for (const hash of this.#closure(key))
                if (!this.#victim.disk.has(hash)) throw new Error(`${hash} of ${JSON.stringify(root)} has not arrived`);
            const { dataIdHash } = root;
            if (dataIdHash !== undefined) expect(this.#victim.disk.heads.has(dataIdHash)).toBe(true);
        }
    }

    #isTouched(hash: string, poisoned: ReadonlySet<string>): boolean {
        return [...this.#closure(hash)].some(each => poisoned.has(each));
    }

    #closure(hash: string): Set<string> {
        const closure = new Set([hash]);
        for (const each of closure) {
            const bytes = this.#liar.disk.objects.get(each);
            for (const link of bytes === undefined ? [] : this.#liar.contents.of(each, bytes).links)
                closure.add(link.hash);
        }
        return closure;
    }
}

/** Attempts to find a shorter run that fails as well. */
const SHRINKS = 200;

test('takes nothing from a liar that is not true, and everything that is', async () => {
    const property = fc.asyncProperty(fc.limitShrink(scene, SHRINKS), async options => {
        const scene = await Scene.create(options);
        await scene.run();
    });
    await fc.assert(property, { plugins: [fc.beforeEach(beginVirtualTime), fc.afterEach(endVirtualTime)] });
}, 600_000);

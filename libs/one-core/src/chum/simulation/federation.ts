// For tests: instances that write, grant, meet, lose each other, die and come back, by the steps of a test; and what must be
// true when they have come to rest (spec 40).
import { Microdata, type AnyObject } from '../../microdata/microdata.ts';
import { RecipeRegistry } from '../../recipes/recipe-registry.ts';
import type { ChumOptions, ChumSession } from '../chum-session.ts';
import type { MessageChannel } from '../message-channel.ts';
import { RequestChannel } from '../request-channel.ts';
import { AuditedChannel } from './audited-channel.ts';
import { Checks } from './checks.ts';
import { Contents } from './expected-reach.ts';
import { Instance } from './instance.ts';
import { countedName, docName, DOCS, grownName } from './names.ts';
import { Random } from './random.ts';
import {
    changedDoc,
    countedDoc,
    grownDoc,
    randomNote,
    randomRemark,
    recipes,
    typed,
    type Known,
} from './sample-data.ts';
import { askForEverything } from './spy.ts';
import { elapse } from './virtual-time.ts';
import { Wire } from './wire.ts';

export const actions = [
    'note',
    'doc',
    'count',
    'grow',
    'remark',
    'blob',
    'clob',
    'grantId',
    'grantObject',
    'revoke',
    'group',
    'connect',
    'lose',
    'spy',
    'kill',
    'start',
] as const;

/** Places count modulo the number of instances. */
export interface Step {
    readonly action: (typeof actions)[number];
    readonly at: number;
    readonly to: number;
    /** By which everything else about it is chosen. */
    readonly seed: number;
    /** Milliseconds before it. */
    readonly pause: number;
}

export interface FederationOptions {
    readonly size: number;
    readonly seed: number;
    /** Whether all others meet the first one only. */
    readonly hub: boolean;
}

/** Milliseconds between two looks at a peer. */
const POLL = 3_000;
/** After all disturbances hints have to be enough, where both sides know them. */
const NO_POLL = 3_600_000;
/** Time after which nothing is under way any more. */
const ROUND = 20_000;
/** Rounds after which what still changes will never come to rest. */
const MAX_ROUNDS = 40;

export class Federation {
    readonly problems: string[] = [];
    readonly instances: Instance[] = [];
    /** Messages that were sent. */
    messages = 0;
    readonly #random: Random;
    readonly #hub: boolean;
    readonly #contents: Contents;
    readonly #microdata: Microdata;
    /** Hashes by which BLOBs and CLOBs are referenced, at all instances. */
    readonly #blobs = new Set<string>();
    readonly #clobs = new Set<string>();
    /** ID hashes of what only two instances change. */
    readonly #grown = new Set<string>();
    /** Names of those that were merged as deployed instances do it: of two unrelated versions one is lost (spec 21 §9). */
    readonly #lossy = new Set<string>();
    readonly #granted = new Map<Instance, { readonly object?: string; readonly id?: string }[]>();

    private constructor({ seed, hub }: FederationOptions) {
        this.#random = new Random(seed);
        this.#hub = hub;
        const registry = new RecipeRegistry();
        for (const recipe of recipes) registry.register(recipe);
        this.#microdata = new Microdata(registry);
        this.#contents = new Contents(this.#microdata);
    }

    static async create(options: FederationOptions): Promise<Federation> {
        const federation = new Federation(options);
        for (let i = 0; i < options.size; i++)
            federation.instances.push(await Instance.create(i, federation.#contents, federation.#random));
        return federation;
    }

    async run(steps: readonly Step[]): Promise<void> {
        for (const step of steps) {
            if (step.pause > 0) await elapse(step.pause);
            await this.#do(step);
        }
    }

    /** Ends all disturbances, and waits until nothing happens any more. */
    async heal(): Promise<void> {
        for (const instance of this.instances) await instance.start();
        for (const instance of this.instances) for (const { wire } of instance.sessions) wire.lose();
        await elapse(ROUND);
        for (const [one, other] of this.#pairs()) {
            await this.#shareGrown(one, other);
            await this.#shareGrown(other, one);
            this.#connect(one, other, this.#random, NO_POLL);
        }
        for (let round = 0; round < MAX_ROUNDS; round++) {
            const before = this.#versions();
            await elapse(ROUND);
            if (this.#versions() === before && this.#sessions().every(({ status }) => status.state === 'idle')) return;
        }
        this.problems.push('the instances do not come to rest');
    }

    /** What must be true when they have come to rest. */
    async check(): Promise<void> {
        const { instances } = this;
        const pairs = [...this.#pairs()];
        const resting = { instances, pairs, lossy: this.#lossy, contents: this.#contents, microdata: this.#microdata };
        await new Checks(resting, this.problems).run();
    }

    /** Those that may meet. */
    *#pairs(): Generator<readonly [Instance, Instance]> {
        for (const one of this.instances)
            for (const other of this.instances)
                if (one.index < other.index && (!this.#hub || one.index === 0)) yield [one, other];
    }

    #sessions() {
        return this.instances.flatMap(({ sessions }) => sessions.map(({ session }) => session));
    }

    #versions(): string {
        return this.instances.map(({ disk }) => disk.version).join(' ');
    }

    #at(place: number): Instance {
        const instance = this.instances[place % this.instances.length];
        if (instance === undefined) throw new RangeError('A federation has instances.');
        return instance;
    }

    async #do({ action, at, to, seed }: Step): Promise<void> {
        const instance = this.#at(at);
        const other = this.#at(at + 1 + (to % (this.instances.length - 1)));
        const random = new Random(seed);
        const known = this.#known(instance);
        switch (action) {
            case 'note':
                instance.write(async ({ objects }) => [
                    (await objects.storeUnversionedObject(randomNote(random, known))).hash,
                ]);
                return;
            case 'doc':
                this.#change(instance, docName(random.int(DOCS)), (id, before) =>
                    changedDoc(random, id, before, known),
                );
                return;
            case 'count':
                this.#change(instance, countedName(instance), (id, before) => countedDoc(random, id, before));
                return;
            case 'grow':
                this.#grown.add(await this.#docId(grownName(instance, other)));
                this.#change(instance, grownName(instance, other), (id, before) => grownDoc(random, id, before));
                return;
            case 'remark': {
                const remark = randomRemark(random, known);
                if (remark === undefined) return;
                instance.write(async ({ objects }) => {
                    const { hash, idHash } = await objects.storeVersionedObject(remark);
                    return [hash, idHash];
                });
                return;
            }
            case 'blob': {
                // Some are files; many are the same at several instances.
                const size = random.once(3) ? 70_000 + random.int(150_000) : random.int(9);
                const bytes = new Uint8Array(size).fill(random.int(4));
                instance.write(async ({ blobs }) => this.#note(this.#blobs, (await blobs.store([bytes])).hash));
                return;
            }
            case 'clob': {
                const clob = 'ü€𝄞\n'.repeat(random.once(3) ? 9_000 + random.int(3) : 1 + random.int(3));
                instance.write(async ({ objects }) =>
                    this.#note(this.#clobs, (await objects.storeUTF8Clob(clob)).hash),
                );
                return;
            }
            case 'grantId': {
                const id = await this.#idOf(random, instance, known);
                if (id !== undefined) this.#grant(random, instance, other, { id });
                return;
            }
            case 'grantObject': {
                // What another one has may come here later.
                const object = random.pick(this.#known(random.once(4) ? other : instance).objects);
                if (object !== undefined) this.#grant(random, instance, other, { object });
                return;
            }
            case 'revoke': {
                const target = random.pick(this.#granted.get(instance) ?? []);
                if (target !== undefined)
                    instance.write(async peer => {
                        await peer.grant({ ...target, mode: 'replace' });
                        return [];
                    });
                return;
            }
            case 'group': {
                const name = groupName(random);
                const person = random.some(this.instances, this.instances.length).map(({ person }) => person);
                instance.write(async ({ objects }) => {
                    const { hash } = await objects.storeVersionedObject(typed({ $type$: 'Group', name, person }));
                    return [hash];
                });
                return;
            }
            case 'connect':
                if (this.#mayMeet(instance, other)) this.#connect(instance, other, random);
                return;
            case 'lose':
                random.pick(instance.sessions)?.wire.lose();
                return;
            case 'spy':
                this.#spy(instance, other, random);
                return;
            case 'kill':
                instance.kill();
                return;
            case 'start':
                await instance.start();
        }
    }

    #note(hashes: Set<string>, hash: string): string[] {
        hashes.add(hash);
        return [hash];
    }

    #change(instance: Instance, id: string, next: (id: string, before: AnyObject | undefined) => object): void {
        instance.write(async peer => {
            const idHash = await this.#docId(id);
            const isNew = (await peer.objects.head(idHash)) === undefined;
            const before = isNew ? undefined : (await peer.objects.getObjectByIdHash(idHash)).obj;
            const { hash } = await peer.objects.storeVersionedObject(typed(next(id, before)));
            return [hash, idHash];
        });
    }

    #docId(id: string): Promise<string> {
        return this.#microdata.idHash(typed({ $type$: 'Doc', id }));
    }

    /** What may be granted: never what only two instances change, which others would change as well by merging it. */
    async #idOf(random: Random, instance: Instance, { ids }: Known): Promise<string | undefined> {
        if (random.once(2)) return this.#docId(docName(random.int(DOCS)));
        if (random.once(3)) return random.pick(ids.filter(id => !this.#grown.has(id)));
        return this.#docId(countedName(random.once(3) ? (random.pick(this.instances) ?? instance) : instance));
    }

    #grant(random: Random, instance: Instance, other: Instance, target: { object?: string; id?: string }): void {
        const granted = this.#granted.get(instance) ?? [];
        this.#granted.set(instance, [...granted, target]);
        const name = groupName(random);
        const [toGroup, mode] = [random.once(4), random.once(6) ? 'replace' : 'add'] as const;
        instance.write(async peer => {
            const group = await this.#microdata.idHash(typed({ $type$: 'Group', name, person: [] }));
            await peer.grant({ ...target, ...(toGroup ? { group: [group] } : { person: [other.person] }), mode });
            return [];
        });
    }

    #mayMeet(one: Instance, other: Instance): boolean {
        return !this.#hub || one.index === 0 || other.index === 0;
    }

    #connect(one: Instance, other: Instance, random: Random, pollInterval = POLL): void {
        if (!one.isAlive || !other.isAlive) return;
        const wire = new Wire(this.#random);
        const likeDeployed = [random.once(6), random.once(6)] as const;
        if (likeDeployed.includes(true)) this.#lossy.add(grownName(one, other));
        const ends = [
            { instance: one, remote: other, channel: wire.ends[0], likeDeployed: likeDeployed[0] },
            { instance: other, remote: one, channel: wire.ends[1], likeDeployed: likeDeployed[1] },
        ];
        for (const { instance, remote, channel, likeDeployed: own } of ends)
            this.#session(instance, remote, wire, channel, {
                pollInterval: likeDeployed.includes(true) ? POLL : pollInterval,
                likeDeployed: own,
            });
    }

    #session(
        instance: Instance,
        remote: Instance,
        wire: Wire,
        channel: MessageChannel,
        options: Partial<ChumOptions>,
    ): ChumSession {
        const report = (problem: string): void =>
            void this.problems.push(`${instance.name} to ${remote.name}: ${problem}`);
        const audited = new AuditedChannel(channel, instance.reach, remote.person, report);
        const session = instance.peer.chum(audited, remote.peer, { keepRunning: true, now: Date.now, ...options });
        const running = { session, with: remote, wire };
        instance.sessions.push(running);
        void session.ended.then(() => {
            instance.sessions = instance.sessions.filter(each => each !== running);
            this.messages += session.status.statistics.requestsSentTotal;
        });
        return session;
    }

    #spy(instance: Instance, other: Instance, random: Random): void {
        if (!instance.isAlive) return;
        const wire = new Wire(this.#random);
        const spy = new RequestChannel(wire.ends[1]);
        const session = this.#session(instance, other, wire, wire.ends[0], { noImport: true });
        const secrets = random.some([...instance.disk.objects.keys(), ...instance.disk.blobs], 20);
        void askForEverything(spy, secrets, random)
            .catch(() => undefined)
            .then(() => session.close());
    }

    /** What may be referenced, of what is at an instance. */
    #known({ disk }: Instance): Known {
        const known = { objects: [] as string[], ids: [] as string[], blobs: [] as string[], clobs: [] as string[] };
        for (const [hash, bytes] of disk.objects) {
            const { type, isLocal } = this.#contents.of(hash, bytes);
            if (type === undefined || isLocal || type.startsWith('VersionNode')) continue;
            (type.endsWith(' [ID]') ? known.ids : known.objects).push(hash);
        }
        known.blobs.push(...[...this.#blobs].filter(hash => disk.has(hash)));
        known.clobs.push(...[...this.#clobs].filter(hash => disk.has(hash)));
        return known;
    }

    /** A grant may come before what is granted. */
    async #shareGrown(from: Instance, to: Instance): Promise<void> {
        const id = await this.#docId(grownName(from, to));
        from.write(async peer => {
            await peer.grant({ id, person: [to.person], mode: 'add' });
            return [];
        });
    }
}

function groupName(random: Random): string {
    return random.once(2) ? 'friends' : 'everyone';
}

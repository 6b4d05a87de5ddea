// For tests: an instance of a simulated federation, which dies and lives again with the same store.
import { Sequence } from '../../sequence.ts';
import type { ChumSession } from '../chum-session.ts';
import { TestPeer } from '../test-peer.ts';
import { Disk, MountedDisk } from './disk.ts';
import { ExpectedReach, type Contents } from './expected-reach.ts';
import type { Random } from './random.ts';
import { recipes } from './sample-data.ts';
import { whenDone } from './virtual-time.ts';
import type { Wire } from './wire.ts';

/** Most milliseconds of a commit that is not done at once. */
const MAX_COMMIT = 30;

export interface RunningSession {
    readonly session: ChumSession;
    readonly with: Instance;
    readonly wire: Wire;
}

/** From a start to the death. */
interface Life {
    readonly peer: TestPeer;
    readonly disk: MountedDisk;
    /** One write after the other, so that no two versions have the same time. */
    readonly writes: Sequence;
}

export class Instance {
    readonly index: number;
    readonly name: string;
    readonly disk = new Disk();
    readonly reach: ExpectedReach;
    /** Hashes of what was stored, as the writer was told. */
    readonly acknowledged = new Set<string>();
    sessions: RunningSession[] = [];
    readonly #random: Random;
    #life: Life | undefined;
    #lastPeer: TestPeer | undefined;
    #lastTime = 0;

    private constructor(index: number, contents: Contents, random: Random) {
        this.index = index;
        this.name = `i${index}`;
        this.reach = new ExpectedReach(this.disk, contents);
        this.#random = random;
    }

    static async create(index: number, contents: Contents, random: Random): Promise<Instance> {
        const instance = new Instance(index, contents, random);
        await instance.start();
        return instance;
    }

    get isAlive(): boolean {
        return this.#life !== undefined;
    }

    /** The one of the last life, if it is dead. */
    get peer(): TestPeer {
        if (this.#lastPeer === undefined) throw new Error('The instance was never started.');
        return this.#lastPeer;
    }

    /** ID hash of its person. */
    get person(): string {
        return this.peer.person;
    }

    async start(): Promise<void> {
        if (this.#life !== undefined) return;
        const disk = new MountedDisk(this.disk, () => (this.#random.once(5) ? this.#random.int(MAX_COMMIT) : 0));
        const peer = await whenDone(TestPeer.create(this.name, recipes, disk));
        await whenDone(peer.blobs.recover());
        this.#lastPeer = peer;
        this.#life = { peer, disk, writes: new Sequence() };
    }

    /** What is not committed is lost, and so are its connections. */
    kill(): void {
        if (this.#life === undefined) return;
        this.#life.disk.die();
        this.#life = undefined;
        for (const { wire } of this.sessions) wire.lose();
        this.sessions = [];
    }

    /** Does something at a time of its own; what is told is acknowledged. Nothing comes back if the instance dies meanwhile. */
    write(task: (peer: TestPeer) => Promise<readonly string[]>): void {
        const life = this.#life;
        if (life === undefined) return;
        void life.writes.run(async () => {
            this.#lastTime = Math.max(this.#lastTime + 1, Date.now());
            life.peer.time = this.#lastTime;
            for (const hash of await task(life.peer)) this.acknowledged.add(hash);
        });
    }

    /** Resolves when all writes are done. */
    async written(): Promise<void> {
        await this.#life?.writes.run(() => Promise.resolve());
    }
}

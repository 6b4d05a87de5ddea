import { Accessible } from '../access/accessible.ts';
import { updateAccess } from '../access/access-index.ts';
import { createAccess, type AccessRequest } from '../access/create-access.ts';
import type { Typed } from '../hashes.ts';
import { Microdata } from '../microdata/microdata.ts';
import { Blobs } from '../objects/blobs.ts';
import { ObjectStore } from '../objects/object-store.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';
import { Store } from '../storage/store.ts';
import { ChumSession, type ChumOptions } from './chum-session.ts';
import { createChannelPair } from './memory-channel.ts';
import type { MessageChannel } from './message-channel.ts';

/** Objects, BLOBs and grants of one instance whose clock is set by the test, without keys. */
export class TestPeer {
    time = 1;
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
    readonly accessible: Accessible;
    readonly name: string;
    /** ID hash. */
    person = '';

    private constructor(name: string, recipes: readonly unknown[], backend: StorageBackend) {
        this.name = name;
        const registry = new RecipeRegistry();
        for (const recipe of recipes) registry.register(recipe);
        const onListenerError = (error: unknown): never => {
            throw error;
        };
        this.objects = new ObjectStore({
            store: new Store(backend),
            microdata: new Microdata(registry),
            now: () => this.time,
            onListenerError,
        });
        this.blobs = new Blobs(this.objects);
        this.accessible = new Accessible(this.objects, onListenerError);
        this.objects.derive((objects, changes) =>
            updateAccess(
                objects,
                changes,
                hash => this.blobs.has(hash),
                subjects => this.accessible.emit(subjects),
            ),
        );
    }

    static async create(
        name: string,
        recipes: readonly unknown[] = [],
        backend: StorageBackend = new MemoryBackend(),
    ): Promise<TestPeer> {
        const peer = new TestPeer(name, recipes, backend);
        peer.person = await peer.personId(`${name.toLowerCase()}@test`);
        return peer;
    }

    /** Stores the ID object of a person. */
    async personId(email: string): Promise<string> {
        return (await this.objects.storeIdObject({ $type$: 'Person', email } as Typed)).idHash;
    }

    async grant(request: AccessRequest): Promise<void> {
        await createAccess(this.objects, [request]);
    }

    chum(channel: MessageChannel, remote: TestPeer, options: Partial<ChumOptions> = {}): ChumSession {
        return new ChumSession({
            channel,
            objects: this.objects,
            blobs: this.blobs,
            accessible: this.accessible,
            chumName: 'chum-test',
            localInstanceName: `instance-${this.name}`,
            remoteInstanceName: `instance-${remote.name}`,
            localPerson: this.person,
            remotePerson: remote.person,
            now: () => this.time,
            ...options,
        });
    }
}

/** Sessions of two peers over a connection in memory. */
export function connect(a: TestPeer, b: TestPeer, options: Partial<ChumOptions> = {}): [ChumSession, ChumSession] {
    const [left, right] = createChannelPair();
    return [a.chum(left, b, options), b.chum(right, a, options)];
}

import type { AnyObject } from '../microdata/microdata.ts';
import { Microdata } from '../microdata/microdata.ts';
import type { ObjectEvent } from '../objects/object-events.ts';
import { ObjectStore } from '../objects/object-store.ts';
import { EnabledReverseMaps } from '../objects/reverse-map.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { MemoryBackend } from '../storage/memory/memory-backend.ts';
import { Store } from '../storage/store.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';

/** The objects of one instance whose clock is set by the test. */
export class TestObjects {
    time = 0;
    readonly events: ObjectEvent[] = [];
    readonly backend: StorageBackend;
    readonly microdata: Microdata;
    readonly objects: ObjectStore;

    constructor(
        recipes: readonly unknown[] = [],
        backend: StorageBackend = new MemoryBackend(),
        reverseMaps: EnabledReverseMaps = new EnabledReverseMaps(),
    ) {
        const registry = new RecipeRegistry();
        for (const recipe of recipes) registry.register(recipe);
        this.backend = backend;
        this.microdata = new Microdata(registry);
        this.objects = new ObjectStore({
            store: new Store(this.backend),
            microdata: this.microdata,
            now: () => this.time,
            reverseMaps,
            onListenerError: error => {
                throw error;
            },
        });
        this.objects.events.listen(event => this.events.push(event));
    }

    /** The current version node of an ID as the vectors have it; null for none. */
    async head(idHash: string): Promise<Record<string, unknown> | null> {
        const head = await this.objects.headNode(idHash);
        if (head === undefined) return null;
        const { nodes, ...node } = head.node as unknown as AnyObject;
        return { ...node, hash: head.hash, ...(nodes instanceof Set && { nodes: [...(nodes as Set<string>)] }) };
    }
}

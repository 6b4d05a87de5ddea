import { hashText } from '../crypto/hash.ts';
import type { SHA256Hash, SHA256IdHash, Typed } from '../hashes.ts';
import type { Microdata } from '../microdata/microdata.ts';
import type { VersionNodeEdge } from '../recipes/core-recipes.ts';
import type { StorageBackend, Write } from '../storage/storage-backend.ts';
import { appendToReverseMap, decodeReverseMap, reverseMapName } from './reverse-map.ts';

const utf8 = new TextEncoder();

/**
 * Collects the writes of new objects, so that a whole identity is stored in one commit. What exists already is left as it
 * is, so that an interrupted creation is completed.
 */
export class ObjectWrites {
    readonly #storage: Pick<StorageBackend, 'get'>;
    readonly #microdata: Microdata;
    readonly #writes = new Map<string, Write>();

    constructor(storage: Pick<StorageBackend, 'get'>, microdata: Microdata) {
        this.#storage = storage;
        this.#microdata = microdata;
    }

    get writes(): readonly Write[] {
        return [...this.#writes.values()];
    }

    add(...writes: readonly Write[]): void {
        for (const write of writes) this.#writes.set(`${write.space}/${write.key}`, write);
    }

    /** Stores an object under its hash; its version graph is not touched. */
    async object<T extends Typed>(object: T): Promise<SHA256Hash<T>> {
        return this.#text<T>(this.#microdata.write(object));
    }

    /** Stores the ID object of a versioned object under its ID hash. */
    async idObject<T extends Typed>(object: T): Promise<SHA256IdHash<T>> {
        return (await this.#text<T>(this.#microdata.writeId(object))) as string as SHA256IdHash<T>;
    }

    /** Stores the first version of a versioned object: ID object, object, version node and head (spec 20 §6, §7). */
    async versioned<T extends Typed>(
        object: T,
        creationTime: number,
    ): Promise<{ hash: SHA256Hash<T>; idHash: SHA256IdHash<T>; exists: boolean }> {
        const idHash = await this.idObject(object);
        const hash = await this.object(object);
        if ((await this.#get('vheads', idHash)) !== undefined) return { hash, idHash, exists: true };
        const node = { $type$: 'VersionNodeEdge', data: hash, depth: 0, creationTime } satisfies VersionNodeEdge;
        const head = await this.object(node);
        this.add({ type: 'put', space: 'vheads', key: idHash, value: utf8.encode(head) });
        return { hash, idHash, exists: false };
    }

    /** Notes that `entry` links to `target`. */
    async link(target: string, kind: 'Object' | 'IdObject', type: string, entry: string): Promise<void> {
        const key = reverseMapName(target, kind, type);
        const content = await this.#get('rmaps', key);
        const value = appendToReverseMap(content, decodeReverseMap(key, content), entry);
        if (value !== content) this.add({ type: 'put', space: 'rmaps', key, value });
    }

    async #text<T>(text: string): Promise<SHA256Hash<T>> {
        const hash = await hashText<T>(text);
        if ((await this.#get('objects', hash)) === undefined)
            this.add({ type: 'put', space: 'objects', key: hash, value: utf8.encode(text) });
        return hash;
    }

    /** What the store will hold after the commit. */
    async #get(space: Write['space'], key: string): Promise<Uint8Array | undefined> {
        const write = this.#writes.get(`${space}/${key}`);
        if (write === undefined) return this.#storage.get(space, key);
        return write.type === 'delete' ? undefined : write.value;
    }
}

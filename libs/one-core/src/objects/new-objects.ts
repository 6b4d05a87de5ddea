import { ensureHash, type SHA256Hash, type SHA256IdHash, type Typed } from '../hashes.ts';
import type { Microdata } from '../microdata/microdata.ts';
import type { VersionNodeEdge } from '../recipes/core-recipes.ts';
import type { Transaction } from '../storage/store.ts';
import { appendToReverseMap, decodeReverseMap, reverseMapName } from './reverse-map.ts';
import { hashed, readHead, storeText, writeHead } from './stored-text.ts';

/**
 * Stores the objects of a new identity in a transaction. What exists already is left as it is, so that an interrupted
 * creation is completed.
 */
export class NewObjects {
    readonly #transaction: Transaction;
    readonly #microdata: Microdata;

    constructor(transaction: Transaction, microdata: Microdata) {
        this.#transaction = transaction;
        this.#microdata = microdata;
    }

    /** Stores an object under its hash; its version graph is not touched. */
    object<T extends Typed>(object: T): Promise<SHA256Hash<T>> {
        return this.#store<T>(this.#microdata.write(object));
    }

    /** Stores the ID object of a versioned object under its ID hash. */
    async idObject<T extends Typed>(object: T): Promise<SHA256IdHash<T>> {
        return (await this.#store<T>(this.#microdata.writeId(object))) as string as SHA256IdHash<T>;
    }

    /** Stores the first version of a versioned object: ID object, object, version node and head (spec 20 §6, §7). */
    async versioned<T extends Typed>(
        object: T,
        creationTime: number,
    ): Promise<{ hash: SHA256Hash<T>; idHash: SHA256IdHash<T> }> {
        const idHash = await this.idObject(object);
        const hash = await this.object(object);
        if ((await readHead(this.#transaction, idHash)) === undefined) {
            const node = { $type$: 'VersionNodeEdge', data: hash, depth: 0, creationTime } satisfies VersionNodeEdge;
            writeHead(this.#transaction, idHash, await this.object(node));
        }
        return { hash, idHash };
    }

    /** Notes that `entry` links to `target`. */
    async link(target: string, kind: 'Object' | 'IdObject', type: string, entry: string): Promise<void> {
        const key = reverseMapName(target, kind, type);
        const entries = decodeReverseMap(key, await this.#transaction.get('rmaps', key));
        if (!entries.includes(entry)) this.#transaction.put('rmaps', key, appendToReverseMap(entries, entry));
    }

    async #store<T>(microdata: string): Promise<SHA256Hash<T>> {
        const text = await hashed(microdata);
        await storeText(this.#transaction, text);
        return ensureHash<T>(text.hash);
    }
}

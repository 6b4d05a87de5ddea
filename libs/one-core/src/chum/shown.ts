import { decodeHashes, encodeHashes } from '../hash-list.ts';
import { MAX_SHOWN_BY } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import type { Transaction } from '../storage/store.ts';
import { HashFilter } from './hash-filter.ts';

/** An object with everything that it leads to, or bytes alone: those of an object may name what the person does not have. */
export type ShownAs = 'object' | 'bytes';

const keyOf = (as: ShownAs, hash: string): string => `${as === 'object' ? 'shown' : 'shownBytes'}.${hash}`;

/**
 * What a person has shown to have, by sending it: only this, and what it may read here anyway, may be part of what it sends
 * later. Kept with the objects, so that it is sent once and not once per connection.
 *
 *   state/shown.<hash>         ID hashes of the persons that have sent it as an object or ID object, and shown what it leads to
 *   state/shownBytes.<hash>    the same, as a BLOB or CLOB
 */
export class Shown {
    readonly #objects: ObjectStore;
    readonly #person: string;
    /** On this connection. */
    readonly #now = { object: new HashFilter(), bytes: new HashFilter() };
    /** Keys that are not stored yet. */
    #fresh = new Set<string>();

    constructor(objects: ObjectStore, person: string) {
        this.#objects = objects;
        this.#person = person;
    }

    add(hash: string, as: ShownAs): void {
        if (this.#now[as].has(hash)) return;
        this.#now[as].add(hash);
        this.#fresh.add(keyOf(as, hash));
    }

    async has(hash: string, as: ShownAs): Promise<boolean> {
        if (this.#now[as].has(hash)) return true;
        return decodeHashes(await this.#objects.store.get('state', keyOf(as, hash))).includes(this.#person);
    }

    /** Runs a transaction that also keeps what was added before; what it does not store, another one will. */
    async storeWith<T>(transact: (store: (transaction: Transaction) => Promise<void>) => Promise<T>): Promise<T> {
        const fresh = this.#fresh;
        this.#fresh = new Set();
        try {
            return await transact(transaction => this.#store(transaction, fresh));
        } catch (error) {
            for (const key of fresh) this.#fresh.add(key);
            throw error;
        }
    }

    async #store(transaction: Transaction, keys: ReadonlySet<string>): Promise<void> {
        for (const key of keys) {
            const persons = decodeHashes(await transaction.get('state', key));
            if (persons.includes(this.#person)) continue;
            // Who finds no room shows it again on the next connection.
            if (persons.length < MAX_SHOWN_BY) transaction.put('state', key, encodeHashes([...persons, this.#person]));
        }
    }
}

/** ID hashes of the persons that have sent an object: the first ones. None for what was made here. */
export async function shownBy(reader: Pick<StorageReader, 'get'>, hash: string): Promise<readonly string[]> {
    return decodeHashes(await reader.get('state', keyOf('object', hash)));
}

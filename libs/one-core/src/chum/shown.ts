import { decodeHashes, encodeHashes } from '../hash-list.ts';
import { MAX_SHOWN_BY } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Transaction } from '../storage/store.ts';
import { HashFilter } from './hash-filter.ts';

const shownKey = (hash: string): string => `shown.${hash}`;

/**
 * What a person has shown to have, by sending it: only this, and what it may read here anyway, may be part of what it sends
 * later. Kept with the objects, so that it is sent once and not once per connection.
 *
 *   state/shown.<hash>    ID hashes of the persons that have sent it
 */
export class Shown {
    readonly #objects: ObjectStore;
    readonly #person: string;
    /** On this connection. */
    readonly #now = new HashFilter();
    /** Not stored yet. */
    #fresh = new Set<string>();

    constructor(objects: ObjectStore, person: string) {
        this.#objects = objects;
        this.#person = person;
    }

    add(hash: string): void {
        if (this.#now.has(hash)) return;
        this.#now.add(hash);
        this.#fresh.add(hash);
    }

    async has(hash: string): Promise<boolean> {
        if (this.#now.has(hash)) return true;
        return decodeHashes(await this.#objects.store.get('state', shownKey(hash))).includes(this.#person);
    }

    /** Keeps what was added since. */
    async store(transaction: Transaction): Promise<void> {
        const fresh = this.#fresh;
        this.#fresh = new Set();
        for (const hash of fresh) {
            const persons = decodeHashes(await transaction.get('state', shownKey(hash)));
            if (persons.includes(this.#person)) continue;
            // Who finds no room shows it again on the next connection.
            if (persons.length < MAX_SHOWN_BY)
                transaction.put('state', shownKey(hash), encodeHashes([...persons, this.#person]));
        }
    }
}

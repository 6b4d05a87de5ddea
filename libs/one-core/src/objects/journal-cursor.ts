// How far a consumer of the journal has come:
//
//   state/cursor.<name>    "<epoch> <number> <records>": behind the entry of this number, and so many records of the next one
import { ensureStorageKey, type StorageReader } from '../storage/storage-backend.ts';
import type { Transaction } from '../storage/store.ts';
import type { JournalPosition } from './journal-parts.ts';

export interface CursorPosition extends JournalPosition {
    /** Empty before the store has one. */
    readonly epoch: string;
}

const FORM = /^([0-9a-f]*) (\d{1,15}) (\d{1,15})$/;

/** The cursor of a name. */
export class JournalCursor {
    readonly #key: string;

    /** @throws InvalidStorageKeyError */
    constructor(name: string) {
        this.#key = ensureStorageKey('state', `cursor.${name}`);
    }

    /** Undefined also if it is damaged: then it says nothing. */
    async read(reader: Pick<StorageReader, 'get'>): Promise<CursorPosition | undefined> {
        const value = new TextDecoder().decode(await reader.get('state', this.#key));
        const [, epoch, number, records] = FORM.exec(value) ?? [];
        return epoch === undefined ? undefined : { epoch, number: Number(number), records: Number(records) };
    }

    write(transaction: Transaction, { epoch, number, records }: CursorPosition): void {
        transaction.put('state', this.#key, new TextEncoder().encode(`${epoch} ${number} ${records}`));
    }

    remove(transaction: Transaction): void {
        transaction.delete('state', this.#key);
    }
}

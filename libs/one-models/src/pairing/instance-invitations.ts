import type { OneInstance } from '@refinio/one.core';
import { BookInvitations, type InvitationStoreOptions } from './book-invitations.ts';
import { InvitationBook } from './invitation-book.ts';
import { readInvitations, writeInvitations } from './invitations-text.ts';

/** One value for all: a person has a handful, and a thousand are half a megabyte. */
const KEY = 'invitations';

/**
 * Invitations in the store of an instance: durable before a call resolves, and void in another epoch of its journal. Any number
 * of these may work on one instance.
 */
export class InstanceInvitations extends BookInvitations {
    readonly #one: OneInstance;

    /** @param options by default with the clock of the instance */
    constructor(one: OneInstance, options: InvitationStoreOptions = {}) {
        super({ now: one.objects.now, ...options });
        this.#one = one;
    }

    protected override transact<T>(task: (book: InvitationBook) => T): Promise<T> {
        return this.#one.objects.transact(async ({ transaction }) => {
            const epoch = await this.#one.epoch();
            const text = new TextDecoder().decode(await transaction.get('state', KEY));
            const book = new InvitationBook(this.limits, readInvitations(text, epoch));
            const result = task(book);
            if (book.isChanged)
                transaction.put('state', KEY, new TextEncoder().encode(writeInvitations(epoch, book.kept)));
            return result;
        });
    }
}

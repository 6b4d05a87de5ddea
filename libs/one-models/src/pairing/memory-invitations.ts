import { BookInvitations, type InvitationStoreOptions } from './book-invitations.ts';
import { InvitationBook } from './invitation-book.ts';

/** Invitations that end with the process, as those of deployed instances do. */
export class MemoryInvitations extends BookInvitations {
    readonly #book: InvitationBook;

    constructor(options: InvitationStoreOptions = {}) {
        super(options);
        this.#book = new InvitationBook(this.limits);
    }

    protected override transact<T>(task: (book: InvitationBook) => T): Promise<T> {
        return new Promise(resolve => resolve(task(this.#book)));
    }
}

import { hashText, uint8ArrayToHex } from '@refinio/one.core';
import { systemRandom, type Random } from '../connections/random.ts';
import type { Circumstances, InvitationBook } from './invitation-book.ts';
import { INVITATION_LIMITS, type InvitationLimits } from './invitation-limits.ts';
import type { InvitationClaim, InvitationState, InvitationStore, InvitationTerms } from './invitation-store.ts';

export interface InvitationStoreOptions {
    /** Milliseconds since 1970; default: the clock. */
    readonly now?: () => number;
    /** Of IDs; default: of the system. */
    readonly random?: Random;
    readonly limits?: Partial<InvitationLimits>;
}

/** Bytes: short enough to be typed, and no two of one instance are the same. */
const ID_LENGTH = 8;

/** A store that hands out its book to one call at a time. */
export abstract class BookInvitations implements InvitationStore {
    protected readonly limits: InvitationLimits;
    readonly #now: () => number;
    readonly #random: Random;

    constructor({ now = Date.now, random = systemRandom, limits }: InvitationStoreOptions) {
        this.limits = { ...INVITATION_LIMITS, ...limits };
        this.#now = now;
        this.#random = random;
    }

    /** Runs the task alone; what it has changed is kept when this resolves. */
    protected abstract transact<T>(task: (book: InvitationBook) => T): Promise<T>;

    async add(token: string, terms: InvitationTerms): Promise<InvitationState> {
        const tokenHash = await hashText(token);
        return this.#run((book, circumstances) => book.add(tokenHash, terms, circumstances));
    }

    async claim(token: string): Promise<InvitationClaim> {
        const tokenHash = await hashText(token);
        return this.#run((book, circumstances) => book.claim(tokenHash, circumstances));
    }

    renew(claim: InvitationClaim): Promise<void> {
        return this.#run((book, circumstances) => book.renew(claim, circumstances));
    }

    complete(claim: InvitationClaim): Promise<void> {
        return this.#run((book, circumstances) => book.complete(claim, circumstances));
    }

    release(claim: InvitationClaim): Promise<void> {
        return this.#run(book => book.release(claim));
    }

    list(): Promise<InvitationState[]> {
        return this.#run((book, circumstances) => book.list(circumstances));
    }

    revoke(id: string): Promise<boolean> {
        return this.#run((book, circumstances) => book.revoke(id, circumstances));
    }

    revokeAll(): Promise<void> {
        return this.#run(book => book.revokeAll());
    }

    #run<T>(task: (book: InvitationBook, circumstances: Circumstances) => T): Promise<T> {
        const newId = (): string => uint8ArrayToHex(this.#random(ID_LENGTH));
        return this.transact(book => task(book, { now: Math.floor(this.#now()), newId }));
    }
}

// Of several connections for the same two keys and the same purpose, one is used (spec 50 §9.3). When a further one is set up, and the
// active one
//
//   is none, or closed               it becomes active
//   is at least 2 000 ms old         it becomes active, and the old one is closed
//   was opened by the same side      it is closed
//   was opened by the other side     it is kept silent for 1 000 ms at most, and becomes active when the active one is closed by the
//                                    peer, or when the peer uses it and its initiator has the smaller key
//
// The last rule is for two sides that dial each other at the same time, each of which would otherwise drop what the other has kept.
// Deployed peers close one of the two by themselves.
import type { Timer } from '@refinio/one.core';
import { DUPLICATE_MS, KEPT_DUPLICATE_MS } from '../../limits.ts';
import type { Connection } from '../connection.ts';

/** A connection that is set up, but for who is on the other side. */
export interface Candidate {
    readonly connection: Connection;
    /** Of the route that it came from. */
    readonly routeId: string;
    /** Whether this side has opened it. */
    readonly isInitiator: boolean;
}

export interface ActiveConnectionOptions {
    readonly timer: Timer;
    /** Milliseconds, of any beginning. */
    readonly now: () => number;
    /** Whether the key of this side is smaller than that of the peer. */
    readonly hasSmallerKey: boolean;
    /** The active one has ended, and there is no other. */
    readonly onIdle: (ended: Candidate, ms: number) => void;
}

const DROPPED = 'Duplicate connection - dropped new connection';
const REPLACED = 'New connection replaced old one';

export class ActiveConnection {
    readonly #options: ActiveConnectionOptions;
    #active: (Candidate & { readonly since: number }) | undefined;
    #kept: { readonly adopt: () => void; readonly drop: () => void } | undefined;

    constructor(options: ActiveConnectionOptions) {
        this.#options = options;
    }

    get current(): Candidate | undefined {
        return this.#active;
    }

    /** At the moment when `sync` was sent or has come. @returns whether it is the active one now; if not, it is closed */
    async admit(candidate: Candidate): Promise<boolean> {
        const active = this.#active;
        if (active === undefined) return this.#activate(candidate);
        if (candidate.connection.state === 'closed') return false;
        if (this.#options.now() - active.since >= DUPLICATE_MS) {
            this.#activate(candidate);
            active.connection.close(REPLACED);
            return true;
        }
        if (active.isInitiator !== candidate.isInitiator && this.#kept === undefined)
            return this.#keep(active, candidate);
        candidate.connection.close(DROPPED);
        return false;
    }

    /** Closes both, the one that is kept and the active one. @param routeId only one that came from this route */
    close(reason: string, routeId?: string): void {
        // Otherwise it would take the place of the active one.
        this.#kept?.drop();
        const active = this.#active;
        if (routeId === undefined || active?.routeId === routeId) active?.connection.close(reason);
    }

    /** Of one that is closed already, the end is told as of any other. */
    #activate(candidate: Candidate): boolean {
        const since = this.#options.now();
        this.#active = { ...candidate, since };
        void candidate.connection.closed.then(() => {
            if (this.#active?.connection !== candidate.connection) return;
            this.#active = undefined;
            if (this.#kept !== undefined) this.#kept.adopt();
            else this.#options.onIdle(candidate, this.#options.now() - since);
        });
        return candidate.connection.state === 'open';
    }

    #keep(active: Candidate, candidate: Candidate): Promise<boolean> {
        const { timer, hasSmallerKey } = this.#options;
        const { promise, resolve } = Promise.withResolvers<boolean>();
        const decide = (isAdopted: boolean): void => {
            if (this.#kept !== kept) return;
            this.#kept = undefined;
            cancel();
            if (isAdopted) this.#activate(candidate);
            else candidate.connection.close(DROPPED);
            resolve(isAdopted);
        };
        const kept = { adopt: () => decide(true), drop: () => decide(false) };
        this.#kept = kept;
        const cancel = timer(() => decide(false), KEPT_DUPLICATE_MS);
        void candidate.connection.closed.then(() => decide(false));
        void candidate.connection.whenQueued().then(() => {
            if (candidate.isInitiator !== hasSmallerKey || this.#kept !== kept) return;
            decide(true);
            active.connection.close(DROPPED);
        });
        return promise;
    }
}

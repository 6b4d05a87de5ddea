import { Waiter, type Timer } from '@refinio/one.core';
import { DIAL_DELAYS_MS, DIAL_JITTER } from '../../limits.ts';
import type { Connection } from '../connection.ts';

export interface OutgoingRouteOptions {
    /** Opens a connection, and sets it up as far as the group. What fails leaves nothing open. */
    readonly connect: () => Promise<Connection>;
    readonly onConnection: (connection: Connection) => void;
    /** Told why an attempt has failed; another one follows. */
    readonly onError: (error: unknown) => void;
    readonly timer: Timer;
    /** From [0, 1). */
    readonly random: () => number;
}

interface Run {
    readonly waiter: Waiter;
    isWaiting: boolean;
    /** No further attempt follows the one that is under way. */
    isLast: boolean;
}

/**
 * Dials from `start` on until a connection is there (spec 50 §9.2), waiting longer and longer between attempts. A peer that refuses the
 * group counts as one that was not reached: it may know this instance later.
 */
export class OutgoingRoute {
    readonly direction = 'outgoing';
    isEnabled = false;
    readonly id: string;
    readonly #options: OutgoingRouteOptions;
    /** Of the attempts under way; another one after each start, so that those that were stopped notice. */
    #run: Run | undefined;

    constructor(id: string, options: OutgoingRouteOptions) {
        this.id = id;
        this.#options = options;
    }

    /** Does nothing while it dials. */
    start(): void {
        if (this.#run !== undefined) {
            this.#run.isLast = false;
            return;
        }
        const run = (this.#run = { waiter: new Waiter(this.#options.timer), isWaiting: false, isLast: false });
        void this.#dial(run);
    }

    /** What is under way is given up; its connection is closed when it comes. */
    stop(): void {
        this.#run?.waiter.wake();
        this.#run = undefined;
    }

    /** Makes no further attempts; one that is under way goes on. */
    rest(): void {
        if (this.#run?.isWaiting === true) this.stop();
        else if (this.#run !== undefined) this.#run.isLast = true;
    }

    /** The next attempt is made now. */
    hurry(): void {
        this.#run?.waiter.wake();
    }

    async #dial(run: Run): Promise<void> {
        const { connect, onConnection, onError } = this.#options;
        const isStopped = (): boolean => this.#run !== run;
        for (let attempt = 0; !isStopped(); attempt++) {
            try {
                const connection = await connect();
                if (isStopped()) connection.close('Stopped by user');
                else {
                    this.#run = undefined;
                    onConnection(connection);
                }
            } catch (error) {
                if (!isStopped()) onError(error);
            }
            if (isStopped()) return;
            if (run.isLast) {
                this.#run = undefined;
                return;
            }
            run.isWaiting = true;
            await run.waiter.wait(this.#delay(attempt));
            run.isWaiting = false;
        }
    }

    #delay(attempt: number): number {
        const ms = DIAL_DELAYS_MS[Math.min(attempt, DIAL_DELAYS_MS.length - 1)] ?? 0;
        return ms * (1 + DIAL_JITTER * this.#options.random());
    }
}

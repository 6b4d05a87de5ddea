import { MAX_RATE_NAMES } from '../limits.ts';

/** So many at once, and in the long run so many a minute. */
export interface Rate {
    readonly burst: number;
    readonly perMinute: number;
}

/**
 * How often something may happen, for each of many names (generic cell rate algorithm: one number a name, no timers).
 *
 *   1. A name is kept only as long as it has less than its whole burst: memory depends on who was here just now.
 *   2. Of more names than `maxNames`, the one that was counted longest ago starts anew.
 */
export class RateTable {
    readonly #intervalMs: number;
    /** How far ahead of the clock a name may be, and still be counted. */
    readonly #aheadMs: number;
    readonly #maxNames: number;
    readonly #now: () => number;
    /** When a name has its whole burst again; in the order of counting. */
    readonly #wholeAt = new Map<string, number>();

    /** @param now milliseconds, monotonic */
    constructor({ burst, perMinute }: Rate, { maxNames = MAX_RATE_NAMES, now = () => performance.now() } = {}) {
        this.#intervalMs = 60_000 / perMinute;
        this.#aheadMs = (burst - 1) * this.#intervalMs;
        this.#maxNames = maxNames;
        this.#now = now;
    }

    /** Names that are kept. */
    get size(): number {
        return this.#wholeAt.size;
    }

    /** Whether it may happen now. */
    allows(name: string): boolean {
        return (this.#wholeAt.get(name) ?? 0) - this.#now() <= this.#aheadMs;
    }

    /** Counts, if it may happen now. @returns whether it may */
    take(name: string): boolean {
        if (!this.allows(name)) return false;
        const now = this.#now();
        const wholeAt = Math.max(this.#wholeAt.get(name) ?? 0, now) + this.#intervalMs;
        this.#wholeAt.delete(name);
        this.#forget(now);
        this.#wholeAt.set(name, wholeAt);
        return true;
    }

    /** Those at the beginning that are whole again, and one more where there is no room. */
    #forget(now: number): void {
        for (const [name, wholeAt] of this.#wholeAt) {
            if (wholeAt > now && this.#wholeAt.size < this.#maxNames) return;
            this.#wholeAt.delete(name);
        }
    }
}

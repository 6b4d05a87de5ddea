import { CRASH_WINDOW_MS, MAX_CRASHES, RESTART_MS } from './limits.ts';

/** `EX_CONFIG`: the configuration has mistakes, so the same start fails again. */
const EXIT_CONFIG = 78;

/** What to do about a service that ended without having been asked to. */
export type CrashDecision =
    { readonly type: 'restart'; readonly afterMs: number } | { readonly type: 'give-up'; readonly because: string };

/**
 * Decides about the crashes of one service:
 * 1. wrong configuration: give up;
 * 2. more than five crashes within a minute: give up;
 * 3. else restart after 1, 2, 4, 8 or 16 s; a minute without a crash starts again at 1 s.
 */
export class CrashRule {
    readonly #now: () => number;
    #crashes: number[] = [];

    constructor(now: () => number = () => performance.now()) {
        this.#now = now;
    }

    crashed(exitCode: number | null): CrashDecision {
        if (exitCode === EXIT_CONFIG) return { type: 'give-up', because: 'its configuration has to be mended first' };
        const now = this.#now();
        this.#crashes = [...this.#crashes.filter(at => now - at < CRASH_WINDOW_MS), now];
        if (this.#crashes.length > MAX_CRASHES) {
            return { type: 'give-up', because: `it crashed ${this.#crashes.length} times within a minute` };
        }
        return { type: 'restart', afterMs: RESTART_MS * 2 ** (this.#crashes.length - 1) };
    }
}

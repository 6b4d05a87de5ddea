import { QUIET_FACTOR } from '../limits.ts';

/**
 * Acts on what happens when nothing more has happened for a time; but if it goes on and on, `QUIET_FACTOR` such times after
 * the first.
 */
export class QuietTime {
    readonly #ms: number;
    readonly #act: () => void;
    #quiet: ReturnType<typeof setTimeout> | undefined;
    #last: ReturnType<typeof setTimeout> | undefined;

    /** @param ms milliseconds; 0: it acts at once */
    constructor(ms: number, act: () => void) {
        this.#ms = ms;
        this.#act = act;
    }

    happened(): void {
        if (this.#ms === 0) {
            this.#act();
            return;
        }
        const act = (): void => {
            this.end();
            this.#act();
        };
        clearTimeout(this.#quiet);
        this.#quiet = setTimeout(act, this.#ms);
        this.#last ??= setTimeout(act, this.#ms * QUIET_FACTOR);
    }

    /** What has happened is looked after. */
    end(): void {
        clearTimeout(this.#quiet);
        clearTimeout(this.#last);
        this.#quiet = this.#last = undefined;
    }
}

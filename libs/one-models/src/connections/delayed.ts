import { systemTimer, type Timer } from '@refinio/one.core';

/** Does something a while after it was asked for; what is asked for meanwhile is the same. */
export class Delayed {
    readonly #ms: number;
    readonly #timer: Timer;
    readonly #action: () => void;
    #cancel: (() => void) | undefined;

    constructor(ms: number, timer: Timer = systemTimer, action: () => void) {
        this.#ms = ms;
        this.#timer = timer;
        this.#action = action;
    }

    ask(): void {
        this.#cancel ??= this.#timer(() => {
            this.#cancel = undefined;
            this.#action();
        }, this.#ms);
    }

    cancel(): void {
        this.#cancel?.();
        this.#cancel = undefined;
    }
}

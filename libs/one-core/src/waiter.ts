/** Calls back once after so many milliseconds. @returns prevents that */
export type Timer = (callback: () => void, ms: number) => () => void;

export const systemTimer: Timer = (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
};

/** Waits for a time, or until it is woken; if it was woken while nobody waited, not at all. */
export class Waiter {
    #woken = false;
    #stop: (() => void) | undefined;
    readonly #timer: Timer;

    constructor(timer: Timer = systemTimer) {
        this.#timer = timer;
    }

    /** Resolves after so many milliseconds at the latest. */
    async wait(ms: number): Promise<void> {
        if (!this.#woken)
            await new Promise<void>(resolve => {
                const cancel = this.#timer(resolve, ms);
                this.#stop = () => {
                    cancel();
                    resolve();
                };
            });
        this.#stop = undefined;
        this.#woken = false;
    }

    wake(): void {
        this.#woken = true;
        this.#stop?.();
    }
}

export interface RefresherOptions<T> {
    readonly refresh: (item: T) => Promise<void>;
    readonly refreshAll: () => Promise<void>;
    readonly onError: (error: unknown) => void;
}

/** Refreshes one thing after the other; what is asked for several times meanwhile is done once, and everything contains each thing. */
export class Refresher<T> {
    readonly #options: RefresherOptions<T>;
    readonly #waiting = new Set<T>();
    #isAllWaiting = false;
    #running: Promise<void> | undefined;
    #isStopped = false;

    constructor(options: RefresherOptions<T>) {
        this.#options = options;
    }

    /** @param item undefined: everything */
    add(item: T | undefined): void {
        if (this.#isStopped) return;
        if (item === undefined) this.#isAllWaiting = true;
        else this.#waiting.add(item);
        this.#running ??= this.#run().finally(() => (this.#running = undefined));
    }

    /** Resolves when nothing waits. */
    async settled(): Promise<void> {
        while (this.#running !== undefined) await this.#running;
    }

    /** What waits is not done any more. */
    async stop(): Promise<void> {
        this.#isStopped = true;
        await this.#running;
    }

    async #run(): Promise<void> {
        // Events come in bursts; and nothing happens while the one who tells of them is not done.
        await Promise.resolve();
        while (!this.#isStopped) {
            const task = this.#next();
            if (task === undefined) return;
            try {
                await task();
            } catch (error) {
                this.#options.onError(error);
            }
        }
    }

    #next(): (() => Promise<void>) | undefined {
        if (this.#isAllWaiting) {
            this.#isAllWaiting = false;
            this.#waiting.clear();
            return this.#options.refreshAll;
        }
        for (const item of this.#waiting) {
            this.#waiting.delete(item);
            return () => this.#options.refresh(item);
        }
        return undefined;
    }
}

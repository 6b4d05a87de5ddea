import { systemTimer, type Timer } from '@refinio/one.core';
import { REFRESH_RETRY_MS } from '../limits.ts';

export interface RefresherOptions<T> {
    readonly refresh: (item: T) => Promise<void>;
    readonly refreshAll: () => Promise<void>;
    /** Told of what has failed; it is tried again. */
    readonly onError: (error: unknown) => void;
    readonly timer?: Timer | undefined;
}

/** Refreshes one thing after the other; what is asked for several times meanwhile is done once, and everything contains each thing. */
export class Refresher<T> {
    readonly #options: RefresherOptions<T>;
    readonly #waiting = new Set<T>();
    #isAllWaiting = false;
    #running: Promise<void> | undefined;
    #cancelRetry: (() => void) | undefined;
    #isStopped = false;

    constructor(options: RefresherOptions<T>) {
        this.#options = options;
    }

    /** Everything. @throws what it throws, instead of trying again */
    first(): Promise<void> {
        const first = this.#options.refreshAll();
        // What is asked for meanwhile comes after it.
        this.#running = first.then(
            () => this.#run(),
            () => (this.#running = undefined),
        );
        return first;
    }

    /** @param item undefined: everything */
    add(item: T | undefined): void {
        if (this.#isStopped) return;
        if (item === undefined) this.#isAllWaiting = true;
        else this.#waiting.add(item);
        this.#running ??= this.#run();
    }

    /** Resolves when nothing waits but for its next attempt. */
    async settled(): Promise<void> {
        while (this.#running !== undefined) await this.#running;
    }

    /** What waits is not done any more. */
    async stop(): Promise<void> {
        this.#isStopped = true;
        this.#cancelRetry?.();
        await this.#running?.catch(() => undefined);
    }

    async #run(): Promise<void> {
        // Events come in bursts; and nothing happens while the one who tells of them is not done.
        await Promise.resolve();
        for (let task = this.#next(); task !== undefined; task = this.#next())
            try {
                await task.run();
            } catch (error) {
                this.#retry(task.item);
                this.#options.onError(error);
            }
        // In the same instant in which nothing was found: what is added from now on begins anew.
        this.#running = undefined;
    }

    #next(): { readonly item: T | undefined; readonly run: () => Promise<void> } | undefined {
        if (this.#isStopped) return undefined;
        if (this.#isAllWaiting) {
            this.#isAllWaiting = false;
            this.#waiting.clear();
            return { item: undefined, run: this.#options.refreshAll };
        }
        for (const item of this.#waiting) {
            this.#waiting.delete(item);
            return { item, run: () => this.#options.refresh(item) };
        }
        return undefined;
    }

    /** Of several failures, one attempt at everything. */
    #retry(item: T | undefined): void {
        const isFirst = this.#cancelRetry === undefined;
        this.#cancelRetry?.();
        const { timer = systemTimer } = this.#options;
        this.#cancelRetry = timer(() => {
            this.#cancelRetry = undefined;
            this.add(isFirst ? item : undefined);
        }, REFRESH_RETRY_MS);
    }
}

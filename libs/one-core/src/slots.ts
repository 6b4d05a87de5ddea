import { Fifo } from './fifo.ts';

/** Lets so many tasks run at once; others wait in the order of their calls. */
export class Slots {
    #free: number;
    readonly #waiting = new Fifo<() => void>();

    constructor(count: number) {
        this.#free = count;
    }

    async run<T>(task: () => Promise<T>): Promise<T> {
        if (this.#free > 0) this.#free--;
        else await new Promise<void>(resolve => this.#waiting.add(resolve));
        try {
            return await task();
        } finally {
            const next = this.#waiting.take();
            if (next === undefined) this.#free++;
            else next();
        }
    }
}

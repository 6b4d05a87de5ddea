/** Runs tasks one after the other, in the order of the calls; one that fails does not stop the next. */
export class Sequence {
    #last: Promise<unknown> = Promise.resolve();

    run<T>(task: () => Promise<T>): Promise<T> {
        const next = this.#last.then(task, task);
        // The caller hears of the error; the next task does not.
        this.#last = next.catch(() => undefined);
        return next;
    }
}

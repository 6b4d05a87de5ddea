/** A queue that stays fast when a peer makes it long: taking from the front of an array moves all the rest. */
export class Fifo<T> {
    #incoming: T[] = [];
    /** The one that is next stands last. */
    #outgoing: T[] = [];

    get size(): number {
        return this.#incoming.length + this.#outgoing.length;
    }

    add(item: T): void {
        this.#incoming.push(item);
    }

    take(): T | undefined {
        if (this.#outgoing.length === 0) [this.#outgoing, this.#incoming] = [this.#incoming.reverse(), []];
        return this.#outgoing.pop();
    }

    clear(): void {
        [this.#incoming, this.#outgoing] = [[], []];
    }
}

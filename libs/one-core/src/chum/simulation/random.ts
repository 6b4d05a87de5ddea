const RANDOM_BYTES = 16;

/** For tests: numbers that follow from a seed. */
export class Random {
    #state: number;

    constructor(seed: number) {
        this.#state = seed | 0;
    }

    /** From 0 to below `end`. */
    int(end: number): number {
        this.#state = (this.#state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
    }

    /** @param of true once in so many times */
    once(of: number): boolean {
        return this.int(of) === 0;
    }

    pick<T>(items: readonly T[]): T | undefined {
        return items[this.int(items.length)];
    }

    /** Up to `count` of them, each at most once. */
    some<T>(items: readonly T[], count: number): T[] {
        const picked = new Set<T>();
        if (items.length > 0)
            for (let i = this.int(count + 1); i > 0; i--) picked.add(items[this.int(items.length)] as T);
        return [...picked];
    }

    /** The first ones say which. */
    bytes(length: number): Uint8Array {
        const bytes = new Uint8Array(length);
        for (let at = 0; at < Math.min(length, RANDOM_BYTES); at++) bytes[at] = this.int(256);
        return bytes;
    }

    hash(): string {
        return Array.from({ length: 64 }, () => this.int(16).toString(16)).join('');
    }
}

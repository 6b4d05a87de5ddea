// For tests: a connection of two instances with latency, which is lost when the test says so.
import { createChannelPair } from '../memory-channel.ts';
import type { MessageChannel } from '../message-channel.ts';
import type { Random } from './random.ts';

/** Most milliseconds of latency of a message; one of a kind of wire. On most, most messages arrive at once: a run gets short. */
const LATENCIES = [0, 50, 50, 1_000];
/** Most milliseconds after which it is noticed that a connection is lost. */
const MAX_NOTICE = 8_000;

/** Each direction keeps its order; connections do not wait for each other. */
export class Wire {
    readonly ends: readonly [MessageChannel, MessageChannel];
    readonly #random: Random;
    #isLost = false;

    constructor(random: Random) {
        this.#random = random;
        const latency = random.pick(LATENCIES) ?? 0;
        this.ends = createChannelPair({
            deliver: (_, deliverNow) => {
                if (this.#isLost) return 'drop';
                if (latency > 0 && random.once(4)) setTimeout(deliverNow, 1 + random.int(latency));
                else deliverNow();
                return undefined;
            },
        });
    }

    get isLost(): boolean {
        return this.#isLost;
    }

    /** Nothing more arrives, and some time later both sides notice. */
    lose(): void {
        if (this.#isLost) return;
        this.#isLost = true;
        setTimeout(() => this.ends[this.#random.int(2) as 0 | 1].close(), this.#random.int(MAX_NOTICE));
    }
}

import type { MessageChannel } from './message-channel.ts';
import { BUFFER_FIRST_PAUSE_MS, BUFFER_HIGH, BUFFER_LAST_PAUSE_MS, BUFFER_LOW } from './request-limits.ts';

/** Back pressure of one channel (spec 40 §2.6): channels do not tell when they have room, so one looks for all who wait. */
export class BufferRoom {
    readonly #channel: MessageChannel;
    #closed = false;
    #waiting: Promise<void> | undefined;

    constructor(channel: MessageChannel) {
        this.#channel = channel;
        void channel.closed.then(() => (this.#closed = true));
    }

    /** Undefined while there is room; else resolves when there is room again, or the channel is closed. */
    wait(): Promise<void> | undefined {
        if (this.#waiting === undefined && this.#channel.bufferedAmount > BUFFER_HIGH)
            this.#waiting = this.#watch().finally(() => (this.#waiting = undefined));
        return this.#waiting;
    }

    async #watch(): Promise<void> {
        let pause = BUFFER_FIRST_PAUSE_MS;
        while (!this.#closed && this.#channel.bufferedAmount >= BUFFER_LOW) {
            await new Promise(resolve => setTimeout(resolve, pause));
            pause = Math.min(2 * pause, BUFFER_LAST_PAUSE_MS);
        }
    }
}

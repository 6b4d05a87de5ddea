import { Fifo } from '../fifo.ts';
import type { BufferRoom } from './buffer-room.ts';
import { SMALL_ANSWER } from './request-limits.ts';

interface Waiting {
    readonly text: string;
    readonly sent: () => void;
}

/**
 * Hands answers to the channel when it has room: whatever else is sent waits behind one large answer at most, however many are
 * ready. When there is room, all small ones go and then one large one, so that neither kind waits for ever.
 */
export class AnswerQueue {
    readonly #room: BufferRoom;
    readonly #send: (text: string) => void;
    readonly #small = new Fifo<Waiting>();
    readonly #large = new Fifo<Waiting>();
    #running = false;

    constructor(room: BufferRoom, send: (text: string) => void) {
        this.#room = room;
        this.#send = send;
    }

    /** At once if there is room. Resolves when it was handed to the channel. */
    async send(text: string): Promise<void> {
        if (!this.#running && this.#room.wait() === undefined) {
            this.#send(text);
            return;
        }
        await new Promise<void>(sent => {
            (text.length <= SMALL_ANSWER ? this.#small : this.#large).add({ text, sent });
            if (!this.#running) void this.#run();
        });
    }

    async #run(): Promise<void> {
        this.#running = true;
        while (this.#small.size + this.#large.size > 0) {
            await this.#room.wait();
            // Those that come meanwhile wait for the next time.
            for (let count = this.#small.size; count > 0; count--) this.#sendNext(this.#small);
            this.#sendNext(this.#large);
        }
        this.#running = false;
    }

    #sendNext(queue: Fifo<Waiting>): void {
        const next = queue.take();
        if (next === undefined) return;
        this.#send(next.text);
        next.sent();
    }
}

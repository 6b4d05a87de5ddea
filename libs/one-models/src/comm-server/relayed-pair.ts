import { RELAY_BUFFER_HIGH, RELAY_BUFFER_LOW } from '../limits.ts';
import type { MessageSocket } from '../transports/message-socket.ts';

export interface RelayedBytes {
    frames: number;
    bytes: number;
}

/**
 * Forwards every frame between two sockets as it is, until one of them ends; then the other one is told the same reason (spec 51 §3.6, §3.7).
 * Of a side that sends faster than the other one takes, nothing more is read.
 */
export class RelayedPair {
    /** Resolves when both are closed. */
    readonly ended: Promise<void>;
    /** Live. */
    readonly relayed: RelayedBytes = { frames: 0, bytes: 0 };

    constructor(one: MessageSocket, other: MessageSocket) {
        this.#forward(one, other);
        this.#forward(other, one);
        this.ended = Promise.all([this.#end(one, other), this.#end(other, one)]).then(() => undefined);
    }

    #forward(from: MessageSocket, to: MessageSocket): void {
        let isPaused = false;
        from.listen(frame => {
            this.relayed.frames++;
            this.relayed.bytes += frame.length;
            to.send(frame);
            if (isPaused || to.bufferedAmount <= RELAY_BUFFER_HIGH) return;
            isPaused = true;
            from.pause();
            void to.whenDrained(RELAY_BUFFER_LOW).then(() => {
                isPaused = false;
                from.resume();
            });
        });
    }

    async #end(socket: MessageSocket, other: MessageSocket): Promise<void> {
        const { reason } = await socket.closed;
        other.resume();
        other.close(reason);
    }
}

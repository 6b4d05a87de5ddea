import type { MessageSocket } from './message-socket.ts';

/** For tests: takes what comes one after the other. */
export class SocketReader {
    readonly #frames: (string | Uint8Array)[] = [];
    #wanted: { readonly count: number; readonly resolve: () => void } | undefined;

    constructor(socket: MessageSocket) {
        socket.listen(frame => {
            this.#frames.push(frame);
            if (this.#wanted !== undefined && this.#frames.length >= this.#wanted.count) this.#wanted.resolve();
        });
    }

    /** Frames that have come and were not taken. */
    get waiting(): number {
        return this.#frames.length;
    }

    async take(count: number): Promise<(string | Uint8Array)[]> {
        if (this.#frames.length < count) {
            await new Promise<void>(resolve => (this.#wanted = { count, resolve }));
            this.#wanted = undefined;
        }
        return this.#frames.splice(0, count);
    }
}

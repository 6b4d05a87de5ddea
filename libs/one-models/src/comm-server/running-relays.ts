import type { MessageSocket } from '../transports/message-socket.ts';
import { RelayedPair, type RelayedBytes } from './relayed-pair.ts';

/** What is told of a relay that has ended. */
export interface RelayedFacts {
    readonly targetPublicKey: string;
    readonly frames: number;
    readonly bytes: number;
    readonly ms: number;
}

/** The relays of a communication server, and how much has gone through them. */
export class RunningRelays {
    readonly #pairs = new Map<RelayedPair, readonly [MessageSocket, MessageSocket]>();
    readonly #onRelayed: ((facts: RelayedFacts) => void) | undefined;
    /** Of those that have ended. */
    readonly #ended: RelayedBytes = { frames: 0, bytes: 0 };

    constructor(onRelayed: ((facts: RelayedFacts) => void) | undefined) {
        this.#onRelayed = onRelayed;
    }

    get size(): number {
        return this.#pairs.size;
    }

    /** Since the beginning. */
    get relayed(): Readonly<RelayedBytes> {
        const sum = { ...this.#ended };
        for (const { relayed } of this.#pairs.keys()) {
            sum.frames += relayed.frames;
            sum.bytes += relayed.bytes;
        }
        return sum;
    }

    start(requester: MessageSocket, listener: MessageSocket, targetPublicKey: string): void {
        const pair = new RelayedPair(requester, listener);
        this.#pairs.set(pair, [requester, listener]);
        const begin = performance.now();
        void pair.ended.then(() => {
            this.#pairs.delete(pair);
            const { frames, bytes } = pair.relayed;
            this.#ended.frames += frames;
            this.#ended.bytes += bytes;
            this.#onRelayed?.({ targetPublicKey, frames, bytes, ms: performance.now() - begin });
        });
    }

    /** Closes all; does not wait longer than this for answers. */
    async end(withinMs: number): Promise<void> {
        for (const socket of [...this.#pairs.values()].flat()) socket.close('');
        const late = Promise.withResolvers<void>();
        const timer = setTimeout(late.resolve, withinMs);
        const ended = Promise.all([...this.#pairs.keys()].map(({ ended }) => ended));
        await Promise.race([ended, late.promise]);
        clearTimeout(timer);
    }
}

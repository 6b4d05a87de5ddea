// From the set-up to CHUM (spec 50 §7.1).
//
//   both   "synchronisation"   plain text; then messages of CHUM
//
//   1. It is sent in a microtask after somebody listens, who has registered all services by then.
//   2. Nothing is sent between it and 100 ms after that of the peer: a deployed peer would lose it, or not know the service yet.
//   3. What the peer sends after its own is handed over, also if it comes in the same instant.
import { type MessageChannel, systemTimer } from '@refinio/one.core';
import { SYNCHRONISATION_MS } from '../limits.ts';
import type { Connection } from './connection.ts';
import { byteLength, type Message } from './message.ts';
import { readText, refused } from './set-up-messages.ts';
import { setUp, type SetUpOptions } from './set-up.ts';

const SYNCHRONISATION = 'synchronisation';
const SWITCH_MS = 100;

/**
 * A connection that is set up, for `OneInstance.startChum`: listening begins the synchronization.
 *
 * ```ts
 * const session = one.startChum({ channel: createChumChannel(connection), … });
 * ```
 */
export function createChumChannel(connection: Connection, options: SetUpOptions = {}): MessageChannel {
    return new ChumChannel(connection, options);
}

class ChumChannel implements MessageChannel {
    readonly id: number;
    readonly closed: Promise<void>;
    readonly #connection: Connection;
    readonly #options: SetUpOptions;
    /** What waits until the peer is ready; undefined when it is. */
    #held: Message[] | undefined = [];
    #heldBytes = 0;
    #listener: ((message: Message) => void) | undefined;

    constructor(connection: Connection, options: SetUpOptions) {
        this.id = connection.id;
        this.#connection = connection;
        this.#options = options;
        this.closed = connection.closed.then(() => {
            this.#held = undefined;
            this.#heldBytes = 0;
        });
    }

    get bufferedAmount(): number {
        return this.#connection.bufferedAmount + this.#heldBytes;
    }

    get receivedAmount(): number {
        return this.#connection.statistics.bytesReceived;
    }

    send(message: Message): void {
        if (this.#held === undefined) {
            this.#connection.send(message);
            return;
        }
        this.#held.push(message);
        this.#heldBytes += byteLength(message);
    }

    close(reason?: string): void {
        this.#connection.close(reason);
    }

    listen(listener: (message: Message) => void): void {
        const isFirst = this.#listener === undefined;
        this.#listener = listener;
        if (isFirst) queueMicrotask(() => void this.#start());
    }

    async #start(): Promise<void> {
        try {
            await setUp(
                this.#connection,
                'beginning',
                { timeoutMs: SYNCHRONISATION_MS, ...this.#options },
                async () => {
                    this.#connection.send(SYNCHRONISATION);
                    const text = await readText(this.#connection);
                    if (text !== SYNCHRONISATION) throw refused(`Expected '${SYNCHRONISATION}'.`);
                },
            );
        } catch {
            // The connection is closed, which is what those who use the channel see.
            return;
        }
        this.#connection.listen(message => this.#listener?.(message));
        const { timer = systemTimer } = this.#options;
        const cancel = timer(() => this.#release(), SWITCH_MS);
        void this.#connection.closed.then(cancel);
    }

    #release(): void {
        const held = this.#held ?? [];
        this.#held = undefined;
        this.#heldBytes = 0;
        for (const message of held) this.#connection.send(message);
    }
}

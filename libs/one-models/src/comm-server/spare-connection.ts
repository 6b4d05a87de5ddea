import type { MessageSocket } from '../transports/message-socket.ts';
import type { RelayClient } from './relay-client.ts';
import type { RelayLimits } from './relay-limits.ts';
import { expectRelayMessage, formatRelayMessage, RelayMessageError, type RelayMessage } from './relay-messages.ts';

const PING = formatRelayMessage({ command: 'ping' });

/** A listener that waits to be asked for: kept alive by pings, until it is handed over or gone (spec 51 §3.5). */
export class SpareConnection {
    readonly key: string;
    readonly socket: MessageSocket;
    readonly client: RelayClient;
    readonly #limits: RelayLimits;
    readonly #onGone: () => void;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #isPinged = false;
    /** Called when the answer to the last ping has come, or will not. */
    #whenAnswered: ((isAlive: boolean) => void) | undefined;

    /** @param onGone called when it is of no use any more, unless it was handed over */
    constructor(key: string, socket: MessageSocket, client: RelayClient, limits: RelayLimits, onGone: () => void) {
        this.key = key;
        this.socket = socket;
        this.client = client;
        this.#limits = limits;
        this.#onGone = onGone;
        socket.listen(frame => this.#onFrame(frame));
        void socket.closed.then(() => this.#end());
    }

    /** After the success was told. */
    startPings(): void {
        this.#wait();
    }

    /**
     * Ends the pings and tells the listener who asks for it: from then on the socket is the requester's.
     * @param relay called then, before the listener can answer
     * @returns false if the listener does not answer any more
     */
    async handOver(request: RelayMessage<'communication_request'>, relay: () => void): Promise<boolean> {
        clearTimeout(this.#timer);
        if (this.#isPinged && !(await this.#answered())) return false;
        clearTimeout(this.#timer);
        this.socket.send(formatRelayMessage({ command: 'connection_handover' }));
        this.socket.send(formatRelayMessage(request));
        relay();
        return true;
    }

    #wait(): void {
        const { pingIntervalMs, pongTimeoutMs } = this.#limits;
        this.#timer = setTimeout(() => {
            this.#isPinged = true;
            this.socket.send(PING);
            this.#timer = setTimeout(() => this.#timeOut(), pongTimeoutMs);
        }, pingIntervalMs);
    }

    #answered(): Promise<boolean> {
        return new Promise(resolve => {
            this.#whenAnswered = resolve;
            this.#timer = setTimeout(() => this.#timeOut(), this.#limits.pongTimeoutMs);
        });
    }

    #onFrame(frame: string | Uint8Array): void {
        try {
            expectRelayMessage(frame, 'pong');
            if (!this.#isPinged) throw new RelayMessageError('Received unexpected or malformed message from client.');
        } catch (error) {
            this.socket.close(error instanceof Error ? error.message : String(error));
            this.#end();
            return;
        }
        this.#isPinged = false;
        clearTimeout(this.#timer);
        if (this.#whenAnswered === undefined) this.#wait();
        else this.#whenAnswered(true);
    }

    #timeOut(): void {
        this.socket.terminate('Ping: Connection timed out');
        this.#end();
    }

    #end(): void {
        clearTimeout(this.#timer);
        this.#whenAnswered?.(false);
        this.#onGone();
    }
}

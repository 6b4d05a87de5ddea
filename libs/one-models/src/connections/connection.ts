// A connection between two instances (spec 50 §2): a socket, and layers between it and the application.
//
//   application
//     queue          sequential reading, until somebody listens
//     fragmentation  }
//     keep-alive     }  attached at the end of the handshake
//     encryption     }
//     statistics
//   socket
import { systemTimer, type Timer } from '@refinio/one.core';
import { CLOSE_MS, MAX_JOINED, MAX_SETUP_BYTES, MAX_UNREAD } from '../limits.ts';
import { Inbox } from '../transports/inbox.ts';
import type { MessageSocket, SocketClosed } from '../transports/message-socket.ts';
import { ConnectionError } from './connection-error.ts';
import type { Layer, LayerPlace } from './layers/layer.ts';
import { MessageQueue } from './layers/message-queue.ts';
import { StatisticsCounter, type CloseEvent, type ConnectionStatistics } from './layers/statistics.ts';
import type { Message } from './message.ts';

export interface ConnectionOptions {
    /** Default: the clock. */
    readonly timer?: Timer;
    /** Milliseconds since 1970; default: the clock. */
    readonly now?: () => number;
}

let lastId = 0;

/**
 * Over a socket that is open.
 *
 *   1. After `close` and `terminate` nothing is sent, and nothing of the peer reaches the application.
 *   2. What the peer has sent before it closed still does.
 *   3. Messages are read one by one (`read`), then all are handed to one listener (`listen`), in order and none lost between.
 *   4. Whatever a peer sends, nothing is thrown: its connection is closed.
 */
export class Connection {
    /** 1, 2, … in this process. */
    readonly id = ++lastId;
    /** Resolves when nothing can be sent any more, and never rejects. */
    readonly closed: Promise<CloseEvent>;
    readonly #socket: MessageSocket;
    readonly #timer: Timer;
    readonly #counter: StatisticsCounter;
    /** The one next to the socket first. */
    readonly #layers: Layer[] = [];
    readonly #queue = new MessageQueue();
    readonly #inbox: Inbox;
    #isListening = false;
    #isPaused = false;
    #closing: { readonly text: string; readonly event: CloseEvent } | undefined;
    #isClosed = false;
    #isClean = false;

    constructor(socket: MessageSocket, { timer = systemTimer, now }: ConnectionOptions = {}) {
        this.#socket = socket;
        this.#timer = timer;
        this.#counter = new StatisticsCounter(now);
        this.#inbox = new Inbox(isHeld => {
            this.#isPaused = isHeld;
            if (isHeld) socket.pause();
            else socket.resume();
        });
        this.closed = this.#watch();
        socket.listen(frame => this.#receive(frame));
    }

    /** After it was closed here: whether the peer has got everything that was sent before. */
    get wasReceived(): boolean {
        return this.#isClean;
    }

    get state(): 'open' | 'closed' {
        return this.#isClosed ? 'closed' : 'open';
    }

    /** Of the socket. */
    get bufferedAmount(): number {
        return this.#socket.bufferedAmount;
    }

    /** As they are now. */
    get statistics(): ConnectionStatistics {
        return this.#counter.statistics;
    }

    /** Messages that wait to be read. */
    get queued(): number {
        return this.#queue.length;
    }

    /**
     * Does nothing once the connection is closed.
     * @throws ConnectionError `MESSAGE_NOT_SENDABLE` for a text that would not arrive as it is: one that begins with U+FEFF, or holds
     * half of a surrogate pair (spec 50 §3.2); nothing of it was sent
     */
    send(message: Message): void {
        if (this.#closing !== undefined || this.#isClosed) return;
        if (typeof message === 'string' && (message.startsWith('\uFEFF') || !message.isWellFormed()))
            throw new ConnectionError('MESSAGE_NOT_SENDABLE', 'This text cannot be sent: it is not well-formed.');
        this.#send(message, this.#layers.length);
    }

    /** The next message; one reader at a time, and none once somebody listens. @throws ConnectionError `CONNECTION_CLOSED` */
    read(): Promise<Message> {
        if (this.#isListening) throw new TypeError('Messages are not read any more: somebody listens.');
        return this.#queue.read();
    }

    /** Resolves when a message waits to be read; never, if none comes. */
    whenQueued(): Promise<void> {
        return this.#queue.whenAdded();
    }

    /**
     * Has each message handed over from now on; those that wait first, in a microtask, when the caller is done. From now on messages may
     * be long. One listener at a time.
     */
    listen(listener: (message: Message) => void): void {
        this.#isListening = true;
        for (const message of this.#queue.takeAll()) this.#inbox.add(message);
        this.#inbox.listen(listener);
    }

    /** Hands nothing to the listener until `resume`, and reads nothing from the network, where that is possible. */
    pause(): void {
        this.#inbox.pause();
    }

    resume(): void {
        this.#inbox.resume();
    }

    /** Puts a layer on top of those that are there; it sees what comes and goes from now on. */
    attach(create: (place: LayerPlace) => Layer): void {
        const below = this.#layers.length;
        const isPaused = (): boolean => this.#isPaused;
        const maxMessage = (): number => (this.#isListening ? MAX_JOINED : MAX_SETUP_BYTES);
        const layer = create({
            inject: message => this.#send(message, below),
            terminate: reason => this.terminate(reason),
            get isPaused() {
                return isPaused();
            },
            get maxMessage() {
                return maxMessage();
            },
        });
        this.#layers.push(layer);
        // What is set up may be a step behind.
        if (this.#isClosed || this.#closing !== undefined) layer.end?.();
    }

    /** @param reason told to the peer in clear text: no secrets */
    close(reason?: string): void {
        const text = reason === undefined ? 'Close called.' : `Close called: ${reason}`;
        if (!this.#stop(text, `${reason ?? 'no reason given'} -> regular close`)) return;
        this.#socket.close(text);
        const cancel = this.#timer(() => this.#socket.terminate(text), CLOSE_MS);
        void this.closed.then(cancel);
    }

    /** Closed at once, without waiting for the peer. @param reason told to the peer in clear text: no secrets */
    terminate(reason?: string): void {
        const text = reason === undefined ? 'Terminate called.' : `Terminate called: ${reason}`;
        if (this.#isClosed) return;
        this.#stop(text, `${reason ?? 'no reason given'} -> terminated`);
        this.#socket.terminate(this.#closing?.text ?? text);
    }

    /** @returns whether it was not closing before */
    #stop(text: string, reason: string): boolean {
        if (this.#isClosed || this.#closing !== undefined) return false;
        this.#closing = { text, event: { type: 'closed', reason, origin: 'local' } };
        this.#inbox.drop();
        this.#queue.takeAll();
        this.#queue.end(closedError(text));
        for (const layer of this.#layers) layer.end?.();
        return true;
    }

    async #watch(): Promise<CloseEvent> {
        const closed = await this.#socket.closed;
        // What came before the end is handed over before it is told.
        await new Promise<void>(resolve => this.#inbox.whenEmpty(resolve));
        return this.#end(closed);
    }

    #end({ reason, origin, isClean }: SocketClosed): CloseEvent {
        this.#isClean = isClean;
        const event = this.#closing?.event ?? { type: 'closed', reason, origin };
        this.#isClosed = true;
        this.#counter.closed(event);
        this.#queue.end(closedError(reason));
        if (this.#closing === undefined) for (const layer of this.#layers) layer.end?.();
        return event;
    }

    /** @param above how many layers are still to pass */
    #send(message: Message, above: number): void {
        if (this.#closing !== undefined || this.#isClosed) return;
        const layer = this.#layers[above - 1];
        if (layer === undefined) {
            this.#counter.sent(message);
            this.#socket.send(message);
            return;
        }
        for (const part of layer.outgoing(message)) this.#send(part, above - 1);
    }

    #receive(frame: Message): void {
        if (this.#closing !== undefined) return;
        this.#counter.received(frame);
        try {
            let message: Message | undefined = frame;
            for (const layer of this.#layers) {
                message = layer.incoming(message);
                if (message === undefined) return;
            }
            this.#accept(message);
        } catch (error) {
            this.close(error instanceof ConnectionError ? error.message : 'The message could not be processed');
        }
    }

    #accept(message: Message): void {
        if (!this.#isListening) {
            this.#queue.add(message);
            return;
        }
        this.#inbox.add(message);
        // Only where the socket cannot pause; the longest message must always fit.
        if (this.#inbox.unread > MAX_UNREAD + MAX_JOINED) this.terminate('Too much has come that was not taken');
    }
}

function closedError(reason: string): ConnectionError {
    return new ConnectionError('CONNECTION_CLOSED', `The connection was closed. ${reason}`);
}

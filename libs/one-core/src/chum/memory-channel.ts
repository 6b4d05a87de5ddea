// Two ends of a channel in one process, for tests and for instances that live side by side.
import { Fifo } from '../fifo.ts';
import type { MessageChannel } from './message-channel.ts';

type Message = string | Uint8Array;
type Listener = (message: Message) => void;

export interface ChannelPairOptions {
    /**
     * Told of each message when all earlier ones of its direction are gone. It is delivered when `deliverNow` is called, now or
     * later, and lost if 'drop' is returned. Until then it is part of `bufferedAmount`, and the next ones wait.
     */
    readonly deliver?: (message: Message, deliverNow: () => void) => unknown;
}

/**
 * Everything is delivered in microtasks, so that `send` is over first. Bytes are not copied. What a side has sent before it
 * closes is still delivered, and `closed` resolves after that; what the other one has sent is lost.
 */
export function createChannelPair(options: ChannelPairOptions = {}): [MessageChannel, MessageChannel] {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const [there, back] = [new Direction(options), new Direction(options)];
    const end = (id: number, outgoing: Direction, incoming: Direction): MessageChannel => ({
        id,
        closed,
        get bufferedAmount() {
            return outgoing.bufferedAmount;
        },
        send: message => outgoing.send(message),
        listen: listener => incoming.listen(listener),
        close: () => {
            incoming.drop();
            outgoing.end(resolve);
        },
    });
    return [end(1, there, back), end(2, back, there)];
}

class Direction {
    readonly #deliver: ChannelPairOptions['deliver'];
    /** Sent, and not gone. */
    readonly #outbox = new Fifo<Message>();
    /** Delivered, and nobody listens. */
    readonly #inbox = new Fifo<Message>();
    #bufferedAmount = 0;
    #moving = false;
    #dropped = false;
    #whenEmpty: (() => void) | undefined;
    #listener: Listener | undefined;

    constructor({ deliver }: ChannelPairOptions) {
        this.#deliver = deliver;
    }

    /** Bytes of binary messages and UTF-16 units of texts. */
    get bufferedAmount(): number {
        return this.#bufferedAmount;
    }

    send(message: Message): void {
        if (this.#dropped || this.#whenEmpty !== undefined) return;
        this.#outbox.add(message);
        this.#bufferedAmount += message.length;
        this.#move();
    }

    listen(listener: Listener): void {
        this.#listener = listener;
        queueMicrotask(() => this.#handOver());
    }

    /** Nothing can be sent any more. */
    end(whenEmpty: () => void): void {
        this.#whenEmpty = whenEmpty;
        this.#move();
    }

    /** Nothing is delivered any more. */
    drop(): void {
        this.#dropped = true;
        this.#outbox.clear();
        this.#inbox.clear();
        this.#bufferedAmount = 0;
    }

    /** One message after the other, each in a microtask of its own. */
    #move(): void {
        if (this.#moving && !this.#dropped) return;
        this.#moving = true;
        queueMicrotask(() => this.#moveNext());
    }

    #moveNext(): void {
        const message = this.#outbox.take();
        if (message === undefined) {
            this.#moving = false;
            this.#whenEmpty?.();
            return;
        }
        let isGone = false;
        const leave = (arrives: boolean): void => {
            if (isGone || this.#dropped) return;
            isGone = true;
            this.#bufferedAmount -= message.length;
            queueMicrotask(() => this.#moveNext());
            if (!arrives) return;
            this.#inbox.add(message);
            this.#handOver();
        };
        if (this.#deliver === undefined) leave(true);
        else if (this.#deliver(message, () => leave(true)) === 'drop') leave(false);
    }

    #handOver(): void {
        if (this.#listener === undefined) return;
        for (let message = this.#inbox.take(); message !== undefined; message = this.#inbox.take())
            this.#listener(message);
    }
}

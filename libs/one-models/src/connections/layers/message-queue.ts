// Sequential reading during the set-up (spec 50 §3.5): what comes early waits, 10 messages at most.
import { MAX_QUEUED_MESSAGES, MAX_SETUP_BYTES } from '../../limits.ts';
import { ConnectionError } from '../connection-error.ts';
import type { Message } from '../message.ts';

interface Reader {
    readonly resolve: (message: Message) => void;
    readonly reject: (error: ConnectionError) => void;
}

/** What has come is read before the end is told. */
export class MessageQueue {
    #messages: Message[] = [];
    #bytes = 0;
    #reader: Reader | undefined;
    #end: ConnectionError | undefined;
    #whenAdded: (() => void) | undefined;

    get length(): number {
        return this.#messages.length;
    }

    /** @throws ConnectionError `QUEUE_FULL` */
    add(message: Message): void {
        const reader = this.#reader;
        if (reader !== undefined) {
            this.#reader = undefined;
            reader.resolve(message);
            return;
        }
        if (this.#messages.length >= MAX_QUEUED_MESSAGES || this.#bytes + message.length > MAX_SETUP_BYTES)
            throw new ConnectionError(
                'QUEUE_FULL',
                `Queue is full, it reached its maximum length of ${MAX_QUEUED_MESSAGES}`,
            );
        this.#messages.push(message);
        this.#bytes += message.length;
        this.#whenAdded?.();
    }

    /** Resolves when a message waits; for one at a time. Never, if none comes. */
    whenAdded(): Promise<void> {
        return this.length > 0 ? Promise.resolve() : new Promise(resolve => (this.#whenAdded = resolve));
    }

    /** One at a time. @throws ConnectionError why nothing comes any more */
    read(): Promise<Message> {
        if (this.#reader !== undefined) throw new TypeError('Somebody else is waiting for the next message.');
        const message = this.#messages.shift();
        if (message !== undefined) {
            this.#bytes -= message.length;
            return Promise.resolve(message);
        }
        if (this.#end !== undefined) return Promise.reject(this.#end);
        return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
    }

    /** All that wait. */
    takeAll(): Message[] {
        this.#bytes = 0;
        return this.#messages.splice(0);
    }

    /** Nothing comes any more. */
    end(error: ConnectionError): void {
        this.#end ??= error;
        this.#reader?.reject(this.#end);
        this.#reader = undefined;
    }
}

import type { Message } from '../message.ts';

/**
 * One step between the application and the socket (spec 50 §2). Outgoing messages pass from the application's side to the socket's,
 * incoming ones the other way.
 */
export interface Layer {
    /** What is sent for a message, in order. @throws ConnectionError: nothing of it was sent */
    outgoing(message: Message): Iterable<Message>;
    /** What a message of the peer is for those above; undefined if for nobody. @throws ConnectionError: its text closes the connection */
    incoming(message: Message): Message | undefined;
    /** The connection has ended. */
    end?(): void;
}

/** What a layer knows of its connection. */
export interface LayerPlace {
    /** Sends a message that passes only the layers below. */
    inject(message: Message): void;
    terminate(reason: string): void;
    /** Nothing comes because nothing is read. */
    readonly isPaused: boolean;
    /** Bytes of the longest message that is taken now. */
    readonly maxMessage: number;
}

// For tests: a peer whose messages are written by hand, and which notes what it is sent.
import { createChannelPair, type ChannelPairOptions } from './memory-channel.ts';
import type { MessageChannel } from './message-channel.ts';
import { RequestChannel } from './request-channel.ts';
import type { RequestLimits } from './request-limits.ts';

/** The real one, even if a test replaces timers. */
const later = setTimeout;

/** Resolves when nothing happens any more but for timers. */
export function settled(): Promise<void> {
    return new Promise(resolve => later(resolve, 0));
}

export class ScriptedPeer {
    /** What is tested. */
    readonly channel: RequestChannel;
    /** Its end of the wire. */
    readonly near: MessageChannel;
    /** The peer's end. */
    readonly far: MessageChannel;
    #received: (string | Uint8Array)[] = [];

    constructor(limits?: Partial<RequestLimits>, options?: ChannelPairOptions) {
        [this.near, this.far] = createChannelPair(options);
        this.far.listen(message => this.#received.push(message));
        this.channel = new RequestChannel(this.near, limits);
    }

    /** Objects are sent as JSON. @returns everything that came in since the last call */
    async send(...messages: readonly (string | Uint8Array | object)[]): Promise<(string | Uint8Array)[]> {
        for (const message of messages)
            this.far.send(
                typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message),
            );
        return this.received();
    }

    async received(): Promise<(string | Uint8Array)[]> {
        await settled();
        const received = this.#received;
        this.#received = [];
        return received;
    }
}

/** A binary message. */
export function chunkOf(responseId: number, content: string | Uint8Array): Uint8Array {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const message = new Uint8Array(8 + bytes.length);
    new DataView(message.buffer).setFloat64(0, responseId, true);
    message.set(bytes, 8);
    return message;
}

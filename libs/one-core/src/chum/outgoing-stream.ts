import type { BufferRoom } from './buffer-room.ts';
import { UNDEFINED } from './json-values.ts';
import { CHUNK_HEADER, createChunk } from './messages.ts';
import { STREAM_CHUNK } from './request-limits.ts';

/**
 * A service answers with a stream. The source opens what it reads when it is first asked: the stream may have to wait, or never
 * begin. Its errors end the stream; the peer does not hear of them.
 */
export class StreamResult {
    readonly source: AsyncIterable<Uint8Array>;
    readonly encoding: 'utf8' | undefined;

    constructor(source: AsyncIterable<Uint8Array>, encoding: 'utf8' | undefined) {
        this.source = source;
        this.encoding = encoding;
    }
}

/** Sends one stream (spec 40 §2.6). Exactly one message ends it, whatever happens; nothing comes after that. */
export class OutgoingStream {
    readonly responseId: number;
    readonly #iterator: AsyncIterator<Uint8Array>;
    readonly #send: (message: object | Uint8Array) => void;
    readonly #room: BufferRoom;
    /** Of the text form; keeps the beginning of a character until the rest of it is read. */
    readonly #decoder: TextDecoder | undefined;
    #encoding: 'utf8' | undefined;
    #ended = false;
    /** Lets a read that is under way be over. */
    #wake: () => void = () => undefined;

    constructor(
        responseId: number,
        { source, encoding }: StreamResult,
        send: (message: object | Uint8Array) => void,
        room: BufferRoom,
    ) {
        this.responseId = responseId;
        this.#iterator = source[Symbol.asyncIterator]();
        this.#send = send;
        this.#room = room;
        this.#encoding = encoding;
        if (encoding !== undefined) this.#decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    }

    async run(): Promise<void> {
        try {
            await this.#copy();
            this.#end({ responseId: this.responseId, type: 'stream-end' });
        } catch {
            this.cancel();
        }
    }

    /** At once, even if the source is in the middle of a read. Does nothing after the end. */
    cancel(): void {
        if (this.#ended) return;
        const error = 'Error while reading the file stream';
        this.#end({ responseId: this.responseId, type: 'stream-error', error });
        this.#wake();
        const release = async (): Promise<unknown> => this.#iterator.return?.();
        release().catch(() => undefined);
    }

    /** Copies each byte once, into the message that carries it. */
    async #copy(): Promise<void> {
        let chunk: Uint8Array | undefined;
        let end = CHUNK_HEADER;
        for (let piece = await this.#read(); piece !== undefined; piece = await this.#read()) {
            for (let at = 0; at < piece.length;) {
                chunk ??= createChunk(this.responseId, STREAM_CHUNK);
                const part = piece.subarray(at, at + chunk.length - end);
                chunk.set(part, end);
                at += part.length;
                end += part.length;
                if (end < chunk.length) continue;
                this.#sendChunk(chunk);
                [chunk, end] = [undefined, CHUNK_HEADER];
                await this.#room.wait();
                // The rest of the piece may be long.
                if (this.#ended) return;
            }
        }
        if (chunk !== undefined) this.#sendChunk(chunk.slice(0, end));
        // Throws if a character is incomplete.
        this.#decoder?.decode();
    }

    /** Undefined at the end. */
    #read(): Promise<Uint8Array | undefined> {
        return new Promise((resolve, reject) => {
            if (this.#ended) {
                resolve(undefined);
                return;
            }
            this.#wake = () => resolve(undefined);
            this.#iterator.next().then(({ done, value }) => resolve(done === true ? undefined : value), reject);
        });
    }

    #sendChunk(message: Uint8Array): void {
        // A read may have been over already when the stream was cancelled.
        if (this.#ended) return;
        if (this.#decoder === undefined) {
            this.#send(message);
            return;
        }
        const chunk = this.#decoder.decode(message.subarray(CHUNK_HEADER), { stream: true });
        // The text that stands for undefined cannot be sent, but its parts can.
        if (chunk === UNDEFINED) for (const part of [chunk.slice(0, 1), chunk.slice(1)]) this.#sendText(part);
        else if (chunk !== '') this.#sendText(chunk);
    }

    #sendText(chunk: string): void {
        this.#send({ responseId: this.responseId, type: 'stream', chunk, encoding: this.#encoding });
        this.#encoding = undefined;
    }

    #end(message: object): void {
        if (this.#ended) return;
        this.#ended = true;
        this.#send(message);
    }
}

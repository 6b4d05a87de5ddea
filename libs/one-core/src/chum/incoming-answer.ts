import { base64ToUint8Array } from '../crypto/hex.ts';
import { Fifo } from '../fifo.ts';
import { RequestError } from './request-errors.ts';
import { CHUNK_COST } from './request-limits.ts';

/** Takes the bytes of a stream. */
export interface StreamSink {
    /** The next ones come when it resolves. If it rejects, the stream is refused and none come. */
    write(bytes: Uint8Array): Promise<void>;
}

/** What becomes of one own request: messages go in, the result comes out. Nothing counts after `end`, `fail` or a refusal. */
export interface IncomingAnswer {
    readonly result: Promise<unknown>;
    /** A data response, which is all of the answer. */
    data(data: unknown): void;
    text(chunk: unknown, encoding: unknown): void;
    bytes(bytes: Uint8Array): void;
    end(): void;
    fail(error: unknown): void;
}

/** Tells that no further chunk is wanted, and why; calls `fail`. */
export type Refuse = (error: unknown) => void;

export class IncomingValue implements IncomingAnswer {
    readonly result: Promise<unknown>;
    readonly fail: (error: unknown) => void;
    readonly data: (data: unknown) => void;
    readonly #refuse: Refuse;

    constructor(refuse: Refuse) {
        this.#refuse = refuse;
        ({ promise: this.result, resolve: this.data, reject: this.fail } = Promise.withResolvers<unknown>());
    }

    text(): void {
        this.#refuse(unexpected());
    }

    bytes(): void {
        this.#refuse(unexpected());
    }

    end(): void {
        this.fail(unexpected());
    }
}

/** Gives a sink what a peer sends, and holds what comes faster than it takes. */
export class IncomingStream implements IncomingAnswer {
    readonly result: Promise<void>;
    readonly #sink: StreamSink;
    readonly #maxUnread: number;
    readonly #refuse: Refuse;
    readonly #resolve: () => void;
    readonly #reject: (error: unknown) => void;
    /** What came in while the sink was busy. */
    readonly #unread = new Fifo<Uint8Array>();
    /** Bytes and costs of these. */
    #unreadBytes = 0;
    #form: 'utf8' | 'base64' | 'binary' | undefined;
    #writing = false;
    #ended = false;

    constructor(sink: StreamSink, maxUnread: number, refuse: Refuse) {
        this.#sink = sink;
        this.#maxUnread = maxUnread;
        this.#refuse = refuse;
        ({ promise: this.result, resolve: this.#resolve, reject: this.#reject } = Promise.withResolvers<void>());
    }

    data(): void {
        this.fail(new RequestError('STREAM_EXPECTED', 'The peer answered with a value instead of a stream'));
    }

    text(chunk: unknown, encoding: unknown): void {
        if (this.#form === undefined && (encoding === 'utf8' || encoding === 'base64')) this.#form = encoding;
        const fits = typeof chunk === 'string' && (encoding === undefined || encoding === this.#form);
        const bytes = fits ? this.#decode(chunk) : undefined;
        if (bytes === undefined) this.#refuse(refused('a text chunk is malformed, or does not fit those before'));
        else this.#add(bytes);
    }

    bytes(bytes: Uint8Array): void {
        this.#form ??= 'binary';
        if (this.#form !== 'binary') this.#refuse(refused('it has binary chunks and texts'));
        else this.#add(bytes);
    }

    end(): void {
        this.#ended = true;
        if (!this.#writing) this.#resolve();
    }

    /** A write may still be under way; no further one begins. */
    fail(error: unknown): void {
        this.#unread.clear();
        this.#reject(error);
    }

    #decode(chunk: string): Uint8Array | undefined {
        try {
            if (this.#form === 'utf8') return new TextEncoder().encode(chunk);
            if (this.#form === 'base64') return base64ToUint8Array(chunk);
        } catch {
            // No base64.
        }
        return undefined;
    }

    #add(bytes: Uint8Array): void {
        if (bytes.length === 0) return;
        const cost = bytes.length + CHUNK_COST;
        // A single one may have any size: deployed browsers send a whole file in one.
        if (this.#unread.size > 0 && this.#unreadBytes + cost > this.#maxUnread) {
            this.#refuse(refused('it comes faster than it can be stored'));
            return;
        }
        this.#unreadBytes += cost;
        this.#unread.add(bytes);
        if (!this.#writing) void this.#write();
    }

    async #write(): Promise<void> {
        this.#writing = true;
        try {
            for (let bytes = this.#unread.take(); bytes !== undefined; bytes = this.#unread.take()) {
                this.#unreadBytes -= bytes.length + CHUNK_COST;
                await this.#sink.write(bytes);
            }
        } catch (error) {
            this.#refuse(error);
            return;
        }
        this.#writing = false;
        if (this.#ended) this.#resolve();
    }
}

function unexpected(): RequestError {
    return new RequestError('STREAM_UNEXPECTED', 'The peer answered with a stream instead of a value');
}

function refused(reason: string): RequestError {
    return new RequestError('STREAM_REFUSED', `The stream of the peer was refused: ${reason}`);
}

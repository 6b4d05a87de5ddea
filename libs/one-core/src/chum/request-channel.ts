// Requests and their answers over one channel, in both directions (spec 40 §2; what is sent: messages.ts).
//
//   1. After the channel is closed, from either side, nothing is called, sent or counted any more.
//   2. An own request is in `#requests` until its answer is complete. What comes for others is ignored.
//   3. Whatever a peer sends, nothing is thrown; what it may take of memory and time is in request-limits.ts.
//   4. A request of the peer gets exactly one answer: a value, an error, or a stream that ends once.
import { Slots } from '../slots.ts';
import { AnswerQueue } from './answer-queue.ts';
import { BufferRoom } from './buffer-room.ts';
import { Fifo } from '../fifo.ts';
import { IncomingStream, IncomingValue, type IncomingAnswer, type Refuse, type StreamSink } from './incoming-answer.ts';
import { encodeMessage } from './json-values.ts';
import type { OpenRequest, WaitingRequest } from './open-request.ts';
import type { MessageChannel } from './message-channel.ts';
import { parseChunk, parseMessage, type RequestMessage, type ResponseMessage } from './messages.ts';
import { OutgoingStream, StreamResult } from './outgoing-stream.ts';
import { waitPatiently } from './patience.ts';
import { RequestError } from './request-errors.ts';
import {
    LONGEST_ANSWER_MS,
    MAX_OVERTAKING,
    REQUEST_COST,
    REQUEST_LIMITS,
    STALLED_STREAM_MS,
    type RequestLimits,
} from './request-limits.ts';
import { sentError, ServingError } from './serving-error.ts';

export type { OpenRequest } from './open-request.ts';
export { StreamResult } from './outgoing-stream.ts';
export type { StreamSink } from './incoming-answer.ts';

/**
 * Gives the result, a promise of it, or a `StreamResult`. A `OneError` reaches the peer with code and message, others do not.
 * Must not wait for requests to the same peer: all who are served could wait for each other.
 */
export type ServiceHandler = (...args: unknown[]) => unknown;

/** Of one connection (spec 40 §2.7). */
export interface Statistics {
    requestsSentTotal: number;
    /** With the refusals of streams. */
    requestsReceivedTotal: number;
    /** Texts that are no message at all. */
    requestsReceivedInvalid: number;
}

export interface RequestOptions {
    /**
     * Milliseconds after which the request fails if nothing comes from the peer for which it may have to wait. A stream fails also
     * when nothing of it comes for `STALLED_STREAM_MS`, a value after `LONGEST_ANSWER_MS`.
     */
    readonly timeoutMs?: number;
    /** Asked again and again: that it is answered does not show that others will be. */
    readonly isPoll?: boolean;
}

interface ServedRequest {
    readonly requestId: number;
    readonly serviceId: number;
    readonly args: unknown;
    readonly cost: number;
}

export class RequestChannel {
    /** Resolves when the channel is closed. */
    readonly closed: Promise<void>;
    /** Live. */
    readonly statistics: Statistics = { requestsSentTotal: 0, requestsReceivedTotal: 0, requestsReceivedInvalid: 0 };
    readonly #channel: MessageChannel;
    readonly #limits: RequestLimits;
    readonly #room: BufferRoom;
    readonly #services = new Map<number, ServiceHandler>();
    /** Own ones. */
    readonly #requests = new Map<number, WaitingRequest>();
    #nextRequestId = 0;
    /** Parts of answers to own requests that came. */
    #moves = 0;
    /** Of the peer. */
    readonly #waiting = new Fifo<ServedRequest>();
    #servedRequests = 0;
    /** Of all that wait or are served. */
    #openUnits = 0;
    readonly #answers: AnswerQueue;
    /** Not by number: a peer may use one twice. */
    readonly #streams = new Set<OutgoingStream>();
    readonly #streamSlots: Slots;
    #openAtClosing: readonly OpenRequest[] | undefined;
    #bytesReceived = 0;
    #bytesSent = 0;

    /** Takes all messages of the channel from now on. */
    constructor(channel: MessageChannel, limits?: Partial<RequestLimits>) {
        this.#channel = channel;
        this.#limits = { ...REQUEST_LIMITS, ...limits };
        this.#room = new BufferRoom(channel);
        this.#answers = new AnswerQueue(this.#room, text => this.isClosed || this.#sendEncoded(text));
        this.#streamSlots = new Slots(this.#limits.sentStreams);
        this.closed = channel.closed.then(() => this.#end());
        channel.listen(message => this.#receive(message));
    }

    /** At once after `close`, which may be before `closed` resolves. */
    get isClosed(): boolean {
        return this.#openAtClosing !== undefined;
    }

    /** Own ones without a complete answer; after the end those that were open when it came. */
    get openRequests(): readonly OpenRequest[] {
        return (
            this.#openAtClosing ??
            Array.from(this.#requests, ([requestId, { serviceId }]) => ({ requestId, serviceId }))
        );
    }

    /** Bytes of binary messages and UTF-16 units of texts. */
    get bytesReceived(): number {
        return this.#bytesReceived;
    }

    /** Counted like `bytesReceived`, when handed to the channel. */
    get bytesSent(): number {
        return this.#bytesSent;
    }

    /** Changes when something of an answer to an own request comes, or one that waits for others goes out. */
    get progress(): number {
        return this.#moves + this.#movesOfChannel([...this.#requests.values()].every(each => this.#hasLeft(each)));
    }

    /**
     * Serves requests from now on.
     * @returns ends that; requests that are being served are still answered
     */
    offer(serviceId: number, handler: ServiceHandler): () => void {
        if (this.#services.has(serviceId)) throw new TypeError(`Service ${serviceId} is offered already.`);
        this.#services.set(serviceId, handler);
        return () => {
            if (this.#services.get(serviceId) === handler) this.#services.delete(serviceId);
        };
    }

    /** @throws RequestError; JsonValueError for arguments that cannot be sent */
    request(serviceId: number, args: readonly unknown[], options: RequestOptions = {}): Promise<unknown> {
        return this.#request(serviceId, args, refuse => new IncomingValue(refuse), options, LONGEST_ANSWER_MS);
    }

    /**
     * For services that answer with a stream. Resolves when the sink has taken all of it.
     * @throws RequestError; JsonValueError for arguments that cannot be sent; what the sink throws. A write of the sink may
     * still be under way then.
     */
    async requestStream(
        serviceId: number,
        args: readonly unknown[],
        sink: StreamSink,
        options: RequestOptions = {},
    ): Promise<void> {
        const createAnswer = (refuse: Refuse) => new IncomingStream(sink, this.#limits.unreadBytes, refuse);
        await this.#request(serviceId, args, createAnswer, options, STALLED_STREAM_MS);
    }

    /** Own requests fail at once. */
    close(reason?: string): void {
        this.#end();
        this.#channel.close(reason);
    }

    async #request(
        serviceId: number,
        args: readonly unknown[],
        createAnswer: (refuse: Refuse) => IncomingAnswer,
        { timeoutMs, isPoll = false }: RequestOptions,
        ownMs: number,
    ): Promise<unknown> {
        if (!Number.isInteger(serviceId) || serviceId <= 0) throw new TypeError('The number of a service is positive.');
        if (this.isClosed) throw closedError(serviceId);
        const requestId = this.#nextRequestId;
        const text = encodeMessage({ requestId, type: 'request', serviceId, args });
        const answer = createAnswer(error => this.#refuse(requestId, answer, error));
        const sentAt = this.#bytesSent + text.length;
        const request: WaitingRequest = { requestId, serviceId, answer, sentAt, isPoll, moves: 0, ownMoves: 0 };
        this.#nextRequestId++;
        this.#requests.set(requestId, request);
        this.statistics.requestsSentTotal++;
        this.#sendEncoded(text);
        if (timeoutMs === undefined) return answer.result;
        const progress = (): number => request.moves + this.#movesOfChannel(this.#hasLeft(request));
        const ownProgress = (): number => request.ownMoves;
        const stop = waitPatiently({ ms: timeoutMs, progress, ownMs, ownProgress }, () => {
            // All of it may be here, and be stored just now.
            if (!this.#requests.has(requestId)) return;
            const text = `The peer did not answer a request of service ${serviceId} for ${timeoutMs} ms`;
            const error = new RequestError('REQUEST_TIMEOUT', text);
            if (answer instanceof IncomingStream) this.#refuse(requestId, answer, error);
            else {
                this.#requests.delete(requestId);
                answer.fail(error);
            }
        });
        try {
            return await answer.result;
        } finally {
            stop();
        }
    }

    /** Whether the network has taken a request: from then on, what others are sent does not keep back its answer. */
    #hasLeft({ sentAt }: WaitingRequest): boolean {
        return this.#bytesSent - this.#channel.bufferedAmount >= sentAt;
    }

    /** Changes with what comes, and before own requests have left with what goes. */
    #movesOfChannel(haveLeft: boolean): number {
        const { receivedAmount = 0, bufferedAmount } = this.#channel;
        return receivedAmount + (haveLeft ? 0 : this.#bytesSent - bufferedAmount);
    }

    /** Something of an answer has come. */
    #move(request: WaitingRequest): void {
        this.#moves++;
        request.ownMoves++;
        if (request.isPoll) {
            request.moves++;
            return;
        }
        for (const each of this.#requests.values())
            if (request.requestId <= each.requestId + MAX_OVERTAKING) each.moves++;
    }

    /** Only what has not ended can be refused; a sink may fail later than that. */
    #refuse(requestId: number, answer: IncomingAnswer, error: unknown): void {
        if (this.#requests.delete(requestId)) this.#send({ requestId, type: 'write-stream-error' });
        answer.fail(error);
    }

    #receive(message: string | Uint8Array): void {
        if (this.isClosed) return;
        this.#bytesReceived += message.length;
        if (typeof message !== 'string') {
            const chunk = parseChunk(message);
            if (chunk !== undefined) this.#receiveChunk(chunk.responseId, chunk.bytes);
            return;
        }
        if (message.length > this.#limits.textUnits) {
            this.close('A message is too long');
            return;
        }
        const parsed = parseMessage(message);
        if (parsed === undefined) this.#countInvalid();
        else if ('responseId' in parsed) this.#receiveResponse(parsed);
        else this.#receiveRequest(parsed, message.length);
    }

    #receiveChunk(responseId: number, bytes: Uint8Array): void {
        const request = this.#requests.get(responseId);
        if (request === undefined) return;
        if (bytes.length > 0) this.#move(request);
        request.answer.bytes(bytes);
    }

    #countInvalid(): void {
        this.statistics.requestsReceivedInvalid++;
        if (this.statistics.requestsReceivedInvalid > this.#limits.invalidMessages)
            this.close('Too many invalid messages');
    }

    #receiveResponse(message: ResponseMessage): void {
        const { responseId } = message;
        const request = this.#requests.get(responseId);
        if (request === undefined) return;
        const { serviceId, answer } = request;
        if (message.type !== 'stream' || message.chunk !== '') this.#move(request);
        if (message.type === 'stream') {
            answer.text(message.chunk, message.encoding);
            return;
        }
        this.#requests.delete(responseId);
        switch (message.type) {
            case 'data':
                answer.data(message.data);
                break;
            case 'error':
                answer.fail(RequestError.answered(serviceId, message.error));
                break;
            case 'stream-end':
                answer.end();
                break;
            case 'stream-error':
                answer.fail(new RequestError('WSRQ-SEH1', 'The peer could not read what it was asked for'));
                break;
        }
    }

    #receiveRequest(message: RequestMessage, length: number): void {
        this.statistics.requestsReceivedTotal++;
        if (message.type === 'write-stream-error') {
            for (const stream of this.#streams) if (stream.responseId === message.requestId) stream.cancel();
            return;
        }
        const cost = length + REQUEST_COST;
        this.#openUnits += cost;
        if (this.#openUnits > this.#limits.openRequestUnits) {
            this.close('Too many open requests');
            return;
        }
        this.#waiting.add({ ...message, cost });
        this.#serveWaiting();
    }

    /** Until their answers are handed to the channel: a peer that asks but does not take them waits as well. */
    #serveWaiting(): void {
        while (this.#servedRequests < this.#limits.servedRequests) {
            const request = this.#waiting.take();
            if (request === undefined) return;
            this.#servedRequests++;
            void this.#serve(request).finally(() => {
                this.#servedRequests--;
                this.#openUnits -= request.cost;
                this.#serveWaiting();
            });
        }
    }

    async #serve({ requestId, serviceId, args }: ServedRequest): Promise<void> {
        const responseId = requestId;
        try {
            const result = await this.#call(serviceId, args);
            if (result instanceof StreamResult) await this.#sendStream(responseId, result);
            else await this.#answer({ responseId, type: 'data', data: result });
        } catch (error) {
            await this.#answer({ responseId, type: 'error', error: sentError(error) });
        }
    }

    /** @throws JsonValueError */
    async #answer(message: object): Promise<void> {
        if (!this.isClosed) await this.#answers.send(encodeMessage(message));
    }

    #call(serviceId: number, args: unknown): unknown {
        const handler = this.#services.get(serviceId);
        if (handler === undefined)
            throw new ServingError(`Service ${serviceId} is not offered here.`, 'UNKNOWN-SERVICE');
        if (args === undefined) return handler();
        if (!Array.isArray(args)) throw new ServingError('The arguments are no array.');
        return handler(...(args as unknown[]));
    }

    async #sendStream(responseId: number, result: StreamResult): Promise<void> {
        if (this.isClosed) return;
        const stream = new OutgoingStream(responseId, result, message => this.#send(message), this.#room);
        this.#streams.add(stream);
        await this.#streamSlots.run(async () => {
            // A short one sends all at once.
            await this.#room.wait();
            await stream.run();
        });
        this.#streams.delete(stream);
    }

    /** @throws JsonValueError */
    #send(message: object | Uint8Array): void {
        if (!this.isClosed) this.#sendEncoded(message instanceof Uint8Array ? message : encodeMessage(message));
    }

    #sendEncoded(message: string | Uint8Array): void {
        this.#bytesSent += message.length;
        this.#channel.send(message);
    }

    #end(): void {
        if (this.isClosed) return;
        this.#openAtClosing = this.openRequests;
        const requests = [...this.#requests.values()];
        this.#requests.clear();
        this.#waiting.clear();
        for (const { serviceId, answer } of requests) answer.fail(closedError(serviceId));
        for (const stream of this.#streams) stream.cancel();
    }
}

function closedError(serviceId: number): RequestError {
    return new RequestError('WSP-ONCL0', `The connection was closed before service ${serviceId} had answered`);
}

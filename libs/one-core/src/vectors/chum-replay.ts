// One side of a recorded CHUM connection, played to a session of ours: the frames of the other side at their places, and what
// ours sends is compared with what was recorded. How requests and answers interleave is accidental, so that each of ours may come
// early; then it waits for its place. No time passes: a pause ends when the recording has something behind it.
import type { ChumResult, ChumSession } from '../chum/chum-session.ts';
import type { MessageChannel } from '../chum/message-channel.ts';
import { services } from '../chum/services.ts';
import type { Timer } from '../waiter.ts';
import { beginningOf, expectFrame, isSentBy, placeOf, type Frame, type Message, type Place } from './chum-frames.ts';
import { expectEqual } from './expectations.ts';

/** Real time after which somebody who waits for a message is told that none came. */
const PATIENCE_MS = 5_000;
const CLOSE_PREFIX = 'Close called: ';
const REASON_TEXT = '<text>';

export interface ReplayOptions {
    readonly frames: readonly Frame[];
    /** Which one ours is. */
    readonly side: string;
    /** Called when the first frame of this side is due. */
    readonly open: (channel: MessageChannel, timer: Timer) => ChumSession;
    /** Milliseconds of the pauses between passes, and between questions for the version. */
    readonly pauses: { readonly poll: number; readonly version: number };
    /** The whole message of a frame of the other side that is cut. */
    readonly restore?: (frame: Frame) => Promise<Message>;
    /** Called before each frame is due. */
    readonly before?: (frame: Frame) => Promise<void>;
}

/** @throws Error if a message is another one, is missing, or too much */
export async function replay(options: ReplayOptions): Promise<ChumResult> {
    return new Replay(options).run();
}

class Replay {
    readonly #options: ReplayOptions;
    readonly #channel: ReplayChannel;
    readonly #timers: { readonly callback: () => void; readonly ms: number }[] = [];
    #session: ChumSession | undefined;
    #ended = false;
    #changed = Promise.withResolvers<void>();
    /** Services that the other side has asked for, by the numbers of the requests. */
    readonly #asked = new Map<number, number>();
    /** Requests of ours that the other side has not answered. */
    readonly #unanswered = new Set<number>();
    /** That ours has asked for. */
    #lastService: number | undefined;

    constructor(options: ReplayOptions) {
        this.#options = options;
        const close = options.frames.find(frame => frame.close !== undefined)?.close;
        const id = Number(/Chum ended \[(\d+)\]/.exec(close?.reason ?? '')?.[1] ?? 1);
        this.#channel = new ReplayChannel(id, () => this.#wake());
    }

    async run(): Promise<ChumResult> {
        const { frames, side, before } = this.#options;
        try {
            for (const frame of frames) {
                await before?.(frame);
                if (frame.close !== undefined) {
                    await this.#end(frame, frame.close);
                    break;
                }
                if (isSentBy(frame, side)) await this.#expect(frame);
                else await this.#play(frame);
            }
            if (!this.#channel.isClosed || this.#session === undefined) throw new Error('The recording has no end.');
            const result = await this.#session.ended;
            expectEqual(this.#channel.sent, [], 'what was sent besides');
            return result;
        } finally {
            this.#channel.shut();
            for (const { callback } of this.#timers.splice(0)) callback();
            await this.#session?.ended;
        }
    }

    #open(): ChumSession {
        if (this.#session === undefined) {
            this.#session = this.#options.open(this.#channel, (callback, ms) => this.#startTimer(callback, ms));
            void this.#session.ended.then(() => {
                this.#ended = true;
                this.#wake();
            });
        }
        return this.#session;
    }

    async #play(frame: Frame): Promise<void> {
        if (frame.dropped === true) return;
        const isCut = frame.textCut !== undefined || frame.binaryCut !== undefined;
        const message = isCut ? await this.#options.restore?.(frame) : beginningOf(frame);
        if (message === undefined) throw new Error(`Frame ${frame.n} is cut.`);
        const { type, id } = placeOf(beginningOf(frame));
        if (type === 'request') this.#asked.set(id, serviceOf(String(message)));
        if (type === 'answer') this.#unanswered.delete(id);
        this.#channel.deliver(message);
    }

    async #expect(frame: Frame): Promise<void> {
        this.#open();
        const beginning = beginningOf(frame);
        const place = placeOf(beginning);
        const service = typeof beginning === 'string' && place.type === 'request' ? serviceOf(beginning) : undefined;
        const what = `frame ${frame.n ?? 'behind the recorded ones'}, ${place.type} ${place.id}`;
        let message = await this.#until(what, () => {
            const found = this.#channel.take(place);
            if (found === undefined && service !== undefined) this.#fire(service);
            return found;
        });
        if (service !== undefined) this.#unanswered.add(place.id);
        this.#lastService = service ?? this.#lastService;
        // What was sent before a refusal came is nobody's fault (spec 40 §2.6).
        while (isStreamError(frame) && typeof message !== 'string')
            message = await this.#until(what, () => this.#channel.take(place));
        const isRootList = place.type === 'answer' && this.#asked.get(place.id) === services.accessibleRoots;
        await expectFrame(message, frame, isRootList && (frame.text?.includes('"type":"data"') ?? false));
    }

    /** The recording goes on after a pause. */
    #fire(service: number): void {
        const timer = this.#timers.shift();
        if (timer === undefined) return;
        const { poll, version } = this.#options.pauses;
        expectEqual(
            timer.ms,
            service === services.protocolVersion ? version : poll,
            `the pause before service ${service}`,
        );
        timer.callback();
    }

    #startTimer(callback: () => void, ms: number): () => void {
        const timer = { callback, ms };
        this.#timers.push(timer);
        this.#wake();
        return () => {
            const at = this.#timers.indexOf(timer);
            if (at >= 0) this.#timers.splice(at, 1);
        };
    }

    async #end(frame: Frame, { code, reason }: { code: number; reason: string }): Promise<void> {
        const session = this.#open();
        const isOwn = isSentBy(frame, this.#options.side);
        const expected = reason.replace(CLOSE_PREFIX, '');
        const isText = expected.endsWith(REASON_TEXT);
        if (expected.startsWith('Chum ended') && (isOwn || !isText)) {
            const actual = await this.#until('the end', () => this.#channel.closeReason);
            const text = isText ? expected.slice(0, -REASON_TEXT.length) : expected;
            expectEqual(isText ? actual.slice(0, text.length) : actual, text, 'reason of the end');
            return;
        }
        await this.#rest();
        if (isOwn && code === 1000) session.close(expected);
        else this.#channel.shut();
    }

    /** Resolves when ours pauses, waits for an answer that never comes, or has nothing to ask for. */
    async #rest(): Promise<void> {
        const hasMore = this.#lastService !== undefined && this.#lastService !== services.fin;
        if (hasMore && this.#unanswered.size === 0)
            await this.#until('a pause', () => (this.#timers.length > 0 ? true : undefined));
    }

    #wake(): void {
        this.#changed.resolve();
        this.#changed = Promise.withResolvers<void>();
    }

    async #until<T>(what: string, look: () => T | undefined): Promise<T> {
        const end = Date.now() + PATIENCE_MS;
        const patience = setTimeout(() => this.#wake(), PATIENCE_MS);
        try {
            for (;;) {
                const changed = this.#changed.promise;
                const found = look();
                if (found !== undefined) return found;
                if (this.#ended || Date.now() >= end) throw new Error(`${what}: ${this.#shown()}`);
                await changed;
            }
        } finally {
            clearTimeout(patience);
        }
    }

    #shown(): string {
        const sent = this.#channel.sent.map(message => String(message).slice(0, 200)).join('\n');
        return `did not come; ours ${this.#ended ? 'has ended' : 'waits'}, and has sent ${sent === '' ? 'nothing' : sent}`;
    }
}

function isStreamError({ text }: Frame): boolean {
    return text?.includes('"type":"stream-error"') === true;
}

function serviceOf(request: string): number {
    return Number(/"serviceId":(-?\d+)/.exec(request)?.[1]);
}

/** The end of the wire that ours has. */
class ReplayChannel implements MessageChannel {
    readonly id: number;
    readonly bufferedAmount = 0;
    readonly closed: Promise<void>;
    /** And not looked at yet. */
    readonly sent: Message[] = [];
    closeReason: string | undefined;
    isClosed = false;
    readonly #inbox: Message[] = [];
    readonly #onChange: () => void;
    readonly #close: () => void;
    #listener: ((message: Message) => void) | undefined;

    constructor(id: number, onChange: () => void) {
        this.id = id;
        this.#onChange = onChange;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.closed = promise;
        this.#close = resolve;
    }

    send(message: Message): void {
        if (this.isClosed) return;
        this.sent.push(message);
        this.#onChange();
    }

    close(reason = ''): void {
        if (this.isClosed) return;
        this.closeReason = reason;
        this.shut();
    }

    listen(listener: (message: Message) => void): void {
        this.#listener = listener;
        queueMicrotask(() => this.#handOver());
    }

    /** The other side closes it, or it breaks. */
    shut(): void {
        this.isClosed = true;
        this.#close();
        this.#onChange();
    }

    deliver(message: Message): void {
        this.#inbox.push(message);
        queueMicrotask(() => this.#handOver());
    }

    /** The next message at a place. */
    take({ type, id }: Place): Message | undefined {
        const at = this.sent.findIndex(message => {
            const place = placeOf(message);
            return place.type === type && place.id === id;
        });
        return at < 0 ? undefined : this.sent.splice(at, 1)[0];
    }

    #handOver(): void {
        if (this.#listener === undefined || this.isClosed) return;
        for (const message of this.#inbox.splice(0)) this.#listener(message);
    }
}

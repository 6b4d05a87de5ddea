// Two ends of a socket in one process: for tests, which may lose, change and delay what is sent, and for instances side by side.
import { MAX_FRAME } from '../limits.ts';
import { closedRemotely, cutCloseReason } from './close-reason.ts';
import { Drains } from './drains.ts';
import { Inbox } from './inbox.ts';
import type { MessageSocket, SocketClosed } from './message-socket.ts';

export type Frame = string | Uint8Array;

/** What a line may do with a frame. */
export interface Line {
    /** 0: the first socket of the pair. */
    readonly from: 0 | 1;
    /** The next one arrives at the other end; may be called several times, also later, or never. */
    readonly deliver: (frame: Frame) => void;
    /** The network is gone: both sides are closed without a word. */
    readonly cut: () => void;
}

export interface SocketPairOptions {
    /** Told of each frame when all earlier ones of its direction are done; until its promise resolves, the next ones wait. Default: delivers. */
    readonly line?: (frame: Frame, line: Line) => void | Promise<void>;
    /** Bytes of the longest frame. */
    readonly maxFrame?: number;
}

/** Everything arrives in microtasks, so that `send` is over first. Bytes are not copied. */
export function createSocketPair(options: SocketPairOptions = {}): [MessageSocket, MessageSocket] {
    const [first, second] = [new MemorySocket(0, options), new MemorySocket(1, options)];
    first.connect(second);
    second.connect(first);
    return [first, second];
}

class MemorySocket implements MessageSocket {
    readonly closed: Promise<SocketClosed>;
    readonly #resolve: (closed: SocketClosed) => void;
    readonly #from: 0 | 1;
    readonly #line: SocketPairOptions['line'];
    readonly #maxFrame: number;
    #peer: MemorySocket | undefined;
    readonly #inbox = new Inbox(isHeld => {
        this.#isHeld = isHeld;
        this.#peer?.send();
    });
    #isHeld = false;
    /** The last one may be the text of a close frame. */
    readonly #outbox: { readonly frame: Frame; readonly isClose?: boolean }[] = [];
    #isMoving = false;
    #bufferedAmount = 0;
    readonly #drains = new Drains();
    /** What it has said itself. */
    #ownReason: string | undefined;
    #isOver = false;

    constructor(from: 0 | 1, { line, maxFrame = MAX_FRAME }: SocketPairOptions) {
        this.#from = from;
        this.#line = line;
        this.#maxFrame = maxFrame;
        const { promise, resolve } = Promise.withResolvers<SocketClosed>();
        this.closed = promise;
        this.#resolve = resolve;
    }

    connect(peer: MemorySocket): void {
        this.#peer = peer;
    }

    /** Bytes, of texts UTF-16 units. */
    get bufferedAmount(): number {
        return this.#bufferedAmount;
    }

    whenDrained(bytes: number): Promise<void> {
        if (this.#isOver || this.#ownReason !== undefined || this.#bufferedAmount <= bytes) return Promise.resolve();
        return this.#drains.wait(bytes);
    }

    send(frame?: Frame): void {
        if (frame !== undefined) {
            if (this.#isOver || this.#ownReason !== undefined) return;
            this.#outbox.push({ frame });
            this.#bufferedAmount += frame.length;
        }
        if (this.#isMoving) return;
        this.#isMoving = true;
        queueMicrotask(() => void this.#move());
    }

    close(reason: string): void {
        if (this.#isOver || this.#ownReason !== undefined) return;
        this.#ownReason = reason;
        this.#drains.update(0);
        this.#inbox.drop();
        this.#outbox.push({ frame: cutCloseReason(reason), isClose: true });
        this.send();
    }

    terminate(reason: string): void {
        if (this.#isOver) return;
        this.close(reason);
        this.#end({ reason, origin: 'local', isClean: false });
    }

    listen(listener: (frame: Frame) => void): void {
        this.#inbox.listen(listener);
    }

    pause(): void {
        this.#inbox.pause();
    }

    resume(): void {
        this.#inbox.resume();
    }

    /** A frame of the peer. */
    receive(frame: Frame): void {
        if (this.#isOver || this.#ownReason !== undefined) return;
        if (frame.length > this.#maxFrame) this.close(`A frame is longer than ${this.#maxFrame} bytes`);
        else this.#inbox.add(frame);
    }

    /** The close frame of the peer, or the end of the network. */
    receiveClose(closed: SocketClosed): void {
        this.#drains.update(0);
        if (this.#ownReason !== undefined) this.#end({ ...closed, reason: this.#ownReason, origin: 'local' });
        else this.#inbox.whenEmpty(() => this.#end(closed));
    }

    #end(closed: SocketClosed): void {
        this.#isOver = true;
        this.#bufferedAmount = 0;
        this.#drains.update(0);
        this.#resolve(closed);
    }

    async #move(): Promise<void> {
        for (;;) {
            const peer = this.#peer;
            const next = peer === undefined || peer.#isHeld ? undefined : this.#outbox.shift();
            if (peer === undefined || next === undefined) break;
            if (next.isClose === true) {
                const answers = peer.#ownReason === undefined;
                peer.receiveClose(closedRemotely(1000, String(next.frame)));
                // The peer answers with a close frame of its own, or has sent one that is under way.
                if (answers) this.receiveClose({ reason: '', origin: 'local', isClean: true });
            } else {
                await this.#pass(next.frame, peer);
                this.#bufferedAmount = Math.max(0, this.#bufferedAmount - next.frame.length);
                this.#drains.update(this.#bufferedAmount);
            }
            await Promise.resolve();
        }
        this.#isMoving = false;
    }

    async #pass(frame: Frame, peer: MemorySocket): Promise<void> {
        if (this.#line === undefined) {
            peer.receive(frame);
            return;
        }
        await this.#line(frame, {
            from: this.#from,
            deliver: each => peer.receive(each),
            cut: () => {
                for (const end of [this, peer]) {
                    end.#outbox.length = 0;
                    end.receiveClose(closedRemotely(1006, ''));
                }
            },
        });
    }
}

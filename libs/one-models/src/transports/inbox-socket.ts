import { cutCloseReason } from './close-reason.ts';
import { Drains } from './drains.ts';
import type { Inbox } from './inbox.ts';
import type { MessageSocket, SocketClosed } from './message-socket.ts';

/** What sockets over a WebSocket have in common: frames wait for a listener, and who closes is heard once. */
export abstract class InboxSocket implements MessageSocket {
    readonly closed: Promise<SocketClosed>;
    protected readonly inbox: Inbox;
    /** How this side has closed it. */
    protected own: SocketClosed | undefined;
    readonly #resolve: (closed: SocketClosed) => void;
    readonly #drains = new Drains();
    #isWatched = false;

    constructor(inbox: Inbox) {
        this.inbox = inbox;
        const { promise, resolve } = Promise.withResolvers<SocketClosed>();
        this.closed = promise;
        this.#resolve = resolve;
    }

    abstract get bufferedAmount(): number;
    abstract send(frame: string | Uint8Array): void;
    /** Whether frames can be sent. */
    protected abstract get isOpen(): boolean;
    protected abstract sendClose(code: number, reason: string): void;
    /** Calls back once, when less is buffered than now. Need not, if the socket ends. */
    protected abstract whenLess(callback: () => void): void;

    whenDrained(bytes: number): Promise<void> {
        if (!this.isOpen || this.bufferedAmount <= bytes) return Promise.resolve();
        const drained = this.#drains.wait(bytes);
        this.#watch();
        return drained;
    }

    close(reason: string): void {
        if (!this.isOpen) return;
        this.own = { reason, origin: 'local', isClean: false };
        this.inbox.drop();
        this.sendClose(1000, cutCloseReason(reason));
        this.#drains.update(0);
    }

    terminate(reason: string): void {
        this.close(reason);
        if (this.own !== undefined) this.#resolve(this.own);
    }

    listen(listener: (frame: string | Uint8Array) => void): void {
        this.inbox.listen(listener);
    }

    pause(): void {
        this.inbox.pause();
    }

    resume(): void {
        this.inbox.resume();
    }

    /** After everything that came before it was handed over. */
    protected end(closed: SocketClosed): void {
        this.#drains.update(0);
        this.inbox.whenEmpty(() => this.#resolve(closed));
    }

    #watch(): void {
        if (this.#isWatched) return;
        this.#isWatched = true;
        this.whenLess(() => {
            this.#isWatched = false;
            if (this.#drains.update(this.isOpen ? this.bufferedAmount : 0)) this.#watch();
        });
    }
}

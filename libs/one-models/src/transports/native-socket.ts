import { ConnectionError } from '../connections/connection-error.ts';
import { MAX_FRAME, MAX_UNREAD, OPEN_MS } from '../limits.ts';
import { closedRemotely, cutCloseReason } from './close-reason.ts';
import { Inbox } from './inbox.ts';
import type { Dial, MessageSocket, SocketClosed } from './message-socket.ts';
import { openFailed } from './open-failed.ts';

/** By the WebSocket of the browser, or the one that Node has itself. */
export const dialNative: Dial = async (url, { timeoutMs = OPEN_MS, maxFrame = MAX_FRAME } = {}) => {
    let socket: WebSocket;
    let host: string;
    try {
        // A browser would take a text that is no URL for a part of its page's.
        ({ host } = new URL(url));
        socket = new WebSocket(url);
    } catch (error) {
        throw openFailed(error);
    }
    // Set before anything can come: the default are Blobs.
    socket.binaryType = 'arraybuffer';
    return new Promise<MessageSocket>((resolve, reject) => {
        const timer = setTimeout(() => {
            reject(new ConnectionError('OPEN_TIMEOUT', 'Timeout expired'));
            socket.close();
        }, timeoutMs);
        socket.onopen = () => {
            clearTimeout(timer);
            resolve(new NativeSocket(socket, maxFrame));
        };
        // Why, no page is told.
        socket.onerror = () => undefined;
        socket.onclose = () => {
            clearTimeout(timer);
            reject(openFailed(`${host} does not answer`));
        };
    });
};

/** From the moment it is open. Neither pauses nor limits frames before they are here: what is not taken counts, and too much closes it. */
class NativeSocket implements MessageSocket {
    readonly closed: Promise<SocketClosed>;
    readonly #socket: WebSocket;
    readonly #maxFrame: number;
    readonly #inbox = new Inbox();
    readonly #resolve: (closed: SocketClosed) => void;
    #own: SocketClosed | undefined;

    constructor(socket: WebSocket, maxFrame: number) {
        this.#socket = socket;
        this.#maxFrame = maxFrame;
        const { promise, resolve } = Promise.withResolvers<SocketClosed>();
        this.closed = promise;
        this.#resolve = resolve;
        socket.onmessage = ({ data }: { readonly data: string | ArrayBuffer }) => this.#receive(data);
        socket.onclose = ({ code, reason }) => this.#end(code, reason);
    }

    get bufferedAmount(): number {
        return this.#own === undefined ? this.#socket.bufferedAmount : 0;
    }

    send(frame: string | Uint8Array): void {
        if (this.#own !== undefined || this.#socket.readyState !== WebSocket.OPEN) return;
        this.#socket.send(frame);
    }

    close(reason: string): void {
        if (this.#own !== undefined || this.#socket.readyState !== WebSocket.OPEN) return;
        this.#own = { reason, origin: 'local' };
        this.#inbox.drop();
        this.#socket.close(1000, cutCloseReason(reason));
    }

    terminate(reason: string): void {
        this.close(reason);
        if (this.#own !== undefined) this.#resolve(this.#own);
    }

    listen(listener: (frame: string | Uint8Array) => void): void {
        this.#inbox.listen(listener);
    }

    pause(): void {
        this.#inbox.pause();
    }

    resume(): void {
        this.#inbox.resume();
    }

    #receive(data: string | ArrayBuffer): void {
        if (this.#own !== undefined) return;
        const frame = typeof data === 'string' ? data : new Uint8Array(data);
        if (frame.length > this.#maxFrame) {
            this.close(`A frame is longer than ${this.#maxFrame} bytes`);
            return;
        }
        this.#inbox.add(frame);
        if (this.#inbox.unread > MAX_UNREAD) this.terminate('Too much has come that was not taken');
    }

    #end(code: number, reason: string): void {
        const closed = this.#own ?? closedRemotely(code, reason);
        this.#inbox.whenEmpty(() => this.#resolve(closed));
    }
}

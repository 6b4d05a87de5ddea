import { ConnectionError } from '../connections/connection-error.ts';
import { DRAIN_LOOK_MS, MAX_FRAME, MAX_UNREAD, OPEN_MS } from '../limits.ts';
import { closedRemotely, LOST } from './close-reason.ts';
import { InboxSocket } from './inbox-socket.ts';
import { Inbox } from './inbox.ts';
import type { Dial, MessageSocket } from './message-socket.ts';
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
class NativeSocket extends InboxSocket {
    readonly #socket: WebSocket;
    readonly #maxFrame: number;

    constructor(socket: WebSocket, maxFrame: number) {
        super(new Inbox());
        this.#socket = socket;
        this.#maxFrame = maxFrame;
        socket.onmessage = ({ data }: { readonly data: string | ArrayBuffer }) => this.#receive(data);
        socket.onclose = ({ code, reason }) => this.#end(code, reason);
    }

    override get bufferedAmount(): number {
        return this.own === undefined ? this.#socket.bufferedAmount : 0;
    }

    override send(frame: string | Uint8Array): void {
        if (!this.isOpen) return;
        this.#socket.send(frame);
    }

    protected override get isOpen(): boolean {
        return this.own === undefined && this.#socket.readyState === WebSocket.OPEN;
    }

    protected override sendClose(code: number, reason: string): void {
        this.#socket.close(code, reason);
    }

    /** There is no event for it. */
    protected override whenLess(callback: () => void): void {
        setTimeout(callback, DRAIN_LOOK_MS);
    }

    #receive(data: string | ArrayBuffer): void {
        if (this.own !== undefined) return;
        const frame = typeof data === 'string' ? data : new Uint8Array(data);
        if (frame.length > this.#maxFrame) {
            this.close(`A frame is longer than ${this.#maxFrame} bytes`);
            return;
        }
        this.inbox.add(frame);
        if (this.inbox.unread > MAX_UNREAD) this.terminate('Too much has come that was not taken');
    }

    #end(code: number, reason: string): void {
        const closed = this.own ? { ...this.own, isClean: code !== LOST } : closedRemotely(code, reason);
        this.end(closed);
    }
}

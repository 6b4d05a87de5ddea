import type { Duplex } from 'node:stream';
import type { ClientOptions, WebSocket } from 'ws';
import { CLOSE_MS, MAX_FRAME } from '../../limits.ts';
import { closedRemotely, cutCloseReason } from '../../transports/close-reason.ts';
import { Inbox } from '../../transports/inbox.ts';
import type { MessageSocket, SocketClosed } from '../../transports/message-socket.ts';

/** What both sides give to ws (spec 50 §1). */
export function wsOptions(maxFrame = MAX_FRAME): ClientOptions & { readonly closeTimeout: number } {
    return { perMessageDeflate: false, maxPayload: maxFrame, closeTimeout: CLOSE_MS };
}

/** A WebSocket of the package ws, from the moment it is open. */
export class WsSocket implements MessageSocket {
    readonly closed: Promise<SocketClosed>;
    readonly #ws: WebSocket;
    readonly #stream: Duplex;
    readonly #inbox: Inbox;
    readonly #resolve: (closed: SocketClosed) => void;
    #isCorked = false;
    #own: SocketClosed | undefined;
    #fault: string | undefined;

    /** @param stream what it writes to */
    constructor(ws: WebSocket, stream: Duplex) {
        this.#ws = ws;
        this.#stream = stream;
        this.#inbox = new Inbox(isHeld => {
            if (isHeld) ws.pause();
            else ws.resume();
        });
        const { promise, resolve } = Promise.withResolvers<SocketClosed>();
        this.closed = promise;
        this.#resolve = resolve;
        ws.on('message', (data, isBinary) => this.#receive(data, isBinary));
        ws.on('error', error => this.#fail(error));
        ws.once('close', (code, reason) => this.#end(code, reason.toString()));
    }

    get bufferedAmount(): number {
        return this.#own === undefined ? this.#ws.bufferedAmount : 0;
    }

    send(frame: string | Uint8Array): void {
        if (this.#own !== undefined || this.#ws.readyState !== this.#ws.OPEN) return;
        this.#cork();
        this.#ws.send(frame);
    }

    close(reason: string): void {
        if (this.#own !== undefined || this.#ws.readyState !== this.#ws.OPEN) return;
        this.#own = { reason, origin: 'local' };
        this.#inbox.drop();
        this.#ws.close(1000, cutCloseReason(reason));
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

    #receive(data: WebSocket.RawData, isBinary: boolean): void {
        if (this.#own !== undefined || !Buffer.isBuffer(data)) return;
        // No copy: whoever decrypts it makes one.
        this.#inbox.add(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.length) : data.toString());
    }

    /** What is sent in one tick is one call of the system. */
    #cork(): void {
        if (this.#isCorked) return;
        this.#isCorked = true;
        this.#stream.cork();
        process.nextTick(() => {
            this.#isCorked = false;
            this.#stream.uncork();
        });
    }

    #fail(error: Error): void {
        const isOfPeer = 'code' in error && String(error.code).startsWith('WS_ERR_');
        // ws has sent a close frame itself then, with the code that says why; an answer need not come.
        if (isOfPeer) this.#own ??= { reason: `The peer has sent what is no frame: ${error.message}`, origin: 'local' };
        const own = this.#own;
        if (isOfPeer && own !== undefined) this.#inbox.whenEmpty(() => this.#resolve(own));
        this.#fault ??= `The connection was lost: ${error.message}`;
    }

    #end(code: number, reason: string): void {
        const closed = this.#own ?? closedRemotely(code, reason, code === 1006 ? this.#fault : undefined);
        this.#inbox.whenEmpty(() => this.#resolve(closed));
    }
}

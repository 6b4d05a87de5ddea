import type { Duplex } from 'node:stream';
import type { ClientOptions, WebSocket } from 'ws';
import { CLOSE_MS, MAX_FRAME } from '../../limits.ts';
import { closedRemotely, LOST } from '../../transports/close-reason.ts';
import { Inbox } from '../../transports/inbox.ts';
import { InboxSocket } from '../../transports/inbox-socket.ts';

const NOTHING = new Uint8Array();

/** What both sides give to ws (spec 50 §1). */
export function wsOptions(maxFrame = MAX_FRAME): ClientOptions & { readonly closeTimeout: number } {
    return { perMessageDeflate: false, maxPayload: maxFrame, closeTimeout: CLOSE_MS };
}

/** A WebSocket of the package ws, from the moment it is open. */
export class WsSocket extends InboxSocket {
    readonly #ws: WebSocket;
    readonly #stream: Duplex;
    #isCorked = false;
    #fault: string | undefined;

    /** @param stream what it writes to */
    constructor(ws: WebSocket, stream: Duplex) {
        super(
            new Inbox(isHeld => {
                if (isHeld) ws.pause();
                else ws.resume();
            }),
        );
        this.#ws = ws;
        this.#stream = stream;
        ws.on('message', (data, isBinary) => this.#receive(data, isBinary));
        ws.on('error', error => this.#fail(error));
        ws.once('close', (code, reason) => this.#end(code, reason.toString()));
    }

    override get bufferedAmount(): number {
        return this.own === undefined ? this.#ws.bufferedAmount : 0;
    }

    override send(frame: string | Uint8Array): void {
        if (!this.isOpen) return;
        this.#cork();
        this.#ws.send(frame);
    }

    /**
     * Changes the longest frame that is accepted. The package has no call for it, as it takes one limit for a whole server; should a version
     * of it keep the limit elsewhere, the one it was opened with stays.
     */
    setMaxFrame(bytes: number): void {
        const receiver: unknown = Reflect.get(this.#ws, '_receiver');
        if (typeof receiver === 'object' && receiver !== null && '_maxPayload' in receiver)
            receiver._maxPayload = bytes;
    }

    protected override get isOpen(): boolean {
        return this.own === undefined && this.#ws.readyState === this.#ws.OPEN;
    }

    protected override sendClose(code: number, reason: string): void {
        this.#ws.close(code, reason);
    }

    /** An empty write is over when all before it are. (The event `drain` comes only if more has waited than the stream likes.) */
    protected override whenLess(callback: () => void): void {
        this.#stream.write(NOTHING, error => {
            // The stream is gone then, and the socket with it.
            if (!error) callback();
        });
    }

    #receive(data: WebSocket.RawData, isBinary: boolean): void {
        if (this.own !== undefined || !Buffer.isBuffer(data)) return;
        // No copy: whoever decrypts it makes one.
        this.inbox.add(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.length) : data.toString());
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
        if (isOfPeer)
            this.own ??= {
                reason: `The peer has sent what is no frame: ${error.message}`,
                origin: 'local',
                isClean: false,
            };
        if (isOfPeer && this.own !== undefined) this.end(this.own);
        this.#fault ??= `The connection was lost: ${error.message}`;
    }

    #end(code: number, reason: string): void {
        const closed = this.own
            ? { ...this.own, isClean: code !== LOST }
            : closedRemotely(code, reason, code === LOST ? this.#fault : undefined);
        this.end(closed);
    }
}

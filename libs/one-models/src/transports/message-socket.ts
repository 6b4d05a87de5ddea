/** How a socket has ended. */
export interface SocketClosed {
    /** Text of the close frame, or why there is none. For logs and people only: peers may write anything (spec 50 §8). */
    readonly reason: string;
    readonly origin: 'local' | 'remote';
    /** A close frame of the peer has come: of a socket that was closed here, that the peer has got everything that was sent before. */
    readonly isClean: boolean;
}

/** One open WebSocket, wherever it comes from (spec 50 §1): ordered frames that are texts or bytes. */
export interface MessageSocket {
    /** Bytes that are not handed to the network yet. */
    readonly bufferedAmount: number;
    /** Resolves when at most so many of them are left, or nothing can be sent any more. Never rejects. */
    whenDrained(bytes: number): Promise<void>;
    /** Resolves when nothing can be sent any more, and never rejects. */
    readonly closed: Promise<SocketClosed>;
    /** Does nothing once the socket is closed. */
    send(frame: string | Uint8Array): void;
    /** Closes with code 1000; of the reason 123 bytes are sent, cut between characters (spec 50 §2.1). */
    close(reason: string): void;
    /** The same without waiting for the peer: it counts as closed at once. */
    terminate(reason: string): void;
    /** Has every frame handed over, in order; what came before is handed over first. One listener at a time. */
    listen(listener: (frame: string | Uint8Array) => void): void;
    /** Takes no more frames from the network until `resume`, so that the sender is held back. A browser cannot do so: it does nothing. */
    pause(): void;
    resume(): void;
}

export interface DialOptions {
    /** Milliseconds until the attempt fails; default: 5 000 (spec 50 §2.1). */
    readonly timeoutMs?: number;
    /** Bytes of the longest frame that is accepted. */
    readonly maxFrame?: number;
}

/** Opens a socket to an URL. @throws ConnectionError `OPEN_TIMEOUT`, `OPEN_FAILED`; nothing stays open */
export type Dial = (url: string, options?: DialOptions) => Promise<MessageSocket>;

/** Waits for sockets that others open. */
export interface SocketListener extends AsyncDisposable {
    /** Where it listens; the port that was given to it, if it asked for any. */
    readonly url: string;
}

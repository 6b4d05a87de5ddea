import type { MessageChannel } from '@refinio/one.core';
import type { WebSocket } from 'ws';

/** A bare WebSocket as a channel: what lies between it and CHUM in a connection (encryption, keep-alive) is not measured here. */
export class WebSocketChannel implements MessageChannel {
    readonly id = 1;
    readonly closed: Promise<void>;
    readonly #socket: WebSocket;
    readonly #early: (string | Uint8Array)[] = [];
    #listener: ((message: string | Uint8Array) => void) | undefined;
    sent = 0;

    constructor(socket: WebSocket) {
        this.#socket = socket;
        this.closed = new Promise(resolve => socket.once('close', resolve));
        socket.on('message', (data: Buffer, isBinary: boolean) => {
            const message = isBinary ? new Uint8Array(data) : data.toString();
            if (this.#listener === undefined) this.#early.push(message);
            else this.#listener(message);
        });
    }

    get bufferedAmount(): number {
        return this.#socket.bufferedAmount;
    }

    send(message: string | Uint8Array): void {
        this.sent++;
        if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(message);
    }

    close(reason = ''): void {
        this.#socket.close(1000, Buffer.from(reason).subarray(0, 100).toString());
    }

    listen(listener: (message: string | Uint8Array) => void): void {
        this.#listener = listener;
        for (const message of this.#early.splice(0)) listener(message);
    }
}

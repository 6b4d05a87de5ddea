import { byteLength, type Message } from '../message.ts';

/** How a connection has ended (spec 50 §2.2). `reason` of a peer is for logs and people only: it may write anything. */
export interface CloseEvent {
    readonly type: 'closed';
    readonly reason: string;
    readonly origin: 'local' | 'remote';
}

export interface ConnectionStatistics {
    /** Of the frames, as they are on the wire, without the headers of WebSockets. */
    readonly bytesSent: number;
    readonly bytesReceived: number;
    /** Milliseconds since 1970. */
    readonly openTime: number;
    readonly closeTime?: number;
    readonly closeEvent?: CloseEvent;
}

/** Counts what passes the socket. */
export class StatisticsCounter {
    readonly #now: () => number;
    readonly #openTime: number;
    #bytesSent = 0;
    #bytesReceived = 0;
    #end: Pick<ConnectionStatistics, 'closeTime' | 'closeEvent'> = {};

    constructor(now: () => number = Date.now) {
        this.#now = now;
        this.#openTime = now();
    }

    /** As they are now. */
    get statistics(): ConnectionStatistics {
        const [bytesSent, bytesReceived, openTime] = [this.#bytesSent, this.#bytesReceived, this.#openTime];
        return { bytesSent, bytesReceived, openTime, ...this.#end };
    }

    sent(frame: Message): void {
        this.#bytesSent += byteLength(frame);
    }

    received(frame: Message): void {
        this.#bytesReceived += byteLength(frame);
    }

    closed(closeEvent: CloseEvent): void {
        this.#end = { closeTime: this.#now(), closeEvent };
    }
}

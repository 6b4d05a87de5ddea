import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { REFUSED_MS } from '../../limits.ts';
import { cutCloseReason } from '../../transports/close-reason.ts';

/** Opens the WebSocket and closes it at once, as only in a close frame the client can be told why. */
export function refuseUpgrade(
    upgrades: WebSocketServer,
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    reason: string,
): void {
    upgrades.handleUpgrade(request, stream, head, ws => {
        ws.on('error', () => undefined);
        ws.close(1000, cutCloseReason(reason));
        const timer = setTimeout(() => ws.terminate(), REFUSED_MS);
        ws.once('close', () => clearTimeout(timer));
    });
}

/** Ends a request without a WebSocket. */
export function answer(stream: Duplex, status: string): void {
    stream.on('error', () => undefined);
    stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => stream.destroy());
}

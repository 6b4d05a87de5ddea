import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { ConnectionError } from '../../connections/connection-error.ts';
import { OPEN_MS } from '../../limits.ts';
import { openFailed } from '../../transports/open-failed.ts';
import type { DialOptions, MessageSocket } from '../../transports/message-socket.ts';
import { wsOptions, WsSocket } from './ws-socket.ts';

export interface WsDialOptions extends DialOptions {
    /** Said in the header `Authorization: Bearer …`. */
    readonly token?: string;
}

/**
 * By the package ws: unlike the socket that Node has itself, it can pause, and limits frames before it reads them.
 * @throws ConnectionError `OPEN_TIMEOUT`, `OPEN_FAILED`; nothing stays open
 */
export async function dialWs(url: string, options: WsDialOptions = {}): Promise<MessageSocket> {
    const { timeoutMs = OPEN_MS, maxFrame, token } = options;
    let ws: WebSocket;
    try {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        ws = new WebSocket(url, { ...wsOptions(maxFrame), headers });
    } catch (error) {
        throw openFailed(error);
    }
    return new Promise<MessageSocket>((resolve, reject) => {
        let stream: Duplex | undefined;
        const timer = setTimeout(() => {
            reject(new ConnectionError('OPEN_TIMEOUT', 'Timeout expired'));
            ws.terminate();
        }, timeoutMs);
        ws.once('upgrade', response => (stream = response.socket));
        ws.once('open', () => {
            clearTimeout(timer);
            if (stream !== undefined) resolve(new WsSocket(ws, stream));
        });
        // Not once: one that is terminated reports that, too.
        ws.on('error', error => {
            clearTimeout(timer);
            reject(openFailed(error));
        });
    });
}

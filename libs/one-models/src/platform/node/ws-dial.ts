import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { ConnectionError } from '../../connections/connection-error.ts';
import { OPEN_MS } from '../../limits.ts';
import { openFailed } from '../../transports/open-failed.ts';
import type { Dial, MessageSocket } from '../../transports/message-socket.ts';
import { wsOptions, WsSocket } from './ws-socket.ts';

/** By the package ws: unlike the socket that Node has itself, it can pause, and limits frames before it reads them. */
export const dialWs: Dial = async (url, { timeoutMs = OPEN_MS, maxFrame } = {}) => {
    let ws: WebSocket;
    try {
        ws = new WebSocket(url, wsOptions(maxFrame));
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
};

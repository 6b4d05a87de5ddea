// For tests: both sides of a communication server, in memory and with a clock that stands still.
import { jest } from '@jest/globals';
import { createKeyPair, CryptoApi, uint8ArrayToHex } from '@refinio/one.core';
import { createSocketPair, type Frame, type SocketPairOptions } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import type { RelayClient } from './relay-client.ts';
import { RelayListener, type RelayListenerState } from './relay-listener.ts';
import type { RelayServer } from './relay-server.ts';

/** What one end of a socket has seen. */
export class End {
    readonly frames: Frame[] = [];
    reason: string | undefined;
    readonly socket: MessageSocket;

    constructor(socket: MessageSocket) {
        this.socket = socket;
        socket.listen(frame => this.frames.push(frame));
        void socket.closed.then(({ reason }) => (this.reason = reason));
    }

    send(frame: unknown): void {
        this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
    }

    async next(): Promise<Record<string, string>> {
        await tick();
        return JSON.parse(String(this.frames.shift())) as Record<string, string>;
    }
}

export function connectTo(server: RelayServer, options?: SocketPairOptions, client?: RelayClient): End {
    const [near, far] = createSocketPair(options);
    server.accept(far, client);
    return new End(near);
}

/** Time goes on; before and after it, everything that is under way comes to its end. */
export async function tick(ms = 0): Promise<void> {
    for (let i = 0; i < 5; i++) await turn();
    await jest.advanceTimersByTimeAsync(ms);
    for (let i = 0; i < 5; i++) await turn();
}

/** One turn of the event loop: `setImmediate` is for Node only, and timers stand still. */
function turn(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    return new Promise(resolve => {
        port1.onmessage = () => {
            port1.close();
            resolve();
        };
        port2.postMessage(undefined);
    });
}

export function useClockOfTests(): void {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'setImmediate', 'nextTick', 'performance'] });
}

export const hexKey = (keys: { readonly publicKey: Uint8Array }): string => uint8ArrayToHex(keys.publicKey);

export const requestFor = (target: string, source = 'ab'.repeat(32)) => ({
    ...{ command: 'communication_request', sourcePublicKey: source, targetPublicKey: target },
});

/** An instance that keeps itself reachable; each requester gets an end. */
export function listenAt(
    server: () => RelayServer,
    keys = createKeyPair(),
    options: { spares?: number; retryMs?: number } = {},
) {
    const [api, accepted, states, errors] = [
        new CryptoApi(keys),
        [] as End[],
        [] as RelayListenerState[],
        [] as unknown[],
    ];
    const dialled: MessageSocket[] = [];
    const listener = new RelayListener({
        ...{ url: 'memory:', crypto: api, onConnection: socket => accepted.push(new End(socket)) },
        dial: () => {
            const [near, far] = createSocketPair();
            dialled.push(near);
            server().accept(far);
            return Promise.resolve(near);
        },
        onError: error => errors.push(error),
        ...options,
    });
    listener.onStateChange.listen(state => states.push(state));
    listener.start();
    return { listener, accepted, states, errors, dialled, key: hexKey(keys) };
}

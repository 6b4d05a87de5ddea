import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ConnectionError } from '../../connections/connection-error.ts';
import { MAX_SOCKETS, UPGRADE_MS } from '../../limits.ts';
import type { MessageSocket, SocketListener } from '../../transports/message-socket.ts';
import { wsOptions, WsSocket } from './ws-socket.ts';

export interface ListenOptions {
    /** Addresses, all with the same port; those that this machine does not have are left out. Default: loopback. */
    readonly hosts?: readonly string[];
    /** 0: any that is free on all of them. */
    readonly port: number;
    /** Bytes of the longest frame that is accepted. */
    readonly maxFrame?: number;
    /** Sockets of each address; further ones are closed at once. */
    readonly maxSockets?: number;
    /** It is for the keys in the first frame to say which instance is meant: one listener serves all of them. */
    readonly onSocket: (socket: MessageSocket, from: SocketOrigin) => void;
}

/** Where a socket comes from; for logs and limits. */
export interface SocketOrigin {
    readonly address: string;
    /** The page that has opened it, as its browser says. */
    readonly origin: string | undefined;
}

const LOOPBACK = ['127.0.0.1', '::1'];
/** Attempts to find a port that is free on all addresses. */
const ATTEMPTS = 20;

/** Sockets that are open outlive it (spec 50 §9.1). @throws ConnectionError `LISTEN_FAILED` */
export async function listenWs(options: ListenOptions): Promise<SocketListener> {
    for (let attempt = 1; ; attempt++)
        try {
            return await listen(options);
        } catch (error) {
            const isTaken = options.port === 0 && codeOf(error) === 'EADDRINUSE';
            if (isTaken && attempt < ATTEMPTS) continue;
            const text = error instanceof Error ? error.message : String(error);
            throw new ConnectionError('LISTEN_FAILED', `Cannot listen: ${text}`, { cause: error });
        }
}

async function listen({ hosts = LOOPBACK, port, ...options }: ListenOptions): Promise<SocketListener> {
    const { maxFrame, onSocket } = options;
    const upgrades = new WebSocketServer({ ...wsOptions(maxFrame), noServer: true, clientTracking: false });
    const servers: Server[] = [];
    const close = async (): Promise<void> => {
        for (const server of servers) {
            server.close();
            server.closeAllConnections();
        }
        // The ports are free then; waiting for `close` would be waiting for all sockets.
        await new Promise(resolve => setImmediate(resolve));
    };
    let url: string | undefined;
    try {
        for (const host of hosts) {
            const server = createUpgradingServer(options.maxSockets, (request, stream, head) =>
                upgrades.handleUpgrade(request, stream, head, ws =>
                    onSocket(new WsSocket(ws, stream), {
                        address: request.socket.remoteAddress ?? '',
                        origin: request.headers.origin,
                    }),
                ),
            );
            if (!(await bind(server, host, port))) continue;
            servers.push(server);
            port = (server.address() as AddressInfo).port;
            url ??= `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`;
        }
        if (url === undefined) throw new Error(`this machine has none of the addresses ${hosts.join(', ')}`);
    } catch (error) {
        await close();
        throw error;
    }
    return { url, [Symbol.asyncDispose]: close };
}

function createUpgradingServer(
    maxSockets = MAX_SOCKETS,
    onUpgrade: (request: IncomingMessage, stream: Duplex, head: Buffer) => void,
): Server {
    const limits = { headersTimeout: UPGRADE_MS, requestTimeout: UPGRADE_MS, connectionsCheckingInterval: 1_000 };
    const server = createServer(limits, (_, response) => {
        response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
    });
    server.maxConnections = maxSockets;
    server.on('upgrade', onUpgrade);
    // A connection that cannot be accepted, as too many files are open, is no reason to end the process.
    server.on('error', () => undefined);
    return server;
}

/** @returns whether this machine has the address */
async function bind(server: Server, host: string, port: number): Promise<boolean> {
    try {
        await new Promise<void>((resolve, reject) => {
            server.once('error', reject);
            server.listen({ host, port, ipv6Only: isIPv6(host) }, () => {
                server.off('error', reject);
                resolve();
            });
        });
        return true;
    } catch (error) {
        if (['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error))) return false;
        throw error;
    }
}

function codeOf(error: unknown): string {
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

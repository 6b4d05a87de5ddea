import { hash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ConnectionError } from '../../connections/connection-error.ts';
import { MAX_SOCKETS, PROBE_MS, UPGRADE_MS } from '../../limits.ts';
import type { MessageSocket, SocketListener } from '../../transports/message-socket.ts';
import { ClientAddresses } from './client-address.ts';
import { answer, refuseUpgrade } from './refuse-upgrade.ts';
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
    /** Addresses or networks (10.0.0.0/8) of proxies that are believed where a socket comes from, by `X-Forwarded-For`. Default: none. */
    readonly trustedProxies?: readonly string[];
    /** Who may open sockets. Default: everybody. */
    readonly gate?: SocketGate;
    /** What clients have to say in the header `Authorization: Bearer …`. Default: nothing. */
    readonly token?: string;
    /** It is for the keys in the first frame to say which instance is meant: one listener serves all of them. */
    readonly onSocket: (socket: MessageSocket, from: SocketOrigin) => void;
}

/** Decides who may open sockets, by addresses: of the client, or of the proxy that is believed. */
export interface SocketGate {
    /** A connection, of which nothing was read yet if it does not come from a proxy. False drops it; it does not leave then. */
    enter(address: string): boolean;
    /** A connection that has entered is gone. */
    leave(address: string): void;
    /** It wants to be a WebSocket; a text refuses that, and is the reason in the close frame. */
    refuse(address: string): string | undefined;
    /** A connection was dropped, as there are `maxSockets`. */
    full(): void;
}

/** Where a socket comes from; for logs and limits. */
export interface SocketOrigin {
    readonly address: string;
    /** Whether somebody who is not trusted says that it comes from elsewhere: a proxy that is missing among the trusted ones, or a lie. */
    readonly isForwarded: boolean;
    /** The page that has opened it, as its browser says. */
    readonly origin: string | undefined;
    /** Changes the longest frame that is accepted. */
    readonly setMaxFrame: (bytes: number) => void;
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

async function listen(options: ListenOptions): Promise<SocketListener> {
    const { hosts = LOOPBACK } = options;
    const onUpgrade = createUpgrade(options);
    const servers: Server[] = [];
    const close = async (): Promise<void> => {
        for (const server of servers) {
            server.close();
            server.closeAllConnections();
        }
        // The ports are free then; waiting for `close` would be waiting for all sockets.
        await new Promise(resolve => setImmediate(resolve));
    };
    let { port } = options;
    let url: string | undefined;
    try {
        for (const host of hosts) {
            const server = createUpgradingServer(options, onUpgrade);
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

type OnUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => void;

/** What becomes of a request for a WebSocket. */
function createUpgrade({ maxFrame, token, trustedProxies, gate, onSocket }: ListenOptions): OnUpgrade {
    const upgrades = new WebSocketServer({ ...wsOptions(maxFrame), noServer: true, clientTracking: false });
    const addresses = new ClientAddresses(trustedProxies);
    return (request, stream, head) => {
        if (token !== undefined && !isAuthorized(request, token)) {
            answer(stream, '401 Unauthorized');
            return;
        }
        const address = addresses.of(request);
        const isOfProxy = addresses.isProxy(request.socket.remoteAddress ?? '');
        if (isOfProxy && gate !== undefined) {
            if (!gate.enter(address)) {
                answer(stream, '429 Too Many Requests');
                return;
            }
            stream.once('close', () => gate.leave(address));
        }
        const refusal = gate?.refuse(address);
        if (refusal !== undefined) {
            refuseUpgrade(upgrades, request, stream, head, refusal);
            return;
        }
        const { origin } = request.headers;
        const isForwarded = !isOfProxy && request.headers['x-forwarded-for'] !== undefined;
        upgrades.handleUpgrade(request, stream, head, ws => {
            const socket = new WsSocket(ws, stream);
            onSocket(socket, { address, isForwarded, origin, setMaxFrame: bytes => socket.setMaxFrame(bytes) });
        });
    };
}

function isAuthorized({ headers }: IncomingMessage, token: string): boolean {
    // Of equal length, whatever was sent.
    const hashed = (text: string): Buffer => hash('sha256', text, 'buffer');
    return timingSafeEqual(hashed(headers.authorization ?? ''), hashed(`Bearer ${token}`));
}

function createUpgradingServer(
    { maxSockets = MAX_SOCKETS, trustedProxies, gate }: ListenOptions,
    onUpgrade: OnUpgrade,
): Server {
    const limits = { headersTimeout: UPGRADE_MS, requestTimeout: UPGRADE_MS, connectionsCheckingInterval: 1_000 };
    // By TCP: of a relay whose two sides have vanished nobody else would notice.
    const probes = { keepAlive: true, keepAliveInitialDelay: PROBE_MS };
    const server = createServer({ ...limits, ...probes }, (_, response) => {
        response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
    });
    server.maxConnections = maxSockets;
    server.on('upgrade', onUpgrade);
    // A connection that cannot be accepted, as too many files are open, is no reason to end the process.
    server.on('error', () => undefined);
    if (gate === undefined) return server;
    const addresses = new ClientAddresses(trustedProxies);
    server.on('drop', () => gate.full());
    server.on('connection', stream => {
        const address = stream.remoteAddress ?? '';
        // Whose connection of a proxy it is, its request says.
        if (addresses.isProxy(address)) return;
        if (gate.enter(address)) stream.once('close', () => gate.leave(address));
        else stream.destroy();
    });
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

import { uint8ArrayToHex } from '@refinio/one.core';
import { MAX_STRANGERS } from '../../limits.ts';
import type { MessageSocket, SocketListener } from '../../transports/message-socket.ts';
import { ConnectionError } from '../connection-error.ts';
import { Connection, type ConnectionOptions } from '../connection.ts';
import { acceptHandshake, type LocalKey } from '../handshake.ts';

/** Waits for sockets on all addresses of the list, or on loopback; port 0: any. @throws ConnectionError `LISTEN_FAILED` */
export type Listen = (options: {
    readonly hosts?: readonly string[];
    readonly port: number;
    readonly onSocket: (socket: MessageSocket) => void;
}) => Promise<SocketListener>;

/** A key that connections are accepted for. */
export interface ListeningKey extends LocalKey {
    /** Has a connection after its handshake, with the key that the peer has proved to hold. */
    readonly onHandshake: (connection: Connection, remoteKey: string) => void;
}

/** A key on a listener; disposing of it takes it away. Connections that are open live on. */
export interface Listening extends AsyncDisposable {
    /** Where the listener can be dialled from this machine. */
    readonly url: string;
}

interface Shared {
    readonly keys: ListeningKey[];
    readonly handshakes: Set<Connection>;
    readonly listener: Promise<SocketListener>;
}

/**
 * The WebSocket listeners of a process. Several instances in it share one of the same host and port: the key that a peer asks for says which
 * of them is meant.
 */
export class DirectListeners {
    readonly #listen: Listen | undefined;
    readonly #options: ConnectionOptions;
    readonly #shared = new Map<string, Shared>();
    /** Of whom nobody has said that they are wanted, the oldest first. */
    readonly #strangers = new Set<Connection>();

    /** @param listen undefined where it is impossible, as in browsers */
    constructor(listen: Listen | undefined, options: ConnectionOptions = {}) {
        this.#listen = listen;
        this.#options = options;
    }

    /** Connections of all listeners of which nobody has said that they are wanted. */
    get strangers(): number {
        return this.#strangers.size;
    }

    /** It is known who is on the other side, and welcome: a flood of others does not end it. */
    keep(connection: Connection): void {
        this.#strangers.delete(connection);
    }

    /** @throws ConnectionError `LISTEN_FAILED` */
    async open({ host, port }: { host: string; port: number }, key: ListeningKey): Promise<Listening> {
        const id = `${host}:${port}`;
        const shared = this.#shared.get(id) ?? this.#start(id, host, port);
        shared.keys.push(key);
        const { url } = await shared.listener;
        return { url, [Symbol.asyncDispose]: () => this.#leave(id, shared, key) };
    }

    #start(id: string, host: string, port: number): Shared {
        const keys: ListeningKey[] = [];
        const handshakes = new Set<Connection>();
        const hosts = host === 'localhost' ? {} : { hosts: [host] };
        const onSocket = (socket: MessageSocket): void => void this.#accept(socket, keys, handshakes);
        const listener =
            this.#listen?.({ ...hosts, port, onSocket }) ??
            Promise.reject(
                new ConnectionError('LISTEN_FAILED', 'Cannot listen: this platform has only connections out'),
            );
        const shared = { keys, handshakes, listener };
        this.#shared.set(id, shared);
        // Whoever comes next tries again; those who wait are told.
        listener.catch(() => this.#forget(id, shared));
        return shared;
    }

    async #leave(id: string, shared: Shared, key: ListeningKey): Promise<void> {
        const at = shared.keys.indexOf(key);
        if (at >= 0) shared.keys.splice(at, 1);
        if (at < 0 || shared.keys.length > 0) return;
        this.#forget(id, shared);
        for (const connection of shared.handshakes) connection.terminate('Nobody listens any more');
        await (await shared.listener)[Symbol.asyncDispose]();
    }

    #forget(id: string, shared: Shared): void {
        if (this.#shared.get(id) === shared) this.#shared.delete(id);
    }

    async #accept(socket: MessageSocket, keys: readonly ListeningKey[], handshakes: Set<Connection>): Promise<void> {
        const connection = new Connection(socket, this.#options);
        const [oldest] = this.#strangers;
        if (oldest !== undefined && this.#strangers.size >= MAX_STRANGERS) {
            this.#strangers.delete(oldest);
            oldest.terminate('Too many connections are being set up');
        }
        this.#strangers.add(connection);
        handshakes.add(connection);
        void connection.closed.then(() => this.#strangers.delete(connection));
        try {
            const { local, remoteKey } = await acceptHandshake(connection, keys, this.#options);
            local.onHandshake(connection, uint8ArrayToHex(remoteKey));
        } catch {
            // It is closed, and the peer knows why; strangers are nobody's concern.
        } finally {
            handshakes.delete(connection);
        }
    }
}

import { uint8ArrayToHex } from '@refinio/one.core';
import { RelayListener } from '../../comm-server/relay-listener.ts';
import type { Dial, MessageSocket } from '../../transports/message-socket.ts';
import { Connection, type ConnectionOptions } from '../connection.ts';
import { acceptHandshake } from '../handshake.ts';
import type { DirectListeners, ListeningKey } from './direct-listeners.ts';
import type { IncomingConnectionConfiguration } from './route-ids.ts';

export interface IncomingListenersOptions extends ConnectionOptions {
    readonly direct: DirectListeners;
    readonly dial: Dial;
    /** Told why nobody can connect, and, of a communication server, that it is tried again. */
    readonly onError: (error: unknown) => void;
    /** Some communication server can be reached now, or cannot any more. */
    readonly onStateChange: () => void;
}

interface Counted {
    count: number;
    hasFailed: boolean;
    readonly relay: RelayListener | undefined;
    /** Never rejects; undefined if it could not be opened. */
    readonly opened: Promise<({ readonly url?: string } & AsyncDisposable) | undefined>;
}

/** The listeners of one instance, shared by all routes that need them: open while at least one of those is enabled. */
export class IncomingListeners {
    readonly #options: IncomingListenersOptions;
    readonly #counted = new Map<string, Counted>();
    readonly #failures: Error[] = [];

    constructor(options: IncomingListenersOptions) {
        this.#options = options;
    }

    /** Whether all communication servers have this instance registered; also if there are none. */
    get isOnline(): boolean {
        return [...this.#counted.values()].every(({ relay }) => relay === undefined || relay.state === 'Listening');
    }

    /** @param id of the route and its key */
    acquire(id: string, configuration: IncomingConnectionConfiguration, key: ListeningKey): void {
        const known = this.#counted.get(id);
        if (known !== undefined && !known.hasFailed) known.count++;
        else {
            // One that has failed is tried again by the next who needs it.
            const counted = this.#open(configuration, key);
            counted.count += known?.count ?? 0;
            this.#counted.set(id, counted);
        }
    }

    /** Tries again what could not be opened. */
    retry(id: string, configuration: IncomingConnectionConfiguration, key: ListeningKey): void {
        const known = this.#counted.get(id);
        if (known?.hasFailed !== true) return;
        known.count--;
        this.acquire(id, configuration, key);
    }

    /** @returns when it is closed, if nobody else needs it */
    async release(id: string): Promise<void> {
        const counted = this.#counted.get(id);
        if (counted === undefined || --counted.count > 0) return;
        this.#counted.delete(id);
        await (await counted.opened)?.[Symbol.asyncDispose]();
    }

    /** Waits for what is being opened. @throws ConnectionError `LISTEN_FAILED` if something has failed since the last call */
    async opened(): Promise<void> {
        await Promise.all([...this.#counted.values()].map(({ opened }) => opened));
        const [failure] = this.#failures.splice(0);
        if (failure !== undefined) throw failure;
    }

    /** Where a direct listener can be dialled from this machine. */
    async urlOf(id: string): Promise<string | undefined> {
        return (await this.#counted.get(id)?.opened)?.url;
    }

    #open(configuration: IncomingConnectionConfiguration, key: ListeningKey): Counted {
        if (configuration.type === 'socket') {
            const opened = this.#options.direct.open(configuration, key).catch((error: unknown) => {
                this.#failures.push(error instanceof Error ? error : new TypeError(String(error)));
                this.#options.onError(error);
                counted.hasFailed = true;
                return undefined;
            });
            const counted: Counted = { count: 1, hasFailed: false, relay: undefined, opened };
            return counted;
        }
        const { dial, onError, onStateChange } = this.#options;
        const onConnection = (socket: MessageSocket): void => void this.#accept(socket, key);
        const relay = new RelayListener({ url: configuration.url, dial, crypto: key.cryptoApi, onConnection, onError });
        relay.onStateChange.listen(onStateChange);
        relay.start();
        return { count: 1, hasFailed: false, relay, opened: Promise.resolve(relay) };
    }

    async #accept(socket: MessageSocket, key: ListeningKey): Promise<void> {
        const connection = new Connection(socket, this.#options);
        try {
            const { remoteKey } = await acceptHandshake(connection, [key], this.#options);
            key.onHandshake(connection, uint8ArrayToHex(remoteKey));
        } catch {
            // It is closed, and the peer knows why.
        }
    }
}

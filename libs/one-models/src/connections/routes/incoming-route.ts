import type { ListeningKey } from './direct-listeners.ts';
import type { IncomingListeners } from './incoming-listeners.ts';
import { incomingRouteId, type IncomingConnectionConfiguration } from './route-ids.ts';

/** A way in. While it is started, its listener is open. */
export class IncomingRoute {
    readonly direction = 'incoming';
    readonly id: string;
    isEnabled = false;
    readonly #listeners: IncomingListeners;
    readonly #configuration: IncomingConnectionConfiguration;
    readonly #key: ListeningKey;
    readonly #listenerId: string;
    #isStarted = false;

    /** @param localKey of `key`, hexadecimal */
    constructor(
        listeners: IncomingListeners,
        configuration: IncomingConnectionConfiguration,
        localKey: string,
        key: ListeningKey,
    ) {
        this.id = incomingRouteId(configuration, localKey);
        this.#listeners = listeners;
        this.#configuration = configuration;
        this.#key = key;
        this.#listenerId = `${this.id} ${localKey}`;
    }

    start(): void {
        if (this.#isStarted) {
            this.#listeners.retry(this.#listenerId, this.#configuration, this.#key);
            return;
        }
        this.#isStarted = true;
        this.#listeners.acquire(this.#listenerId, this.#configuration, this.#key);
    }

    /** @returns when the listener is closed, if nobody else needs it */
    async stop(): Promise<void> {
        if (!this.#isStarted) return;
        this.#isStarted = false;
        await this.#listeners.release(this.#listenerId);
    }
}

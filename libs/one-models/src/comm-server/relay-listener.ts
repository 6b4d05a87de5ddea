import type { CryptoApi } from '@refinio/one.core';
import { RELAY_RETRY_MS, RELAY_SPARES } from '../limits.ts';
import { OneEvent } from '../one-event.ts';
import type { Dial, MessageSocket } from '../transports/message-socket.ts';
import { Registration } from './registration.ts';

export type RelayListenerState = 'NotListening' | 'Connecting' | 'Listening';

export interface RelayListenerOptions {
    /** Of the communication server. */
    readonly url: string;
    readonly dial: Dial;
    /** Of the instance that is registered; it is not disposed of here. */
    readonly crypto: CryptoApi;
    /**
     * Takes a socket on which a requester waits. It has to listen to it at once: the first frame is the `communication_request`, to which
     * it is the acceptor (spec 50 §4).
     */
    readonly onConnection: (socket: MessageSocket) => void;
    /** Told why a connection to the server has failed; another one is tried later. */
    readonly onError?: (error: unknown) => void;
    readonly spares?: number;
    readonly retryMs?: number;
}

/**
 * Keeps an instance reachable at a communication server (spec 51 §4): a few registered connections wait to be handed over, and each that
 * is gives its place to a new one.
 *
 *   1. At most one connection is being registered, and at most one attempt waits.
 *   2. What ends before it is handed over is replaced after the retry delay; what is handed over, at once.
 *   3. After `stop` nothing stays registered, and what was handed over lives on.
 */
export class RelayListener implements AsyncDisposable {
    readonly onStateChange = new OneEvent<[state: RelayListenerState, before: RelayListenerState]>();
    readonly #options: RelayListenerOptions;
    readonly #spares = new Set<Registration>();
    #state: RelayListenerState = 'NotListening';
    #isRunning = false;
    #registering: Registration | undefined;
    #dialling: Promise<void> | undefined;
    #retry: ReturnType<typeof setTimeout> | undefined;

    constructor(options: RelayListenerOptions) {
        this.#options = options;
    }

    get state(): RelayListenerState {
        return this.#state;
    }

    start(): void {
        this.#isRunning = true;
        this.#evaluate();
    }

    async stop(): Promise<void> {
        this.#isRunning = false;
        clearTimeout(this.#retry);
        this.#retry = undefined;
        for (const each of [this.#registering, ...this.#spares]) each?.close();
        this.#registering = undefined;
        this.#spares.clear();
        this.#evaluate();
        await this.#dialling;
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
    }

    /** Does what is to be done in the state as it is now. */
    #evaluate(): void {
        const state = this.#isRunning ? (this.#spares.size > 0 ? 'Listening' : 'Connecting') : 'NotListening';
        const before = this.#state;
        this.#state = state;
        if (state !== before) this.onStateChange.emit(state, before);
        const isBusy = (this.#dialling ?? this.#registering ?? this.#retry) !== undefined;
        if (!this.#isRunning || isBusy || this.#spares.size >= (this.#options.spares ?? RELAY_SPARES)) return;
        this.#dialling = this.#dial().finally(() => {
            this.#dialling = undefined;
            this.#evaluate();
        });
    }

    async #dial(): Promise<void> {
        const { dial, url } = this.#options;
        try {
            const socket = await dial(url);
            if (this.#isRunning) this.#register(socket);
            else socket.close('Close called.');
        } catch (error) {
            this.#failed(error);
        }
    }

    #register(socket: MessageSocket): void {
        const registration = new Registration(socket, this.#options.crypto, {
            onRegistered: () => {
                this.#registering = undefined;
                if (this.#isRunning) this.#spares.add(registration);
                else registration.close();
                this.#evaluate();
            },
            onHandOver: handedOver => {
                this.#spares.delete(registration);
                this.#options.onConnection(handedOver);
                this.#evaluate();
            },
            onEnd: error => {
                const isOwn = this.#spares.delete(registration) || this.#registering === registration;
                if (this.#registering === registration) this.#registering = undefined;
                // Those that were stopped are nobody's failure.
                if (isOwn) this.#failed(error);
                this.#evaluate();
            },
        });
        this.#registering = registration;
    }

    #failed(error: unknown): void {
        if (!this.#isRunning) return;
        this.#options.onError?.(error);
        this.#retry ??= setTimeout(() => {
            this.#retry = undefined;
            this.#evaluate();
        }, this.#options.retryMs ?? RELAY_RETRY_MS);
    }
}

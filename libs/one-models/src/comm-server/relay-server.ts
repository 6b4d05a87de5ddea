import {
    createKeyPair,
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    OneError,
    uint8ArrayToHex,
    type KeyPair,
} from '@refinio/one.core';
import { MAX_RELAY_EARLY_BYTES, RELAY_STOP_MS, UNREAD_COST } from '../limits.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { callReplica } from './call-replica.ts';
import { RateTable } from './rate-table.ts';
import { createRelayChallenge, type RelayChallenge } from './relay-challenge.ts';
import type { RelayClient } from './relay-client.ts';
import type { RelayDirectory } from './relay-directory.ts';
import { RELAY_LIMITS, type RelayLimits } from './relay-limits.ts';
import {
    expectRelayMessage,
    formatRelayMessage,
    parseRelayMessage,
    RelayMessageError,
    type RelayMessage,
} from './relay-messages.ts';
import { RelayRefusedError, type RelayRefusal } from './relay-refusal.ts';
import { RunningRelays, type RelayedFacts } from './running-relays.ts';
import { SpareConnection } from './spare-connection.ts';
import { SpareStock } from './spare-stock.ts';

const UNEXPECTED = 'Received unexpected or malformed message from client.';
const NOBODY = 'No listening connection for the specified publicKey.';

export interface RelayStatistics {
    /** Sockets that have not said yet what they want, or have not proven it, or wait for a listener. */
    readonly pending: number;
    readonly keys: number;
    readonly spares: number;
    readonly relays: number;
    /** Spare connections that were given to requesters, also to those of other replicas. */
    readonly handedOver: number;
    /** Requesters for whom another replica had a spare connection. */
    readonly forwarded: number;
    /** Requests for keys that nobody had registered. */
    readonly notFound: number;
    readonly framesRelayed: number;
    readonly bytesRelayed: number;
    /** Clients that were closed for what they did. */
    readonly refused: Readonly<Record<RelayRefusal, number>>;
}

export interface RelayServerOptions {
    readonly limits?: Partial<RelayLimits>;
    /** Default: a new one; listeners do not remember it. */
    readonly keyPair?: KeyPair;
    /** Of the other replicas of this server. Default: it is the only one. */
    readonly directory?: RelayDirectory;
    /** Told of each relay that ends, for logs: keys are public, addresses are not told. */
    readonly onRelayed?: (relay: RelayedFacts) => void;
}

/**
 * Connects instances that cannot reach each other (spec 51 §3): they register their keys with spare connections, of which each
 * requester gets one, and from then on every frame is forwarded as it is. What is said stays encrypted for the server.
 *
 *   1. A socket is in one of: pending, a spare of one key, one side of a relay, closed.
 *   2. A spare is in the stock before its listener is told of the success, and is taken from it before anything is sent for a requester.
 *   3. For a key without a spare of its own it asks other replicas. What a replica asks for is looked for here only.
 */
export class RelayServer implements AsyncDisposable {
    readonly #keyPair: KeyPair;
    readonly #limits: RelayLimits;
    readonly #directory: RelayDirectory | undefined;
    readonly #spares: SpareStock;
    readonly #pending = new Set<MessageSocket>();
    readonly #relays: RunningRelays;
    readonly #registrations: RateTable;
    readonly #requests: RateTable;
    readonly #totals = { handedOver: 0, forwarded: 0, notFound: 0 };
    readonly #refused: Record<RelayRefusal, number> = {
        ...{ late: 0, message: 0, authentication: 0, spares: 0, registrations: 0, requests: 0 },
    };
    #isStopped = false;

    constructor(options: RelayServerOptions = {}) {
        this.#keyPair = options.keyPair ?? createKeyPair();
        this.#limits = { ...RELAY_LIMITS, ...options.limits };
        this.#directory = options.directory;
        this.#spares = new SpareStock((key, isThere) => this.#directory?.setRegistered(key, isThere));
        this.#relays = new RunningRelays(options.onRelayed);
        this.#registrations = new RateTable(this.#limits.registrationsPerKey);
        this.#requests = new RateTable(this.#limits.requestsPerKey);
    }

    get statistics(): RelayStatistics {
        const { frames, bytes } = this.#relays.relayed;
        return {
            ...{ pending: this.#pending.size, keys: this.#spares.keys, spares: this.#spares.size },
            ...{ relays: this.#relays.size, framesRelayed: frames, bytesRelayed: bytes },
            ...this.#totals,
            refused: { ...this.#refused },
        };
    }

    /** A socket that somebody has opened. */
    accept(socket: MessageSocket, client: RelayClient = {}): void {
        this.#begin(socket, frame => {
            const message = parseRelayMessage(frame);
            if (message.command === 'register') this.#challenge(socket, message.publicKey, client);
            else if (message.command === 'communication_request') void this.#request(socket, client, message);
            // What a server says to clients, and a ping, are no messages of a client at all.
            else if (message.command === 'authentication_response') throw new RelayMessageError(UNEXPECTED);
            else throw new RelayMessageError('Received data does not match the data of a client message.');
        });
    }

    /** A socket that another replica of this server has opened. Whose it is was checked. */
    acceptReplica(socket: MessageSocket): void {
        this.#begin(socket, frame => {
            void this.#request(socket, 'replica', expectRelayMessage(frame, 'communication_request'));
        });
    }

    /** Closes everything. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#isStopped = true;
        const spares = this.#spares.all().map(({ socket }) => socket);
        for (const socket of [...this.#pending, ...spares]) socket.close(closeCalled());
        await this.#relays.end(RELAY_STOP_MS);
    }

    #begin(socket: MessageSocket, handle: (frame: string | Uint8Array) => void): void {
        if (this.#isStopped) {
            socket.close(closeCalled());
            return;
        }
        this.#pending.add(socket);
        void socket.closed.then(() => this.#pending.delete(socket));
        this.#expect(socket, handle);
    }

    /** One frame, within the time for it; what is wrong with it closes the socket. */
    #expect(socket: MessageSocket, handle: (frame: string | Uint8Array) => void): void {
        const timer = setTimeout(() => {
            this.#refused.late++;
            socket.terminate(closeCalled('The message did not come in time'));
        }, this.#limits.firstMessageMs);
        void socket.closed.then(() => clearTimeout(timer));
        let isHandled = false;
        socket.listen(frame => {
            // Whoever takes the next frame listens already, unless the socket is being closed.
            if (isHandled) return;
            isHandled = true;
            clearTimeout(timer);
            try {
                handle(frame);
            } catch (error) {
                if (!(error instanceof OneError)) throw error;
                this.#refuse(socket, error);
            }
        });
    }

    #refuse(socket: MessageSocket, error: OneError): void {
        this.#refused[error instanceof RelayRefusedError ? error.refusal : 'message']++;
        socket.close(closeCalled(error.message));
    }

    #challenge(socket: MessageSocket, publicKey: string, client: RelayClient): void {
        const key = ensurePublicKey(decodeKey(publicKey));
        const challenge = createRelayChallenge(this.#keyPair.secretKey, key);
        this.#expect(socket, frame => {
            const { response } = expectRelayMessage(frame, 'authentication_response');
            try {
                ensureAnswered(challenge, response);
            } catch (error) {
                client.onFailed?.();
                throw error;
            }
            this.#register(socket, publicKey.toLowerCase(), client);
        });
        socket.send(
            formatRelayMessage({
                command: 'authentication_request',
                publicKey: uint8ArrayToHex(this.#keyPair.publicKey),
                challenge: challenge.challenge,
            }),
        );
    }

    #register(socket: MessageSocket, key: string, client: RelayClient): void {
        if (this.#spares.countOf(key) >= this.#limits.sparesPerKey)
            throw new RelayRefusedError('spares', 'There are too many spare connections for this key.');
        if (!this.#registrations.take(key))
            throw new RelayRefusedError('registrations', 'This key is registered too often. Try again in a minute.');
        this.#pending.delete(socket);
        const spare = new SpareConnection(key, socket, client, this.#limits, () => this.#spares.remove(spare));
        this.#spares.add(spare);
        const { pingIntervalMs: pingInterval } = this.#limits;
        socket.send(formatRelayMessage({ command: 'authentication_success', pingInterval }));
        spare.startPings();
    }

    async #request(
        requester: MessageSocket,
        client: RelayClient | 'replica',
        message: RelayMessage<'communication_request'>,
    ): Promise<void> {
        const early = this.#keepEarly(requester);
        const request = {
            command: 'communication_request',
            sourcePublicKey: message.sourcePublicKey.toLowerCase(),
            targetPublicKey: message.targetPublicKey.toLowerCase(),
        } as const;
        if (!this.#requests.take(request.targetPublicKey)) {
            const text = 'This key is asked for too often. Try again in a minute.';
            this.#refuse(requester, new RelayRefusedError('requests', text));
            return;
        }
        const relay = (listener: MessageSocket): void => {
            this.#pending.delete(requester);
            if (client === 'replica') requester.send(formatRelayMessage({ command: 'connection_handover' }));
            else client.onRelay?.();
            for (const frame of early) listener.send(frame);
            this.#relays.start(requester, listener, request.targetPublicKey);
        };
        if (await this.#giveSpare(requester, request, relay)) return;
        if (client !== 'replica' && (await this.#askReplicas(requester, request, relay))) return;
        if (!this.#pending.has(requester)) return;
        this.#totals.notFound++;
        requester.close(closeCalled(NOBODY));
    }

    /** @returns whether there was one, and an answering one */
    async #giveSpare(
        requester: MessageSocket,
        request: RelayMessage<'communication_request'>,
        relay: (listener: MessageSocket) => void,
    ): Promise<boolean> {
        while (this.#pending.has(requester)) {
            const spare = this.#spares.take(request.targetPublicKey);
            if (spare === undefined) return false;
            const { socket, client } = spare;
            const handOver = (): void => {
                this.#totals.handedOver++;
                client.onRelay?.();
                relay(socket);
            };
            // One that is half dead must not fail a requester, as long as there are others.
            if (await spare.handOver(request, handOver)) return true;
        }
        return false;
    }

    /** @returns whether one of them had a spare connection */
    async #askReplicas(
        requester: MessageSocket,
        request: RelayMessage<'communication_request'>,
        relay: (listener: MessageSocket) => void,
    ): Promise<boolean> {
        for (const replica of (await this.#directory?.find(request.targetPublicKey)) ?? []) {
            if (!this.#pending.has(requester)) return false;
            const forward = (listener: MessageSocket): void => {
                this.#totals.forwarded++;
                relay(listener);
            };
            if (await callReplica(replica, request, forward)) return true;
        }
        return false;
    }

    /** Frames of a requester that does not wait, as it should. */
    #keepEarly(requester: MessageSocket): readonly (string | Uint8Array)[] {
        const early: (string | Uint8Array)[] = [];
        let bytes = 0;
        requester.listen(frame => {
            bytes += frame.length + UNREAD_COST;
            if (bytes > MAX_RELAY_EARLY_BYTES) requester.terminate(closeCalled(UNEXPECTED));
            else early.push(frame);
        });
        return early;
    }
}

/** @throws RelayRefusedError */
function ensureAnswered(challenge: RelayChallenge, response: string): void {
    let isAnswered: boolean;
    try {
        isAnswered = challenge.isAnswered(response);
    } catch (cause) {
        if (!(cause instanceof OneError)) throw cause;
        throw new RelayRefusedError('authentication', cause.message, { cause });
    }
    if (!isAnswered) throw new RelayRefusedError('authentication', 'Client authentication failed.');
}

/** Text of a close frame (spec 50 §2.1). */
function closeCalled(reason?: string): string {
    return reason === undefined ? 'Close called.' : `Close called: ${reason}`;
}

function decodeKey(text: string): Uint8Array {
    try {
        return hexToUint8ArrayWithCheck(text);
    } catch (cause) {
        throw new RelayMessageError('CYENC-ENSPUB: Data is not a public key', { cause });
    }
}

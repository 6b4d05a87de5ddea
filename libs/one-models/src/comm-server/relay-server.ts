import {
    createKeyPair,
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    OneError,
    uint8ArrayToHex,
    type KeyPair,
} from '@refinio/one.core';
import { MAX_RELAY_EARLY_BYTES } from '../limits.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { createRelayChallenge } from './relay-challenge.ts';
import { RELAY_LIMITS, type RelayLimits } from './relay-limits.ts';
import {
    expectRelayMessage,
    formatRelayMessage,
    parseRelayMessage,
    RelayMessageError,
    type RelayMessage,
} from './relay-messages.ts';
import { RelayedPair } from './relayed-pair.ts';
import { SpareConnection } from './spare-connection.ts';

const UNEXPECTED = 'Received unexpected or malformed message from client.';
const NOBODY = 'No listening connection for the specified publicKey.';

export interface RelayStatistics {
    /** Sockets that have not said yet what they want, or have not proven it. */
    readonly pending: number;
    readonly keys: number;
    readonly spares: number;
    readonly relays: number;
    readonly handedOver: number;
    /** Requests for keys that nobody had registered. */
    readonly notFound: number;
    readonly framesRelayed: number;
    readonly bytesRelayed: number;
}

export interface RelayServerOptions {
    readonly limits?: Partial<RelayLimits>;
    /** Default: a new one; listeners do not remember it. */
    readonly keyPair?: KeyPair;
    /** Told of each relay that ends, for logs: keys are public, addresses are not told. */
    readonly onRelayed?: (relay: {
        readonly targetPublicKey: string;
        readonly bytes: number;
        readonly ms: number;
    }) => void;
}

/**
 * Connects instances that cannot reach each other (spec 51 §3): they register their keys with spare connections, of which each
 * requester gets one, and from then on every frame is forwarded as it is. What is said stays encrypted for the server.
 *
 *   1. A socket is in one of: pending, a spare of one key, one side of a relay, closed.
 *   2. A spare is in the list before its listener is told of the success, and is taken from it before anything is sent for a requester.
 *   3. Lists that are empty are removed: memory depends on who is here, not on who has been.
 */
export class RelayServer implements AsyncDisposable {
    readonly #keyPair: KeyPair;
    readonly #limits: RelayLimits;
    readonly #options: RelayServerOptions;
    /** By lower-case key; the one that was registered last stands last, and is given away first. */
    readonly #spares = new Map<string, SpareConnection[]>();
    readonly #pending = new Set<MessageSocket>();
    readonly #relays = new Map<RelayedPair, readonly MessageSocket[]>();
    readonly #totals = { spares: 0, handedOver: 0, notFound: 0, frames: 0, bytes: 0 };
    #isStopped = false;

    constructor(options: RelayServerOptions = {}) {
        this.#options = options;
        this.#keyPair = options.keyPair ?? createKeyPair();
        this.#limits = { ...RELAY_LIMITS, ...options.limits };
    }

    get statistics(): RelayStatistics {
        const running = [...this.#relays.keys()].map(({ relayed }) => relayed);
        const { spares, handedOver, notFound, frames, bytes } = this.#totals;
        return {
            pending: this.#pending.size,
            keys: this.#spares.size,
            ...{ spares, handedOver, notFound },
            relays: this.#relays.size,
            framesRelayed: running.reduce((sum, relay) => sum + relay.frames, frames),
            bytesRelayed: running.reduce((sum, relay) => sum + relay.bytes, bytes),
        };
    }

    /** A socket that somebody has opened. */
    accept(socket: MessageSocket): void {
        if (this.#isStopped) {
            socket.close(closeCalled());
            return;
        }
        this.#pending.add(socket);
        void socket.closed.then(() => this.#pending.delete(socket));
        this.#expect(socket, frame => {
            const message = parseRelayMessage(frame);
            if (message.command === 'register') this.#challenge(socket, message.publicKey);
            else if (message.command === 'communication_request') void this.#request(socket, message);
            // What a server says to clients, and a ping, are no messages of a client at all.
            else if (message.command === 'authentication_response') throw new RelayMessageError(UNEXPECTED);
            else throw new RelayMessageError('Received data does not match the data of a client message.');
        });
    }

    /** Closes everything. */
    async [Symbol.asyncDispose](): Promise<void> {
        this.#isStopped = true;
        const spares = [...this.#spares.values()].flatMap(list => list.map(({ socket }) => socket));
        const relayed = [...this.#relays.values()].flat();
        for (const socket of [...this.#pending, ...spares]) socket.close(closeCalled());
        for (const socket of relayed) socket.close('');
        await Promise.all([...this.#relays.keys()].map(({ ended }) => ended));
    }

    /** One frame, within the time for it; what is wrong with it closes the socket. */
    #expect(socket: MessageSocket, handle: (frame: string | Uint8Array) => void): void {
        const timer = setTimeout(
            () => socket.terminate(closeCalled('The message did not come in time')),
            this.#limits.firstMessageMs,
        );
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
                socket.close(closeCalled(error.message));
            }
        });
    }

    #challenge(socket: MessageSocket, publicKey: string): void {
        const key = ensurePublicKey(decodeKey(publicKey));
        const { challenge, isAnswered } = createRelayChallenge(this.#keyPair.secretKey, key);
        this.#expect(socket, frame => {
            const { response } = expectRelayMessage(frame, 'authentication_response');
            if (!isAnswered(response)) throw new RelayMessageError('Client authentication failed.');
            this.#register(socket, publicKey.toLowerCase());
        });
        socket.send(
            formatRelayMessage({
                command: 'authentication_request',
                publicKey: uint8ArrayToHex(this.#keyPair.publicKey),
                challenge,
            }),
        );
    }

    #register(socket: MessageSocket, key: string): void {
        const list = this.#spares.get(key) ?? [];
        if (list.length >= this.#limits.sparesPerKey)
            throw new RelayMessageError('There are too many spare connections for this key.');
        this.#pending.delete(socket);
        const spare = new SpareConnection(key, socket, this.#limits, () => this.#remove(spare));
        this.#spares.set(key, list);
        list.push(spare);
        this.#totals.spares++;
        const { pingIntervalMs: pingInterval } = this.#limits;
        socket.send(formatRelayMessage({ command: 'authentication_success', pingInterval }));
        spare.startPings();
    }

    async #request(requester: MessageSocket, message: RelayMessage<'communication_request'>): Promise<void> {
        const early = this.#keepEarly(requester);
        const request = {
            command: 'communication_request',
            sourcePublicKey: message.sourcePublicKey.toLowerCase(),
            targetPublicKey: message.targetPublicKey.toLowerCase(),
        } as const;
        for (let spare = this.#take(request.targetPublicKey); ; spare = this.#take(request.targetPublicKey)) {
            if (spare === undefined) {
                this.#totals.notFound++;
                requester.close(closeCalled(NOBODY));
                return;
            }
            const { socket } = spare;
            // One that is half dead must not fail a requester, as long as there are others.
            if (await spare.handOver(request, () => this.#relay(requester, socket, request.targetPublicKey, early)))
                return;
        }
    }

    #relay(
        requester: MessageSocket,
        listener: MessageSocket,
        targetPublicKey: string,
        early: readonly (string | Uint8Array)[],
    ): void {
        this.#pending.delete(requester);
        this.#totals.handedOver++;
        for (const frame of early) listener.send(frame);
        const pair = new RelayedPair(requester, listener);
        this.#relays.set(pair, [requester, listener]);
        const begin = performance.now();
        void pair.ended.then(() => {
            this.#relays.delete(pair);
            this.#totals.frames += pair.relayed.frames;
            this.#totals.bytes += pair.relayed.bytes;
            const { bytes } = pair.relayed;
            this.#options.onRelayed?.({ targetPublicKey, bytes, ms: performance.now() - begin });
        });
    }

    /** Frames of a requester that does not wait, as it should. */
    #keepEarly(requester: MessageSocket): readonly (string | Uint8Array)[] {
        const early: (string | Uint8Array)[] = [];
        let bytes = 0;
        requester.listen(frame => {
            bytes += frame.length;
            if (bytes > MAX_RELAY_EARLY_BYTES) requester.terminate(closeCalled(UNEXPECTED));
            else early.push(frame);
        });
        return early;
    }

    #take(key: string): SpareConnection | undefined {
        const spare = this.#spares.get(key)?.at(-1);
        if (spare !== undefined) this.#remove(spare);
        return spare;
    }

    #remove(spare: SpareConnection): void {
        const list = this.#spares.get(spare.key) ?? [];
        const at = list.indexOf(spare);
        if (at < 0) return;
        list.splice(at, 1);
        this.#totals.spares--;
        if (list.length === 0) this.#spares.delete(spare.key);
    }
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

import { ensurePublicKey, hexToUint8ArrayWithCheck, uint8ArrayToHex, type CryptoApi } from '@refinio/one.core';
import { RELAY_FIRST_MESSAGE_MS, RELAY_PING_LATE_MS } from '../limits.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { answerRelayChallenge } from './relay-challenge.ts';
import { expectRelayMessage, formatRelayMessage, parseRelayMessage, RelayMessageError } from './relay-messages.ts';

const PONG = formatRelayMessage({ command: 'pong' });

/** What becomes of a connection to a communication server. */
export interface RegistrationEvents {
    /** It waits to be handed over. */
    readonly onRegistered: () => void;
    /** Somebody asks for the instance: whoever takes the socket has to listen to it at once. */
    readonly onHandOver: (socket: MessageSocket) => void;
    /** It is closed, before it was handed over. */
    readonly onEnd: (error: unknown) => void;
}

/**
 * One connection of a listener to its communication server (spec 51 §2, §4): it proves whose it is, answers pings, and is handed over. Any
 * other message closes it.
 */
export class Registration {
    readonly #socket: MessageSocket;
    readonly #crypto: CryptoApi;
    readonly #events: RegistrationEvents;
    #state: 'challenge' | 'success' | 'spare' | 'ended' = 'challenge';
    #pingInterval = 0;
    #timer: ReturnType<typeof setTimeout> | undefined;

    constructor(socket: MessageSocket, crypto: CryptoApi, events: RegistrationEvents) {
        this.#socket = socket;
        this.#crypto = crypto;
        this.#events = events;
        this.#expectWithin(RELAY_FIRST_MESSAGE_MS, 'The communication server did not answer in time');
        void socket.closed.then(({ reason }) =>
            this.#end(new RelayMessageError(`The communication server has closed the connection: ${reason}`)),
        );
        socket.listen(frame => this.#onFrame(frame));
        socket.send(
            formatRelayMessage({ command: 'register', publicKey: uint8ArrayToHex(crypto.publicEncryptionKey) }),
        );
    }

    close(): void {
        this.#socket.close('Close called.');
    }

    #onFrame(frame: string | Uint8Array): void {
        if (this.#state === 'ended') return;
        try {
            if (this.#state === 'challenge') this.#answer(frame);
            else if (this.#state === 'success') this.#succeed(frame);
            else this.#onSpareFrame(frame);
        } catch (error) {
            this.#socket.close(`Close called: ${error instanceof Error ? error.message : String(error)}`);
            this.#end(error);
        }
    }

    #answer(frame: string | Uint8Array): void {
        const { publicKey, challenge } = expectRelayMessage(frame, 'authentication_request');
        // Who the server is does not matter: it never sees more than the key and encrypted frames.
        const server = ensurePublicKey(hexToUint8ArrayWithCheck(publicKey));
        const response = answerRelayChallenge(this.#crypto, server, challenge);
        this.#state = 'success';
        this.#socket.send(formatRelayMessage({ command: 'authentication_response', response }));
    }

    #succeed(frame: string | Uint8Array): void {
        this.#pingInterval = expectRelayMessage(frame, 'authentication_success').pingInterval;
        this.#state = 'spare';
        this.#expectPing();
        this.#events.onRegistered();
    }

    #onSpareFrame(frame: string | Uint8Array): void {
        const { command } = parseRelayMessage(frame);
        if (command === 'ping') {
            this.#socket.send(PONG);
            this.#expectPing();
        } else if (command === 'connection_handover') {
            this.#state = 'ended';
            clearTimeout(this.#timer);
            this.#events.onHandOver(this.#socket);
        } else
            throw new RelayMessageError(`Received unexpected type '${command}'. Expected type 'connection_handover'.`);
    }

    #expectPing(): void {
        this.#expectWithin(this.#pingInterval + RELAY_PING_LATE_MS, 'Pong: Connection timed out');
    }

    #expectWithin(ms: number, reason: string): void {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            this.#socket.terminate(`Terminate called: ${reason}`);
            this.#end(new RelayMessageError(reason));
        }, ms);
    }

    #end(error: unknown): void {
        clearTimeout(this.#timer);
        if (this.#state === 'ended') return;
        this.#state = 'ended';
        this.#events.onEnd(error);
    }
}

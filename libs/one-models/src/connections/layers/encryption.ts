// Encryption (spec 50 §3.2): frame = tag (16) ‖ cypher text = secretbox(padded message, nonce, shared key), always binary.
import { CryptoError, type SymmetricCryptoApi } from '@refinio/one.core';
import { ConnectionError } from '../connection-error.ts';
import type { Message } from '../message.ts';
import type { Random } from '../random.ts';
import type { Layer } from './layer.ts';
import { NonceCounter } from './nonce-counter.ts';
import { pad, unpad } from './padding.ts';

export type Role = 'initiator' | 'acceptor';

/**
 * A frame that was changed, lost, repeated or moved, or comes from another connection or direction, does not decrypt. After that nothing
 * is decrypted any more: the connection is closed.
 */
export class Encryption implements Layer {
    readonly #key: SymmetricCryptoApi;
    readonly #random: Random;
    readonly #sent: NonceCounter;
    readonly #received: NonceCounter;

    /** @param key of this connection alone; wiped at its end */
    constructor(key: SymmetricCryptoApi, role: Role, random: Random) {
        this.#key = key;
        this.#random = random;
        const [odd, even] = [new NonceCounter(1), new NonceCounter(0)];
        [this.#sent, this.#received] = role === 'initiator' ? [odd, even] : [even, odd];
    }

    outgoing(message: Message): Message[] {
        return [this.#key.encrypt(pad(message, this.#random), this.#sent.next())];
    }

    incoming(frame: Message): Message {
        if (typeof frame === 'string')
            throw new ConnectionError('FRAME_REFUSED', 'Incoming encrypted message is a string, it needs to be binary');
        return unpad(this.#open(frame));
    }

    end(): void {
        this.#key[Symbol.dispose]();
    }

    #open(frame: Uint8Array): Uint8Array {
        try {
            return this.#key.decrypt(frame, this.#received.next());
        } catch (error) {
            if (error instanceof CryptoError)
                throw new ConnectionError('FRAME_REFUSED', 'Decryption of message failed.', { cause: error });
            throw error;
        }
    }
}

// Nonces of one direction (spec 50 §3.1): 16 zero bytes ‖ counter, 64 bits, big endian. They are not sent.
//
//   initiator → acceptor   1, 3, 5, …
//   acceptor → initiator   0, 2, 4, …
import { ensureNonce, type Nonce } from '@refinio/one.core';
import { ConnectionError } from '../connection-error.ts';

const END = 2 ** 53 - 2;

/** A new array each. */
export function nonceOf(counter: number): Nonce {
    const nonce = new Uint8Array(24);
    new DataView(nonce.buffer).setBigUint64(16, BigInt(counter));
    return ensureNonce(nonce);
}

/** Gives each nonce once. */
export class NonceCounter {
    #next: number;

    constructor(first: number) {
        this.#next = first;
    }

    /** @throws ConnectionError `NONCES_USED_UP` */
    next(): Nonce {
        if (this.#next >= END)
            throw new ConnectionError('NONCES_USED_UP', 'The connection has used all of its nonces.');
        const nonce = nonceOf(this.#next);
        this.#next += 2;
        return nonce;
    }
}

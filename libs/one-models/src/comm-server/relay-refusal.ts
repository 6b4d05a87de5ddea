import { OneError } from '@refinio/one.core';

/**
 * Why a client was closed: its message did not come in time, or was not what may come; it does not hold the secret of the key; the key has too
 * many spare connections, is registered too often, or is asked for too often.
 */
export type RelayRefusal = 'late' | 'message' | 'authentication' | 'spares' | 'registrations' | 'requests';

/** A client may not have what it asks for. The message is what it is told. */
export class RelayRefusedError extends OneError {
    readonly code = 'RELAY_REFUSED';
    readonly refusal: RelayRefusal;

    constructor(refusal: RelayRefusal, text: string, options?: ErrorOptions) {
        super(text, options);
        this.refusal = refusal;
    }
}

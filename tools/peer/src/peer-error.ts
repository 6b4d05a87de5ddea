import { OneError } from '@refinio/one.core';

export type PeerErrorCode =
    /** A request is none, or its arguments do not fit. */
    | 'PEER_BAD_REQUEST'
    /** The command comes with a later version. */
    | 'PEER_NOT_YET'
    | 'PEER_TIMEOUT'
    /** The peer is being shut down. */
    | 'PEER_ENDS'
    | 'PEER_NOT_LISTENING'
    | 'PEER_HAS_NO_ADDRESS'
    | 'PEER_HAS_NO_ENDPOINT';

/** A command cannot be carried out by the peer itself; errors of ONE keep their own codes. */
export class PeerError extends OneError {
    readonly code: PeerErrorCode;

    constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
        super(message, options);
        this.code = code;
    }
}

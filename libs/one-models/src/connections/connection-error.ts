import { OneError } from '@refinio/one.core';

/** Those of spec 50 §6 are spelled as there; all others are our own. */
export type ConnectionErrorCode =
    | 'OPEN_TIMEOUT'
    | 'OPEN_FAILED'
    | 'LISTEN_FAILED'
    | 'CONNECTION_CLOSED'
    | 'MESSAGE_NOT_SENDABLE'
    | 'NONCES_USED_UP'
    | 'FRAME_REFUSED'
    | 'MESSAGE_TOO_LONG'
    | 'QUEUE_FULL'
    | 'SETUP_TIMEOUT'
    | 'SETUP_MESSAGE_REFUSED'
    | 'TARGET_KEY_UNKNOWN'
    | 'GROUP_REFUSED'
    | 'AUTHENTICATION_FAILED'
    | 'INSTANCE_ID_MISMATCH'
    | 'INSTANCE_OWNER_MISMATCH'
    | 'NOT_WELCOME'
    | 'DEVICE_REVOKED'
    | 'IDENTITY_MISMATCH'
    | 'PAIRING_REFUSED'
    | 'EP-KEYS-OWNER-MISMATCH'
    | 'EP-PERSONIDMISMATCH'
    | 'EP-KEYMISSMATCH'
    | 'EP-KEYFAILED'
    | 'CONNECTION-ERROR';

/** A connection could not be opened or set up, or has ended. Texts that peers know are those of spec 50, and no secrets are in them. */
export class ConnectionError extends OneError {
    readonly code: ConnectionErrorCode;

    constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
        super(message, options);
        this.code = code;
    }
}

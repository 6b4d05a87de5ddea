import { OneError } from '../errors.ts';

/** Codes of spec 30 §11, and our own for what has none there. */
export type CryptoErrorCode =
    | 'CYENC-ENSSYM'
    | 'CYENC-ENSSEC'
    | 'CYENC-ENSPUB'
    | 'CYENC-ENSNCE'
    | 'CYENC-ENSSLT'
    | 'CYENC-SYMDEC'
    | 'CYSIG-ENSSEC'
    | 'CYAPI-PUBSK'
    | 'CYAPI-SIGN'
    | 'CR-RS1'
    | 'CRS-SCR1'
    | 'HEX_INVALID'
    | 'BASE64_INVALID'
    | 'SECRET_INVALID'
    | 'CRYPTO_NOT_READY'
    | 'CRYPTO_UNAVAILABLE'
    | 'BYTES_INVALID'
    | 'CRYPTO_API_DISPOSED';

/** A cryptographic operation was refused. Its message never shows a key, a secret or a plain text. */
export class CryptoError extends OneError {
    readonly code: CryptoErrorCode;

    constructor(code: CryptoErrorCode, reason: string, options?: ErrorOptions) {
        super(`${code}: ${reason}`, options);
        this.code = code;
    }
}

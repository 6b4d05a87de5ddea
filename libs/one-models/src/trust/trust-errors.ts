import { OneError } from '@refinio/one.core';

/** Something was not signed, because it would be worth nothing. */
export class TrustError extends OneError {
    readonly code: 'CERTIFICATE_TYPE_UNKNOWN' | 'SIGNER_IS_ANOTHER' | 'KEYS_OF_ANOTHER';

    constructor(code: TrustError['code'], message: string) {
        super(message);
        this.code = code;
    }
}

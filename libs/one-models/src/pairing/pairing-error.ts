import { OneError } from '@refinio/one.core';

/** Nobody can be invited, or invitation be used, by this instance as it is. */
export class PairingError extends OneError {
    readonly code: 'INVITATION_URL_MISSING' | 'PERSON_NOT_HERE' | 'PAIRING_NOT_CONFIRMED' | 'INSTANCE_DIFFERS';

    constructor(code: PairingError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }
}

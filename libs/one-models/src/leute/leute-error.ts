import { OneError } from '@refinio/one.core';

export type LeuteErrorCode =
    | 'LEUTE_NOT_READY'
    | 'LEUTE_MISSING'
    | 'SOMEONE_MISSING'
    | 'SOMEONE_IS_ME'
    | 'PERSON_MANAGED'
    | 'PERSON_NOT_MANAGED'
    | 'PERSON_NOT_COMPLETE'
    | 'PERSON_EXISTS'
    | 'PROFILE_MISSING'
    | 'PERSON_HAS_NO_PROFILE'
    | 'GROUP_MISSING'
    | 'DEVICE_UNKNOWN'
    | 'DEVICE_REVOKED'
    | 'NOT_SHAREABLE';

/** Something about people cannot be done; nothing of the call was stored. */
export class LeuteError extends OneError {
    readonly code: LeuteErrorCode;

    constructor(code: LeuteErrorCode, message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

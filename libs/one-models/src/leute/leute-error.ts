import { ignoreBroken as ignoreBrokenObject, OneError } from '@refinio/one.core';

export type LeuteErrorCode =
    | 'LEUTE_NOT_READY'
    | 'LEUTE_RUNNING'
    | 'LEUTE_MISSING'
    | 'SOMEONE_MISSING'
    | 'SOMEONE_IS_ME'
    | 'PERSON_MANAGED'
    | 'PERSON_NOT_MANAGED'
    | 'PERSON_NOT_COMPLETE'
    | 'PERSON_EXISTS'
    | 'PERSON_IS_ME'
    | 'KEYS_DIFFER'
    | 'TOO_MANY_INTRODUCED'
    | 'PROFILE_MISSING'
    | 'PERSON_HAS_NO_PROFILE'
    | 'GROUP_MISSING'
    | 'GROUP_IS_RESERVED'
    | 'GROUP_IS_FULL'
    | 'DEVICE_UNKNOWN'
    | 'DEVICE_REVOKED'
    | 'DEVICE_IS_THIS'
    | 'NOT_SHAREABLE';

/** Something about people cannot be done; nothing of the call was stored. */
export class LeuteError extends OneError {
    readonly code: LeuteErrorCode;

    constructor(code: LeuteErrorCode, message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/**
 * What is damaged, missing or of another type counts as not there: one broken person must not hide all others.
 * @throws other errors
 */
export function ignoreBroken(error: unknown): undefined {
    if (!(error instanceof LeuteError)) ignoreBrokenObject(error);
    return undefined;
}

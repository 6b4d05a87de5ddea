import { ignoreBroken as ignoreBrokenObject, OneError } from '@refinio/one.core';

export type ChannelErrorCode = 'CHANNEL_MISSING' | 'CHANNEL_QUERY_INVALID' | 'POST_INVALID';

/** Something about channels cannot be done; nothing of the call was stored. */
export class ChannelError extends OneError {
    readonly code: ChannelErrorCode;

    constructor(code: ChannelErrorCode, message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/** What is damaged, missing or of another type counts as not there. @throws other errors */
export function ignoreBroken(error: unknown): undefined {
    ignoreBrokenObject(error);
    return undefined;
}

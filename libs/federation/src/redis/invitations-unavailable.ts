import { OneError } from '@refinio/one.core';

/** Redis cannot be asked: whoever is invited tries again later. `cause` is the error of ioredis, if there was one. */
export class InvitationsUnavailableError extends OneError {
    readonly code = 'INVITATIONS_UNAVAILABLE';

    constructor(reason: string, options?: ErrorOptions) {
        super(`Invitations cannot be looked up (${reason}); look at Redis, or try again in a minute.`, options);
    }
}

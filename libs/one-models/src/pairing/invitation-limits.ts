import {
    INVITATION_LEASE_MS,
    INVITATION_OVER_MS,
    MAX_INVITATION_MS,
    MAX_KEPT_INVITATIONS,
    MAX_OPEN_INVITATIONS,
} from '../limits.ts';

/** What a store of invitations bears and how long it waits; the reasons are in `limits.ts`. Tests make them small. */
export interface InvitationLimits {
    readonly open: number;
    readonly kept: number;
    readonly leaseMs: number;
    readonly longestMs: number;
    /** Longer than a lease: a claim of the last moment has to find its invitation. */
    readonly overMs: number;
}

export const INVITATION_LIMITS: InvitationLimits = {
    open: MAX_OPEN_INVITATIONS,
    kept: MAX_KEPT_INVITATIONS,
    leaseMs: INVITATION_LEASE_MS,
    longestMs: MAX_INVITATION_MS,
    overMs: INVITATION_OVER_MS,
};

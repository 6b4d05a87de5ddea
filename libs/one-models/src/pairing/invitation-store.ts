// What an inviter remembers of its invitations (spec 52 §1, §2.2). An invitation can be used while
//
//   1. it is neither revoked nor expired, and
//   2. uses + claims under lease < maxUses.
//
// A claim is taken before anything is told to the one who has sent the token. It becomes a use (`complete`), is given back
// (`release`), or ends with its lease: after a crash in the middle the invitation can be used again by itself.
//
// One that is over (used up, revoked or expired) is kept for a while, so that who comes late hears why. What a call refuses first:
// unknown, revoked, expired, used. It is open as long as it can be used or is claimed; the number of these is bounded.
import { OneError, type Person, type SHA256IdHash } from '@refinio/one.core';
import type { InvitationMode } from './invitation.ts';

/** What the inviter decides. */
export interface InvitationTerms {
    /** The person who invites: one of those of this instance. */
    readonly personId: SHA256IdHash<Person>;
    /** Whom it is meant for. */
    readonly mode: InvitationMode;
    /** Where the peer dials, of at most `MAX_INVITATION_URL` characters: what the inviter tells of itself when the two pair has the same (spec 52 §2.1). */
    readonly url: string;
    /** Milliseconds since 1970, in the future; what lies further away than `MAX_INVITATION_MS` becomes that. */
    readonly expiresAt: number;
    /** How many peers may use it: 1 to `MAX_INVITATION_USES`. */
    readonly maxUses: number;
}

/** An invitation as it is kept: the token itself is not, only its SHA-256. */
export interface InvitationState extends InvitationTerms {
    /** Random; by it people name an invitation. It says nothing about the token. */
    readonly id: string;
    readonly used: number;
    /** Claims under lease. */
    readonly claimed: number;
    readonly isRevoked: boolean;
}

/** The right to use an invitation once, for the time of a lease. */
export interface InvitationClaim extends InvitationTerms {
    readonly invitationId: string;
    readonly claimId: string;
}

/** Invitations of one instance. One that is kept in another process also fails with `INVITATIONS_UNAVAILABLE`. */
export interface InvitationStore {
    /**
     * @returns the terms as they count, with the expiry bounded
     * @throws InvitationError `INVITATION_TERMS_INVALID`; `INVITATION_EXISTS` for a token that is kept already;
     * `TOO_MANY_INVITATIONS`
     */
    add(token: string, terms: InvitationTerms): Promise<InvitationState>;
    /**
     * Takes one use for `INVITATION_LEASE_MS`. Of several at the same time, from any process, never more succeed than there are
     * uses left.
     * @throws InvitationError `INVITATION_UNKNOWN`, `INVITATION_REVOKED`, `INVITATION_EXPIRED`, `INVITATION_USED`
     * (also while the last use is claimed)
     */
    claim(token: string): Promise<InvitationClaim>;
    /**
     * Begins the lease anew: whoever has come so far that storing is next.
     * @throws InvitationError `INVITATION_UNKNOWN`, `INVITATION_REVOKED`, `INVITATION_EXPIRED`; `INVITATION_CLAIM_LOST` if the
     * lease had ended
     */
    renew(claim: InvitationClaim): Promise<void>;
    /**
     * Makes it a use, also if the invitation was revoked or has expired since: what was promised is stored by now. Doing so
     * twice counts once.
     * @throws InvitationError `INVITATION_CLAIM_LOST` if it is neither under lease nor completed
     */
    complete(claim: InvitationClaim): Promise<void>;
    /** Gives it back. Does nothing for one that has ended or is completed. */
    release(claim: InvitationClaim): Promise<void>;
    /** The open ones; the one that was added last comes last. */
    list(): Promise<InvitationState[]>;
    /** Claims under lease cannot be renewed any more. @returns whether there was one with uses left, claimed or not */
    revoke(id: string): Promise<boolean>;
    /** Of this instance: when a store was restored from a backup, and whenever its owner wishes. */
    revokeAll(): Promise<void>;
}

export type InvitationErrorCode =
    | 'INVITATION_EXISTS'
    | 'TOO_MANY_INVITATIONS'
    | 'INVITATION_TERMS_INVALID'
    | 'INVITATION_UNKNOWN'
    | 'INVITATION_EXPIRED'
    | 'INVITATION_REVOKED'
    | 'INVITATION_USED'
    | 'INVITATION_CLAIM_LOST';

const MESSAGES: Readonly<Record<InvitationErrorCode, string>> = {
    INVITATION_EXISTS: 'There is an invitation with this token already; create one with a new token',
    TOO_MANY_INVITATIONS: 'There are too many open invitations; revoke some, or wait until they expire',
    INVITATION_TERMS_INVALID:
        'An invitation expires in the future; look at the clocks of this machine and of the store',
    INVITATION_UNKNOWN: 'There is no such invitation; ask for a new one',
    INVITATION_EXPIRED: 'This invitation has expired; ask for a new one',
    INVITATION_REVOKED: 'This invitation was taken back; ask for a new one',
    INVITATION_USED: 'This invitation was used as often as it can be, or is just being used; ask for a new one',
    INVITATION_CLAIM_LOST: 'Using this invitation took too long; try again',
};

/** Nothing in it repeats a token. */
export class InvitationError extends OneError {
    readonly code: InvitationErrorCode;

    constructor(code: InvitationErrorCode, message = MESSAGES[code], options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

// One invitation and what may become of it. Nothing here changes a value or knows a clock: each function says what is kept
// afterwards (the same value where nothing is new), or throws.
import {
    InvitationError,
    type InvitationErrorCode,
    type InvitationState,
    type InvitationTerms,
} from './invitation-store.ts';

export interface KeptInvitation extends InvitationTerms {
    readonly id: string;
    /** SHA-256 of the token, 64 hexadecimal digits. */
    readonly tokenHash: string;
    readonly isRevoked: boolean;
    /** By the ID of the claim: when its lease ends, in milliseconds since 1970, or that it has become a use. */
    readonly claims: ReadonlyMap<string, Claim>;
}

export type Claim = number | 'used';

type Found = KeptInvitation | undefined;

/** What other people see of it. */
export function stateOf(invitation: KeptInvitation, now: number): InvitationState {
    const { id, personId, mode, url, expiresAt, maxUses, isRevoked } = invitation;
    const [used, claimed] = [count(invitation, isUse), count(invitation, claim => isLive(claim, now))];
    return { id, personId, mode, url, expiresAt, maxUses, used, claimed, isRevoked };
}

/** Neither revoked nor expired, and with uses left, claimed or not. */
export function isUsable(invitation: KeptInvitation, now: number): boolean {
    return refusalOf(invitation, now) === undefined && count(invitation, isUse) < invitation.maxUses;
}

export function isOpen(invitation: KeptInvitation, now: number): boolean {
    return isUsable(invitation, now) || stateOf(invitation, now).claimed > 0;
}

/** @throws InvitationError as `InvitationStore.claim` */
export function claimed(found: Found, claimId: string, leaseMs: number, now: number): KeptInvitation {
    const invitation = ensureValid(found, now);
    const claims = [...invitation.claims].filter(([, claim]) => isUse(claim) || isLive(claim, now));
    if (claims.length >= invitation.maxUses) throw new InvitationError('INVITATION_USED');
    return { ...invitation, claims: new Map([...claims, [claimId, now + leaseMs]]) };
}

/** @throws InvitationError as `InvitationStore.renew` */
export function renewed(found: Found, claimId: string, leaseMs: number, now: number): KeptInvitation {
    const invitation = ensureValid(found, now);
    if (!isLive(invitation.claims.get(claimId), now)) throw new InvitationError('INVITATION_CLAIM_LOST');
    return withClaim(invitation, claimId, now + leaseMs);
}

/** @throws InvitationError as `InvitationStore.complete` */
export function completed(invitation: Found, claimId: string, now: number): KeptInvitation {
    const claim = invitation?.claims.get(claimId);
    if (invitation === undefined || !(isUse(claim) || isLive(claim, now)))
        throw new InvitationError('INVITATION_CLAIM_LOST');
    return isUse(claim) ? invitation : withClaim(invitation, claimId, 'used');
}

export function released(invitation: KeptInvitation, claimId: string): KeptInvitation {
    if (typeof invitation.claims.get(claimId) !== 'number') return invitation;
    return { ...invitation, claims: new Map([...invitation.claims].filter(([id]) => id !== claimId)) };
}

export function revoked(invitation: KeptInvitation): KeptInvitation {
    return invitation.isRevoked ? invitation : { ...invitation, isRevoked: true };
}

function ensureValid(invitation: Found, now: number): KeptInvitation {
    if (invitation === undefined) throw new InvitationError('INVITATION_UNKNOWN');
    const refusal = refusalOf(invitation, now);
    if (refusal !== undefined) throw new InvitationError(refusal);
    return invitation;
}

function refusalOf({ isRevoked, expiresAt }: KeptInvitation, now: number): InvitationErrorCode | undefined {
    if (isRevoked) return 'INVITATION_REVOKED';
    return now < expiresAt ? undefined : 'INVITATION_EXPIRED';
}

function withClaim(invitation: KeptInvitation, claimId: string, claim: Claim): KeptInvitation {
    return { ...invitation, claims: new Map([...invitation.claims, [claimId, claim]]) };
}

function count({ claims }: KeptInvitation, counts: (claim: Claim) => boolean): number {
    return [...claims.values()].filter(counts).length;
}

function isUse(claim: Claim | undefined): boolean {
    return claim === 'used';
}

function isLive(claim: Claim | undefined, now: number): boolean {
    return typeof claim === 'number' && now < claim;
}

import type { InvitationLimits } from './invitation-limits.ts';
import {
    InvitationError,
    type InvitationClaim,
    type InvitationState,
    type InvitationTerms,
} from './invitation-store.ts';
import { ensureTerms } from './invitation-terms.ts';
import {
    claimed,
    completed,
    isOpen,
    isUsable,
    released,
    renewed,
    revoked,
    stateOf,
    type KeptInvitation,
} from './kept-invitation.ts';

/** What a call brings with it. */
export interface Circumstances {
    /** Milliseconds since 1970. */
    readonly now: number;
    /** A random one: of an invitation or of a claim. */
    readonly newId: () => string;
}

/**
 * The invitations of one instance, for whoever keeps them: the methods are those of `InvitationStore`, with the SHA-256 of the
 * token. Nothing is changed by a call that throws, except that those leave which nobody asks for any more.
 */
export class InvitationBook {
    readonly #limits: InvitationLimits;
    readonly #invitations: Map<string, KeptInvitation>;
    #isChanged = false;

    constructor(limits: InvitationLimits, kept: readonly KeptInvitation[] = []) {
        this.#limits = limits;
        this.#invitations = new Map(kept.map(invitation => [invitation.id, invitation]));
    }

    /** In the order of adding. */
    get kept(): readonly KeptInvitation[] {
        return [...this.#invitations.values()];
    }

    get isChanged(): boolean {
        return this.#isChanged;
    }

    add(tokenHash: string, terms: InvitationTerms, { now, newId }: Circumstances): InvitationState {
        const valid = ensureTerms(terms);
        if (valid.expiresAt <= now) throw new InvitationError('INVITATION_TERMS_INVALID');
        this.#forgetOld(now);
        if (this.#withToken(tokenHash) !== undefined) throw new InvitationError('INVITATION_EXISTS');
        this.#makeRoom(now);
        const expiresAt = Math.min(valid.expiresAt, now + this.#limits.longestMs);
        const invitation = { ...valid, expiresAt, id: newId(), tokenHash, isRevoked: false, claims: new Map() };
        this.#put(invitation);
        return stateOf(invitation, now);
    }

    claim(tokenHash: string, { now, newId }: Circumstances): InvitationClaim {
        this.#forgetOld(now);
        const claimId = newId();
        const invitation = claimed(this.#withToken(tokenHash), claimId, this.#limits.leaseMs, now);
        this.#put(invitation);
        const { id: invitationId, personId, mode, url, expiresAt, maxUses } = invitation;
        return { personId, mode, url, expiresAt, maxUses, invitationId, claimId };
    }

    renew({ invitationId, claimId }: InvitationClaim, { now }: Circumstances): void {
        this.#forgetOld(now);
        this.#put(renewed(this.#invitations.get(invitationId), claimId, this.#limits.leaseMs, now));
    }

    complete({ invitationId, claimId }: InvitationClaim, { now }: Circumstances): void {
        this.#forgetOld(now);
        this.#put(completed(this.#invitations.get(invitationId), claimId, now));
    }

    release({ invitationId, claimId }: InvitationClaim): void {
        const invitation = this.#invitations.get(invitationId);
        if (invitation !== undefined) this.#put(released(invitation, claimId));
    }

    list({ now }: Circumstances): InvitationState[] {
        return this.kept.filter(invitation => isOpen(invitation, now)).map(invitation => stateOf(invitation, now));
    }

    revoke(id: string, { now }: Circumstances): boolean {
        const invitation = this.#invitations.get(id);
        if (invitation === undefined || !isUsable(invitation, now)) return false;
        this.#put(revoked(invitation));
        return true;
    }

    revokeAll(): void {
        for (const invitation of this.kept) this.#put(revoked(invitation));
    }

    #withToken(tokenHash: string): KeptInvitation | undefined {
        return this.kept.find(invitation => invitation.tokenHash === tokenHash);
    }

    #forgetOld(now: number): void {
        for (const { id, expiresAt } of this.kept) if (now >= expiresAt + this.#limits.overMs) this.#remove(id);
    }

    /** @throws InvitationError `TOO_MANY_INVITATIONS` */
    #makeRoom(now: number): void {
        const over = this.kept.filter(invitation => !isOpen(invitation, now));
        const kept = this.#invitations.size;
        if (kept - over.length >= this.#limits.open) throw new InvitationError('TOO_MANY_INVITATIONS');
        for (const { id } of over.slice(0, Math.max(0, kept + 1 - this.#limits.kept))) this.#remove(id);
    }

    #put(invitation: KeptInvitation): void {
        if (this.#invitations.get(invitation.id) === invitation) return;
        this.#invitations.set(invitation.id, invitation);
        this.#isChanged = true;
    }

    #remove(id: string): void {
        this.#invitations.delete(id);
        this.#isChanged = true;
    }
}

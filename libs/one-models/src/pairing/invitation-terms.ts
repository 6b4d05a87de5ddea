import { isHash } from '@refinio/one.core';
import { MAX_INVITATION_URL, MAX_INVITATION_USES } from '../limits.ts';
import { isWebSocketUrl } from './invitation.ts';
import { InvitationError, type InvitationTerms } from './invitation-store.ts';

/**
 * The terms and nothing else, with the expiry in whole milliseconds. Whether it lies in the future is for the clock of the store.
 * @throws InvitationError `INVITATION_TERMS_INVALID`
 */
export function ensureTerms({ personId, mode, url, expiresAt, maxUses }: InvitationTerms): InvitationTerms {
    const modes: readonly unknown[] = ['person', 'device'];
    if (!isHash(personId)) throw invalid('the person is no ID hash');
    if (!modes.includes(mode)) throw invalid('the mode is neither "person" nor "device"');
    if (typeof url !== 'string' || url.length > MAX_INVITATION_URL || !url.isWellFormed() || !isWebSocketUrl(url))
        throw invalid(`the address is none of ws:// or wss://, or has more than ${MAX_INVITATION_URL} characters`);
    if (!Number.isFinite(expiresAt)) throw invalid('the time at which it expires is no number');
    if (!Number.isInteger(maxUses) || maxUses < 1 || maxUses > MAX_INVITATION_USES)
        throw invalid(`it is for 1 to ${MAX_INVITATION_USES} uses`);
    return { personId, mode, url, expiresAt: Math.floor(expiresAt), maxUses };
}

function invalid(what: string): InvitationError {
    return new InvitationError('INVITATION_TERMS_INVALID', `An invitation with these terms is refused: ${what}`);
}

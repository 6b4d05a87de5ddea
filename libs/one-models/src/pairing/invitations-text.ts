// All invitations of an instance as one text (`state/invitations`): a line with the epoch, then one for each, oldest first.
//
//   <id> <SHA-256 of the token> <person> person|device <url> <expiresAt> <maxUses> open|revoked <claims>
//
//   url       as encodeURIComponent
//   claims    <id>:<end of the lease>, or <id>:used, joined by commas
//
// They count only within the epoch of the journal in which they were written: in a store that was restored from a backup, what has
// been used since then would be open again.
import { ensureIdHash } from '@refinio/one.core';
import type { Claim, KeptInvitation } from './kept-invitation.ts';

const [ID, HASH, TIME] = ['[0-9a-f]{16}', '[0-9a-f]{64}', '[0-9]{1,16}'];
const CLAIMS = `(?:${ID}:(?:${TIME}|used)(?:,|$))*`;
const LINE = new RegExp(
    `^(${ID}) (${HASH}) (${HASH}) (person|device) ([^ ]+) (${TIME}) ([0-9]{1,4}) (open|revoked) (${CLAIMS})$`,
);

export function writeInvitations(epoch: string, invitations: readonly KeptInvitation[]): string {
    return [epoch, ...invitations.map(lineOf)].join('\n');
}

/** None for another epoch; without those whose line is damaged. */
export function readInvitations(text: string, epoch: string): KeptInvitation[] {
    const [writtenIn, ...lines] = text.split('\n');
    return writtenIn === epoch ? lines.map(ofLine).filter(invitation => invitation !== undefined) : [];
}

function lineOf(invitation: KeptInvitation): string {
    const { id, tokenHash, personId, mode, url, expiresAt, maxUses, isRevoked } = invitation;
    const claims = Array.from(invitation.claims, ([claimId, claim]) => `${claimId}:${claim}`).join(',');
    const state = isRevoked ? 'revoked' : 'open';
    return [id, tokenHash, personId, mode, encodeURIComponent(url), expiresAt, maxUses, state, claims].join(' ');
}

function ofLine(line: string): KeptInvitation | undefined {
    const [, id = '', tokenHash = '', person, mode, encoded = '', expiresAt, maxUses, state, claims = ''] =
        LINE.exec(line) ?? [];
    const url = decoded(encoded);
    if (person === undefined || url === undefined) return undefined;
    return {
        ...{ id, tokenHash, personId: ensureIdHash(person), mode: mode === 'device' ? 'device' : 'person', url },
        ...{ expiresAt: Number(expiresAt), maxUses: Number(maxUses), isRevoked: state === 'revoked' },
        claims: new Map(claims.split(',').filter(Boolean).map(claimOf)),
    };
}

function decoded(text: string): string | undefined {
    try {
        return decodeURIComponent(text);
    } catch {
        return undefined;
    }
}

function claimOf(text: string): [string, Claim] {
    const [id = '', claim = ''] = text.split(':');
    return [id, claim === 'used' ? 'used' : Number(claim)];
}

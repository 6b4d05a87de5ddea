// What both sides of pairing do (spec 52 §2.2, §2.3). Nothing of the other side is stored before everything that it has said was checked.
import { systemTimer, uint8ArrayToHex, type PublicIdentityRecord } from '@refinio/one.core';
import { ConnectionError } from '../connections/connection-error.ts';
import type { IdentifiedConnection } from '../connections/leute-connections.ts';
import type { OwnKey } from '../connections/own-keys.ts';
import { setUp, type SetUpOptions } from '../connections/set-up.ts';
import { PAIRING_CLOSE_MS, PAIRING_MS } from '../limits.ts';
import { InvitationError, type InvitationClaim, type InvitationStore } from './invitation-store.ts';
import { readIdentity, readToken, sendIdentity, sendToken } from './pairing-messages.ts';

/** Takes somebody over as a contact. @throws if it cannot be one: the other side is refused then */
export type TakeOver = (record: PublicIdentityRecord) => Promise<void>;

export interface InviterOptions extends SetUpOptions {
    readonly invitations: InvitationStore;
    readonly takeOver: TakeOver;
}

/**
 * The side that has created the invitation. The caller closes the connection if the invitee does not.
 * @returns which invitation was used
 * @throws ConnectionError, InvitationError, what `takeOver` throws; the connection is closed then, and the invitation can be used again
 */
export async function pairAsInviter(
    identified: IdentifiedConnection,
    options: InviterOptions,
): Promise<{ readonly token: string; readonly claim: InvitationClaim }> {
    const { connection, own, peer, remoteKey } = identified;
    const { invitations, takeOver } = options;
    let claimed: InvitationClaim | undefined;
    try {
        const limits = { timeoutMs: PAIRING_MS, outlives: true, ...options };
        const { token, claim, record } = await setUp(connection, 'pairing', limits, async () => {
            const token = await readToken(connection);
            const claim = (claimed = await claimFor(invitations, token, own));
            sendIdentity(connection, ownRecord(own, claim.url));
            // Of a deployed invitee it is the key of the person that the handshake has proved.
            const instanceKey = remoteKey === peer.keys.publicKey.toLowerCase() ? undefined : remoteKey;
            return { token, claim, record: await readIdentity(connection, peer, instanceKey) };
        });
        // The other side is done, and may be gone.
        await invitations.renew(claim);
        await takeOver(record);
        await invitations.complete(claim);
        return { token, claim };
    } catch (error) {
        connection.close('Error: Pairing has failed');
        if (claimed !== undefined) await invitations.release(claimed);
        throw error;
    }
}

/**
 * The side that uses an invitation.
 * @param url where this instance can be dialled
 * @throws ConnectionError, what `takeOver` throws; the connection is closed then
 */
export async function pairAsInvitee(
    identified: IdentifiedConnection,
    token: string,
    url: string | undefined,
    options: SetUpOptions & { readonly takeOver: TakeOver },
): Promise<void> {
    const { connection, own, peer, remoteKey } = identified;
    await setUp(connection, 'pairing', { timeoutMs: PAIRING_MS, ...options }, async () => {
        sendToken(connection, token);
        const record = await readIdentity(connection, peer, remoteKey);
        await options.takeOver(record);
        sendIdentity(connection, ownRecord(own, url));
    });
}

/** Closes the connection if the other side has not done so after a while. */
export async function closeLater(
    { connection }: IdentifiedConnection,
    { timer = systemTimer }: SetUpOptions,
): Promise<void> {
    const cancel = timer(() => connection.close(), PAIRING_CLOSE_MS);
    await connection.closed;
    cancel();
}

/** @throws ConnectionError `PAIRING_REFUSED`, with the texts that deployed peers know; what the store throws if it cannot be asked */
async function claimFor(invitations: InvitationStore, token: string, own: OwnKey): Promise<InvitationClaim> {
    let claim: InvitationClaim;
    try {
        claim = await invitations.claim(token);
    } catch (cause) {
        if (!(cause instanceof InvitationError)) throw cause;
        // Unknown, used, expired and revoked are the same for a stranger.
        throw new ConnectionError('PAIRING_REFUSED', 'Authentication token is not existing.', { cause });
    }
    if (claim.personId === own.personId) return claim;
    await invitations.release(claim);
    throw new ConnectionError(
        'PAIRING_REFUSED',
        'The authentication token was not generated for the requested person.',
    );
}

function ownRecord({ identity, cryptoApi }: OwnKey, url: string | undefined): PublicIdentityRecord {
    const { person, keys, instance } = identity;
    return {
        ...{ type: 'public', personEmail: person.email, instanceName: instance.name },
        ...{ personKeyPublic: keys.publicKey, personSignKeyPublic: keys.publicSignKey },
        instanceKeyPublic: uint8ArrayToHex(cryptoApi.publicEncryptionKey),
        instanceSignKeyPublic: uint8ArrayToHex(cryptoApi.publicSignKey),
        ...(url !== undefined && { url }),
    };
}

// Pairing (spec 52 §2), in the group `pairing` after both sides have proved who they are (spec 50 §6). Objects: public identity
// records (spec 31 §9).
//
//   1  invitee  {"command":"authentication_token","token":"<token>"}
//   2  inviter  {"command":"identity","obj":{"type":"public","personEmail":…,"instanceName":…,"personKeyPublic":…,
//               "personSignKeyPublic":…,"instanceKeyPublic":…,"instanceSignKeyPublic":…,"url":…}}
//   3  invitee  the same of its own
//   4  invitee  closes
import {
    instanceIdHash,
    InvalidIdentityRecordError,
    parseIdentityRecord,
    personIdHash,
    type PublicIdentityRecord,
} from '@refinio/one.core';
import { ConnectionError } from '../connections/connection-error.ts';
import type { Connection } from '../connections/connection.ts';
import type { PeerIdentity } from '../connections/identities.ts';
import { readCommand, sendCommand } from '../connections/set-up-messages.ts';

export function sendToken(connection: Connection, token: string): void {
    sendCommand(connection, 'authentication_token', { token });
}

/** @throws ConnectionError `SETUP_MESSAGE_REFUSED`, `CONNECTION_CLOSED` */
export async function readToken(connection: Connection): Promise<string> {
    const parse = ({ token }: Readonly<Record<string, unknown>>): string | undefined =>
        typeof token === 'string' ? token : undefined;
    return readCommand(connection, 'authentication_token', parse);
}

export function sendIdentity(connection: Connection, record: PublicIdentityRecord): void {
    sendCommand(connection, 'identity', { obj: record });
}

/**
 * @param peer who is on the other side
 * @param instanceKey that the handshake has proved; undefined if it was the key of the person
 * @throws ConnectionError `IDENTITY_MISMATCH` for the record of somebody else; as `readToken`
 */
export async function readIdentity(
    connection: Connection,
    peer: PeerIdentity,
    instanceKey: string | undefined,
): Promise<PublicIdentityRecord> {
    const record = await readCommand(connection, 'identity', ({ obj }) => parsePublicRecord(obj));
    // Deployed peers take any record, also that of a person who knows nothing of it.
    if (!(await belongsTo(record, peer, instanceKey)))
        throw new ConnectionError('IDENTITY_MISMATCH', 'The identity does not belong to the authenticated person.');
    return record;
}

async function belongsTo(
    record: PublicIdentityRecord,
    { personId, instanceId, keys }: PeerIdentity,
    instanceKey: string | undefined,
): Promise<boolean> {
    const { personEmail, instanceName } = record;
    return (
        (await personIdHash(personEmail)) === personId &&
        (await instanceIdHash(instanceName, personEmail)) === instanceId &&
        record.personKeyPublic === keys.publicKey.toLowerCase() &&
        record.personSignKeyPublic === keys.publicSignKey.toLowerCase() &&
        (instanceKey === undefined || record.instanceKeyPublic === instanceKey)
    );
}

function parsePublicRecord(obj: unknown): PublicIdentityRecord | undefined {
    try {
        const record = parseIdentityRecord(obj);
        return record.type === 'public' ? record : undefined;
    } catch (error) {
        if (error instanceof InvalidIdentityRecordError) return undefined;
        throw error;
    }
}

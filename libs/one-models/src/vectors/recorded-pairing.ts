// The recorded pairing, repeated by an instance of ours that has the keys of one side: what it sends, tells and stores.
import {
    ensureHash,
    hashText,
    identityOf,
    MemoryBackend,
    OneInstance,
    uint8ArrayToHex,
    type SecretIdentityRecord,
} from '@refinio/one.core';
import { expectEqual } from '@refinio/one.core/vectors';
import type { IdentifiedConnection } from '../connections/leute-connections.ts';
import { LeuteModel } from '../leute/leute-model.ts';
import { modelOptions } from '../model-options.ts';
import { MemoryInvitations } from '../pairing/memory-invitations.ts';
import { licenses } from '../trust/licenses.ts';
import { getSignatures } from '../trust/signatures.ts';
import { pairAsInvitee, pairAsInviter, type TakeOver } from '../pairing/pairing-protocol.ts';
import type { RecordedIdentity, RecordedSession, ReplayedSetUp } from './recorded-session.ts';

interface StoredObject {
    readonly kind: 'id' | 'unversioned' | 'version';
    readonly hash?: string;
    readonly idHash?: string;
    readonly type: string;
    readonly microdata: string;
}

interface Afterwards {
    readonly onPairingSuccess: {
        readonly initiatedLocally: boolean;
        readonly localPersonId: string;
        readonly localInstanceId: string;
        readonly remotePersonId: string;
        readonly remoteInstanceId: string;
        readonly token: string;
    };
    readonly storedObjects: readonly StoredObject[];
}

export interface RecordedPairing extends RecordedSession {
    readonly afterwards: { readonly initiator: Afterwards; readonly acceptor: Afterwards };
}

export async function talkPairing(setUp: ReplayedSetUp): Promise<void> {
    const { session, role, own } = setUp;
    const { onPairingSuccess: wanted, storedObjects } = (session as RecordedPairing).afterwards[role];
    await using one = await openRecorded(own);
    await using leute = new LeuteModel(one);
    await leute.init();
    const before = await missing(one, storedObjects);
    const identified = identifiedAs(setUp, one);
    const { localPersonId, localInstanceId, remotePersonId, remoteInstanceId, initiatedLocally } = identified;
    const takeOver: TakeOver = async record => {
        await leute.importContact(record);
    };
    const token =
        role === 'initiator'
            ? await use(identified, wanted.token, recordedUrl(setUp), takeOver)
            : await invite(identified, wanted.token, recordedUrl(setUp), takeOver);
    const told = { initiatedLocally, localPersonId, localInstanceId, remotePersonId, remoteInstanceId, token };
    expectEqual(told, wanted, 'what is told');
    expectEqual(before.length > 10, true, 'almost nothing was there before');
    expectEqual(await missing(one, storedObjects), [], 'what is not stored');
}

async function use(identified: IdentifiedConnection, token: string, url: string, takeOver: TakeOver): Promise<string> {
    await pairAsInvitee(identified, token, url, { takeOver });
    return token;
}

async function invite(
    identified: IdentifiedConnection,
    token: string,
    url: string,
    takeOver: TakeOver,
): Promise<string> {
    const invitations = new MemoryInvitations();
    const { localPersonId: personId } = identified;
    await invitations.add(token, { personId, mode: 'person', url, maxUses: 1, expiresAt: Date.now() + 60_000 });
    const paired = await pairAsInviter(identified, { invitations, takeOver });
    expectEqual(await invitations.list(), [], 'the invitation is used up');
    return paired.token;
}

function identifiedAs({ connection, role, peer, remoteKey, identity, instance }: ReplayedSetUp, one: OneInstance) {
    const { owner: personId, id: instanceId } = one;
    const key = uint8ArrayToHex(instance.publicEncryptionKey);
    const own = { personId, instanceId, key, identity, cryptoApi: instance, [Symbol.dispose]: () => undefined };
    return {
        ...{ connection, own, peer, remoteKey, groupName: 'pairing', initiatedLocally: role === 'initiator' },
        ...{ localPersonId: personId, localInstanceId: instanceId },
        ...{ remotePersonId: peer.personId, remoteInstanceId: peer.instanceId },
    } satisfies IdentifiedConnection;
}

/** That our side has told of itself. */
function recordedUrl({ session, role }: ReplayedSetUp): string {
    const frame = session.frames.find(({ from, string }) => from === role && string?.includes('"identity"') === true);
    const { obj } = JSON.parse(frame?.string ?? '{}') as { readonly obj?: { readonly url?: string } };
    if (obj?.url === undefined) throw new Error('No URL is recorded.');
    return obj.url;
}

function openRecorded({ email, instanceName, personKeys, instanceKeys }: RecordedIdentity): Promise<OneInstance> {
    const record: SecretIdentityRecord = {
        ...{ type: 'secret', personEmail: email, instanceName },
        ...{ personKeyPublic: personKeys.encryptionPublic, personKeySecret: personKeys.encryptionSecret },
        ...{ personSignKeyPublic: personKeys.signPublic, personSignKeySecret: personKeys.signSecret },
        ...{ instanceKeyPublic: instanceKeys.encryptionPublic, instanceKeySecret: instanceKeys.encryptionSecret },
        ...{ instanceSignKeyPublic: instanceKeys.signPublic, instanceSignKeySecret: instanceKeys.signSecret },
    };
    return OneInstance.open({
        ...modelOptions,
        ...identityOf(record),
        ...{ secret: 'recorded', storage: new MemoryBackend(), encryptStorage: false },
    });
}

/**
 * What is not here as it was recorded. Of the certificate, the license is our own (spec 32-B.3): with its hash in the place of the
 * recorded one, and signed.
 */
async function missing(one: OneInstance, stored: readonly StoredObject[]): Promise<string[]> {
    const { objects, microdata, owner } = one;
    const list: string[] = [];
    const license = await microdata.hash(licenses.TrustKeysCertificate);
    const recorded = stored.find(({ type }) => type === 'License')?.hash ?? '';
    for (const { kind, type, hash, idHash, microdata: text } of stored) {
        if (type === 'License') continue;
        if (type === 'TrustKeysCertificate') {
            const ours = ensureHash(await hashText(text.replace(recorded, license)));
            if ((await getSignatures(objects, ours, owner)).length !== 1) list.push(text);
            // The last one is the signature over the recorded certificate.
            break;
        }
        const name = (kind === 'id' ? idHash : hash) ?? '';
        if ((await objects.findText(name)) !== text) list.push(text);
        if (kind === 'version' && (await objects.headNode(idHash ?? ''))?.node.data !== hash)
            list.push(`head: ${name}`);
    }
    return list;
}

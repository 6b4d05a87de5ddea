// Both sides tell who they are, and prove it (spec 50 §6).
//
//   step  both directions                                           objects: identity-objects.ts
//   1     {"command":"person_id_object","obj":<Person>}
//   2     {"command":"keys_object","obj":<Keys>}
//   3     challenges: nonce (24) ‖ tag (16) ‖ 64 bytes, box between the person keys
//           a  acceptor → initiator   c1, random
//           b  initiator → acceptor   complement of c1
//           c  initiator → acceptor   c2, random
//           d  acceptor → initiator   complement of c2
//   4     {"command":"instance_id_object","obj":<Instance>}
//
//   1. The initiator proves itself first: d is sent after b was verified.
//   2. IDs are computed from the objects; nothing that is said of them is believed.
//   3. A key that was seen is pinned: it is compared before the own instance is named.
import {
    ensureNonce,
    ensurePublicKey,
    equalSecrets,
    hexToUint8ArrayWithCheck,
    OneError,
    CryptoError,
    type CryptoApi,
    type Instance,
    type Keys,
    type Person,
    type SHA256IdHash,
    type SymmetricCryptoApi,
} from '@refinio/one.core';
import { IDENTITIES_MS } from '../limits.ts';
import { complement } from './complement.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';
import { idOf, parseInstance, parseKeys, parsePerson, type InstanceId, type PersonId } from './identity-objects.ts';
import type { Role } from './layers/encryption.ts';
import { systemRandom, type Random } from './random.ts';
import { readBytes, readCommand, sendCommand } from './set-up-messages.ts';
import { setUp, type SetUpOptions } from './set-up.ts';

/** Who connects, or is connected to. */
export interface LocalIdentity {
    readonly person: PersonId;
    /** The default ones of the person. */
    readonly keys: Keys;
    /** Of the same keys. The caller disposes of it. */
    readonly cryptoApi: CryptoApi;
    readonly instance: InstanceId;
}

/** What is recorded of a peer, from endpoints (spec 53). */
export interface KnownPeer {
    readonly personId: SHA256IdHash<Person>;
    readonly instanceId: SHA256IdHash<Instance>;
    /** It stands in a profile, but was not exchanged in pairing: that another person has the key is no mismatch then. */
    readonly isClaim?: boolean;
}

export interface PeerRecords {
    /**
     * Who is said to have the key that the handshake has proved; none if there is no endpoint with it. Several, if somebody has written an
     * endpoint with the key of another: only its owner gets through the handshake.
     */
    readonly known: readonly KnownPeer[];
    /**
     * Public encryption keys in the `personKeys` of all endpoints of a person; none: a new person.
     * @throws anything, if one of the Keys objects cannot be loaded
     */
    personKeys(person: SHA256IdHash<Person>): Promise<readonly string[]>;
    /** Asked before this side proves who it is, as whom the peer says that it comes. @throws ConnectionError if it is not let in */
    ensureWelcome?(person: SHA256IdHash<Person>, keys: Keys): void | Promise<void>;
}

/** Proved: the peer holds the secret keys of the person. That the instance is theirs, only records and invitations can say. */
export interface PeerIdentity {
    readonly personId: SHA256IdHash<Person>;
    readonly person: PersonId;
    readonly keys: Keys;
    readonly instanceId: SHA256IdHash<Instance>;
    readonly instance: InstanceId;
    /** No endpoint of the person was known: the caller stores the Person ID object. */
    readonly isNewPerson: boolean;
}

export interface ExchangeOptions extends SetUpOptions {
    /** For challenges; default: of the system. */
    readonly random?: Random;
}

const CHALLENGE = 64;

/** @throws ConnectionError with a code of spec 50 §6; the connection is closed then */
export async function exchangeIdentities(
    connection: Connection,
    role: Role,
    local: LocalIdentity,
    records: PeerRecords,
    options: ExchangeOptions = {},
): Promise<PeerIdentity> {
    const { random = systemRandom } = options;
    return setUp(connection, 'exchange of identities', { timeoutMs: IDENTITIES_MS, ...options }, () =>
        withErrorsOfSection(async () => {
            sendCommand(connection, 'person_id_object', { obj: local.person });
            sendCommand(connection, 'keys_object', { obj: local.keys });
            const { person, personId } = await readPerson(connection);
            const keys = await readKeys(connection, personId);
            // Before anything is proved: whoever sits between two others could have one of them answer the challenges of the other.
            const isNewPerson = await checkPerson(records, personId, keys);
            await records.ensureWelcome?.(personId, keys);
            await prove(connection, role, local.cryptoApi, keys, random);
            sendCommand(connection, 'instance_id_object', { obj: local.instance });
            const { instance, instanceId } = await readInstance(connection);
            checkInstance(records.known, personId, instance, instanceId);
            return { personId, person, keys, instanceId, instance, isNewPerson };
        }),
    );
}

async function readPerson(connection: Connection): Promise<{ person: PersonId; personId: SHA256IdHash<Person> }> {
    return readCommand(connection, 'person_id_object', ({ obj }) => parsePerson(obj)).then(async person => ({
        person,
        personId: ensureId(await idOf(person), 'person_id_object'),
    }));
}

async function readKeys(connection: Connection, personId: SHA256IdHash<Person>): Promise<Keys> {
    const keys = await readCommand(connection, 'keys_object', ({ obj }) => parseKeys(obj));
    if (keys.owner !== personId)
        throw coded(
            'EP-KEYS-OWNER-MISMATCH',
            'Received keys object does not belong to the transmitted person id object',
        );
    return keys;
}

async function readInstance(
    connection: Connection,
): Promise<{ instance: InstanceId; instanceId: SHA256IdHash<Instance> }> {
    const instance = await readCommand(connection, 'instance_id_object', ({ obj }) => parseInstance(obj));
    return { instance, instanceId: ensureId(await idOf(instance), 'instance_id_object') };
}

async function prove(
    connection: Connection,
    role: Role,
    cryptoApi: CryptoApi,
    keys: Keys,
    random: Random,
): Promise<void> {
    const remoteKey = ensurePublicKey(hexToUint8ArrayWithCheck(keys.publicKey));
    using box = cryptoApi.createEncryptionApiWithPerson(remoteKey);
    const send = (plain: Uint8Array): void => {
        connection.send(box.encryptAndEmbedNonce(plain, ensureNonce(random(24))));
    };
    const receive = async (): Promise<Uint8Array> => openChallenge(await readBytes(connection), box);
    const challenge = (): Uint8Array => {
        const sent = random(CHALLENGE);
        send(sent);
        return complement(sent);
    };
    if (role === 'acceptor') {
        const wanted = challenge();
        ensureProved(await receive(), wanted);
        send(complement(await receive()));
    } else {
        send(complement(await receive()));
        const wanted = challenge();
        ensureProved(await receive(), wanted);
    }
}

/** @returns whether nothing was known of the person */
async function checkPerson(records: PeerRecords, personId: SHA256IdHash<Person>, keys: Keys): Promise<boolean> {
    const recordedPeers = records.known.filter(({ isClaim }) => isClaim !== true);
    if (recordedPeers.length > 0 && !recordedPeers.some(known => known.personId === personId))
        throw coded('EP-PERSONIDMISMATCH', 'The person id does not match the one we have on record.');
    let recorded: readonly string[];
    try {
        recorded = await records.personKeys(personId);
    } catch (error) {
        throw coded('EP-KEYFAILED', `Failed to load keys object for person ${personId}`, error);
    }
    const publicKey = keys.publicKey.toLowerCase();
    if (recorded.length > 0 && !recorded.some(key => key.toLowerCase() === publicKey))
        throw coded('EP-KEYMISSMATCH', 'Key does not match your previous visit');
    return recorded.length === 0;
}

function checkInstance(
    known: readonly KnownPeer[],
    personId: SHA256IdHash<Person>,
    instance: InstanceId,
    instanceId: SHA256IdHash<Instance>,
): void {
    const isRecorded = (each: KnownPeer): boolean => each.personId === personId && each.instanceId === instanceId;
    const recorded = known.filter(({ isClaim, personId: claimed }) => isClaim !== true || claimed === personId);
    if (recorded.length > 0 && !recorded.some(isRecorded))
        throw new ConnectionError(
            'INSTANCE_ID_MISMATCH',
            'The instance id we have on record for your specified public key does not match the instance id that you sent us.',
        );
    if (instance.owner !== personId)
        throw new ConnectionError(
            'INSTANCE_OWNER_MISMATCH',
            'Received instance does not belong to the transmitted person id object',
        );
}

function openChallenge(bytes: Uint8Array, box: SymmetricCryptoApi): Uint8Array {
    let plain: Uint8Array;
    try {
        plain = box.decryptWithEmbeddedNonce(bytes);
    } catch (error) {
        if (error instanceof CryptoError) throw notAuthenticated(error);
        throw error;
    }
    if (plain.length !== CHALLENGE) throw notAuthenticated();
    return plain;
}

function ensureProved(answer: Uint8Array, wanted: Uint8Array): void {
    if (!equalSecrets(answer, wanted)) throw notAuthenticated();
}

function notAuthenticated(cause?: unknown): ConnectionError {
    return new ConnectionError('AUTHENTICATION_FAILED', 'Failed to authenticate connection.', { cause });
}

function ensureId<T>(id: SHA256IdHash<T> | undefined, command: string): SHA256IdHash<T> {
    if (id !== undefined) return id;
    const text = `Received data does not match the data expected for command '${command}'`;
    throw new ConnectionError('SETUP_MESSAGE_REFUSED', text);
}

function coded(
    code: 'EP-KEYS-OWNER-MISMATCH' | 'EP-PERSONIDMISMATCH' | 'EP-KEYMISSMATCH' | 'EP-KEYFAILED',
    text: string,
    cause?: unknown,
): ConnectionError {
    return new ConnectionError(code, `${code}: ${text}`, { cause });
}

/** What has no code of its own in this section has this one. */
async function withErrorsOfSection<T>(run: () => Promise<T>): Promise<T> {
    try {
        return await run();
    } catch (error) {
        const isGeneral =
            error instanceof CryptoError ||
            (error instanceof ConnectionError &&
                ['SETUP_MESSAGE_REFUSED', 'INSTANCE_ID_MISMATCH', 'INSTANCE_OWNER_MISMATCH'].includes(error.code));
        if (!isGeneral || !(error instanceof OneError)) throw error;
        throw new ConnectionError('CONNECTION-ERROR', `CONNECTION-ERROR: ${error.message}`, { cause: error });
    }
}

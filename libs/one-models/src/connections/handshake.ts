// The encrypted handshake (spec 50 §4). S, T: X25519 keys that both sides keep; E: ephemeral ones.
//
//   1  initiator  text     {"command":"communication_request","sourcePublicKey":S,"targetPublicKey":T}
//   2  acceptor   text     {"command":"communication_ready"}
//   3  initiator  72 bytes nonce (24) ‖ box(Ei; S, T)
//   4  acceptor   72 bytes nonce (24) ‖ box(Ea; S, T)
//
// Then everything is encrypted with the key that the ephemeral ones share. What has come before that, and is more than this, is refused:
// anybody on the way may have put it there.
//
//   1. The acceptor answers 1 with 2 always, and closes then if T is not its own.
//   2. It sends nothing that depends on the secret of T before it has verified 3.
//   3. The initiator sends 3 after 2: a relay could lose it before.
import {
    CryptoError,
    deriveSymmetricKeyFromKeypair,
    ensureNonce,
    ensurePublicKey,
    ensureSecretKey,
    equalSecrets,
    hexToUint8ArrayWithCheck,
    isHexString,
    keyPairOf,
    SymmetricCryptoApi,
    uint8ArrayToHex,
    wipe,
    type CryptoApi,
    type KeyPair,
    type PublicKey,
} from '@refinio/one.core';
import { HANDSHAKE_MS } from '../limits.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';
import { Encryption, type Role } from './layers/encryption.ts';
import { Fragmentation } from './layers/fragmentation.ts';
import { KeepAlive } from './layers/keep-alive.ts';
import { createRandomPool, systemRandom, type Random } from './random.ts';
import { readBytes, readCommand, refused, sendCommand } from './set-up-messages.ts';
import { setUp, type SetUpOptions } from './set-up.ts';

export interface HandshakeOptions extends SetUpOptions {
    /** For keys, nonces and padding; default: of the system. */
    readonly random?: Random;
}

/** What a listener accepts connections for: the instances behind it, each with a key of its own. */
export interface LocalKey {
    readonly cryptoApi: CryptoApi;
}

export interface AcceptedHandshake<Local extends LocalKey> {
    /** The one that was asked for. */
    readonly local: Local;
    /** The peer holds its secret. Of an instance or of a person: nothing is to be concluded from it (spec 50 §4). */
    readonly remoteKey: PublicKey;
}

/**
 * @param local S: of the instance, or (pairing) of its person
 * @param target T: of the peer's instance
 * @throws ConnectionError; CryptoError; the connection is closed then
 */
export async function initiateHandshake(
    connection: Connection,
    local: CryptoApi,
    target: PublicKey,
    options: HandshakeOptions = {},
): Promise<void> {
    const { random = systemRandom } = options;
    await setUp(connection, 'handshake', { timeoutMs: HANDSHAKE_MS, ...options }, async () => {
        sendCommand(connection, 'communication_request', {
            sourcePublicKey: uint8ArrayToHex(local.publicEncryptionKey),
            targetPublicKey: uint8ArrayToHex(target),
        });
        await readCommand(connection, 'communication_ready', members => members);
        const ephemeral = createEphemeral(random);
        try {
            connection.send(box(ephemeral.publicKey, local, target, random));
            const remote = unbox(await readBytes(connection), local, target);
            // Our own frame, sent back: the box is the same in both directions.
            if (equalSecrets(remote, ephemeral.publicKey))
                throw new CryptoError('CYENC-SYMDEC', 'the peer has sent back what it was sent');
            encrypt(connection, 'initiator', sessionKey(ephemeral, remote), options);
        } finally {
            wipe(ephemeral.secretKey);
        }
    });
}

/** @throws ConnectionError; CryptoError; the connection is closed then */
export async function acceptHandshake<Local extends LocalKey>(
    connection: Connection,
    locals: readonly Local[],
    options: HandshakeOptions = {},
): Promise<AcceptedHandshake<Local>> {
    const { random = systemRandom } = options;
    return setUp(connection, 'handshake', { timeoutMs: HANDSHAKE_MS, ...options }, async () => {
        const { source, target } = await readCommand(connection, 'communication_request', parseRequest);
        sendCommand(connection, 'communication_ready');
        const local = findLocal(locals, target);
        if (local === undefined)
            throw new ConnectionError('TARGET_KEY_UNKNOWN', 'We do not accept connections for this target public key');
        const remote = unbox(await readBytes(connection), local.cryptoApi, source);
        const ephemeral = createEphemeral(random);
        try {
            const key = sessionKey(ephemeral, remote);
            connection.send(box(ephemeral.publicKey, local.cryptoApi, source, random));
            encrypt(connection, 'acceptor', key, options);
        } finally {
            wipe(ephemeral.secretKey);
        }
        return { local, remoteKey: source };
    });
}

function parseRequest(
    members: Readonly<Record<string, unknown>>,
): { source: PublicKey; target: PublicKey } | undefined {
    const { sourcePublicKey, targetPublicKey } = members;
    if (!isHexString(sourcePublicKey) || !isHexString(targetPublicKey)) return undefined;
    return {
        source: ensurePublicKey(hexToUint8ArrayWithCheck(sourcePublicKey)),
        target: ensurePublicKey(hexToUint8ArrayWithCheck(targetPublicKey)),
    };
}

/** All are compared, each in constant time. */
function findLocal<Local extends LocalKey>(locals: readonly Local[], target: PublicKey): Local | undefined {
    let found: Local | undefined;
    for (const local of locals) if (equalSecrets(local.cryptoApi.publicEncryptionKey, target)) found ??= local;
    return found;
}

function createEphemeral(random: Random): KeyPair {
    return keyPairOf(ensureSecretKey(random(32)));
}

function box(ephemeral: PublicKey, local: CryptoApi, remote: PublicKey, random: Random): Uint8Array {
    return local.encryptAndEmbedNonce(ephemeral, remote, ensureNonce(random(24)));
}

function unbox(bytes: Uint8Array, local: CryptoApi, remote: PublicKey): PublicKey {
    return ensurePublicKey(local.decryptWithEmbeddedNonce(bytes, remote));
}

function sessionKey(ephemeral: KeyPair, remote: PublicKey): SymmetricCryptoApi {
    const key = deriveSymmetricKeyFromKeypair(ephemeral.secretKey, remote);
    const api = new SymmetricCryptoApi(key);
    wipe(key);
    return api;
}

/** @throws ConnectionError `SETUP_MESSAGE_REFUSED` */
function encrypt(connection: Connection, role: Role, key: SymmetricCryptoApi, options: HandshakeOptions): void {
    // It would be read as if it had come encrypted.
    if (connection.queued > 0) {
        key[Symbol.dispose]();
        throw refused('Received a message before the encryption has begun.');
    }
    connection.attach(() => new Encryption(key, role, options.random ?? createRandomPool()));
    connection.attach(place => new KeepAlive(place, options.timer));
    connection.attach(place => new Fragmentation(place));
}

// A recorded connection, repeated by our own classes: one side is ours, with the randomness that was drawn then; the other one says what
// was recorded of it.
import {
    CryptoApi,
    ensureIdHash,
    ensurePublicKey,
    ensurePublicSignKey,
    ensureSecretKey,
    ensureSecretSignKey,
    hexToUint8ArrayWithCheck as bytesOf,
    uint8ArrayToHex,
    type Instance,
    type Person,
    type Timer,
} from '@refinio/one.core';
import { expectEqual } from '@refinio/one.core/vectors';
import { createChumChannel } from '../connections/chum-channel.ts';
import { Connection } from '../connections/connection.ts';
import { acceptGroup, openGroup } from '../connections/group.ts';
import { acceptHandshake, initiateHandshake } from '../connections/handshake.ts';
import {
    exchangeIdentities,
    type KnownPeer,
    type LocalIdentity,
    type PeerIdentity,
} from '../connections/identities.ts';
import type { Role } from '../connections/layers/encryption.ts';
import type { Message } from '../connections/message.ts';
import type { Random } from '../connections/random.ts';
import { createSocketPair } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';

export interface RecordedFrame {
    readonly n: number;
    readonly from: Role;
    readonly text?: string;
    readonly binary?: string;
    readonly close?: { readonly code: number; readonly reason: string };
    readonly nonceCounter?: number;
    readonly padding?: string;
    readonly string?: string;
    readonly bytes?: string;
    readonly nonce?: string;
    readonly plain?: string;
    readonly challenge?: { readonly nonce: string; readonly plain: string };
}

interface RecordedKeys {
    readonly encryptionPublic: string;
    readonly encryptionSecret: string;
    readonly signPublic: string;
    readonly signSecret: string;
}

export interface RecordedIdentity {
    readonly email: string;
    readonly instanceName: string;
    readonly personKeys: RecordedKeys;
    readonly instanceKeys: RecordedKeys;
    readonly personId: string;
    readonly instanceId: string;
}

export type Identities = Readonly<Record<string, RecordedIdentity>>;

export interface RecordedSession {
    readonly initiator: string;
    readonly acceptor: string;
    /** `alice.instanceKeys`, perhaps with a remark. */
    readonly sourceKey: string;
    readonly ephemeral: { readonly initiatorSecret: string; readonly acceptorSecret: string };
    readonly frames: readonly RecordedFrame[];
}

/** Both sides have told who they are. */
export interface ReplayedSetUp {
    readonly session: RecordedSession;
    readonly role: Role;
    readonly connection: Connection;
    readonly peer: PeerIdentity;
    readonly own: RecordedIdentity;
    readonly identity: LocalIdentity;
    /** Of the own instance. */
    readonly instance: CryptoApi;
    /** By which the peer has made the handshake. */
    readonly remoteKey: string;
}

interface ReplayOptions {
    readonly group: string;
    /** Whether both knew each other before. */
    readonly known: boolean;
    /** The protocol of the group. */
    readonly talk: (setUp: ReplayedSetUp) => Promise<void>;
}

/** The pause before the first message of CHUM is over at once; nothing else takes time. */
const timer: Timer = (callback, ms) => {
    if (ms === 100) queueMicrotask(callback);
    return () => undefined;
};

/** @throws Error if anything of our side is not, byte by byte, what was recorded */
export async function replaySession(
    session: RecordedSession,
    identities: Identities,
    role: Role,
    { group, known, talk }: ReplayOptions,
): Promise<void> {
    const { frames } = session;
    const [near, far] = createSocketPair();
    const script = playPeer(far, role, frames);
    const random = scriptedRandom(session, role, frames);
    const connection = new Connection(near, { timer });
    const [own, peer] = [session[role], session[role === 'initiator' ? 'acceptor' : 'initiator']].map(
        name => identities[name],
    );
    if (own === undefined || peer === undefined) throw new Error('An identity is not recorded.');
    using source = cryptoApiOf(keysNamed(identities, session.sourceKey));
    using target = cryptoApiOf(identities[session.acceptor]?.instanceKeys);
    using person = cryptoApiOf(own.personKeys);
    const options = { timer, random: random.draw };
    if (role === 'initiator') {
        await initiateHandshake(connection, source, target.publicEncryptionKey, options);
        await openGroup(connection, group, options);
    } else {
        const accepted = await acceptHandshake(connection, [{ cryptoApi: person }, { cryptoApi: target }], options);
        expectEqual(accepted.local.cryptoApi === target, true, 'the own key');
        expectEqual(uint8ArrayToHex(accepted.remoteKey), uint8ArrayToHex(source.publicEncryptionKey), 'its key');
        expectEqual(await acceptGroup(connection, () => true, options), group, 'the group');
    }
    const records = {
        known: known ? [knownPeer(peer)] : [],
        personKeys: () => Promise.resolve(known ? [peer.personKeys.encryptionPublic] : []),
    };
    const found = await exchangeIdentities(connection, role, localIdentity(own, person), records, options);
    const { personId, instanceId, isNewPerson } = found;
    const { personId: wantedPerson, instanceId: wantedInstance } = peer;
    const wanted = { personId: wantedPerson, instanceId: wantedInstance, isNewPerson: !known };
    expectEqual({ personId, instanceId, isNewPerson }, wanted, 'the peer');
    using instance = cryptoApiOf(own.instanceKeys);
    const remote = role === 'initiator' ? target : source;
    const remoteKey = uint8ArrayToHex(remote.publicEncryptionKey);
    const identity = localIdentity(own, person);
    await talk({ session, role, connection, peer: found, own, identity, instance, remoteKey });
    const closing = frames.find(({ close }) => close !== undefined)?.close?.reason;
    const reason = closing?.replace(/^Close called(\.|: )/, '');
    if (role === 'initiator' && reason !== undefined) connection.close(reason === '' ? undefined : reason);
    await script.ended;
    if (closing !== undefined && role === 'acceptor')
        expectEqual((await connection.closed).reason, closing, 'the reason');
    random.ensureUsedUp();
    const lengths = (from: Role): number =>
        frames
            .filter(frame => frame.from === from)
            .reduce((sum, { text, binary }) => sum + (text?.length ?? 0) + (binary?.length ?? 0) / 2, 0);
    const { bytesSent, bytesReceived } = connection.statistics;
    const both = { bytesSent: lengths(role), bytesReceived: lengths(role === 'initiator' ? 'acceptor' : 'initiator') };
    expectEqual({ bytesSent, bytesReceived }, both, 'the statistics');
    connection.terminate();
}

/** Messages of CHUM, each when what came before it in the record has come. */
export async function talkChum({ connection, role, session: { frames } }: ReplayedSetUp): Promise<void> {
    const channel = createChumChannel(connection, { timer });
    const rest = frames.slice(frames.findLastIndex(({ string }) => string === 'synchronisation') + 1);
    const received: Message[] = [];
    let arrived = Promise.withResolvers<void>();
    channel.listen(message => {
        received.push(message);
        arrived.resolve();
        arrived = Promise.withResolvers();
    });
    const wanted: string[] = [];
    for (const { from, string } of rest) {
        if (string === undefined) continue;
        if (from === role) channel.send(string);
        else {
            wanted.push(string);
            while (received.length < wanted.length) await arrived.promise;
        }
    }
    expectEqual(received, wanted, 'what CHUM has got');
}

/** Says what was recorded, each when our side has said what came before it, and compares that. */
function playPeer(socket: MessageSocket, role: Role, frames: readonly RecordedFrame[]): { ended: Promise<void> } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const spoken = frames.filter(({ close }) => close === undefined);
    const expected = spoken.filter(({ from }) => from === role);
    let [said, heard] = [0, 0];
    const say = (): void => {
        for (;;) {
            const next = spoken.filter(({ from }) => from !== role)[said];
            if (next === undefined) break;
            const before = expected.filter(({ n }) => n < next.n).length;
            if (before > heard) break;
            said++;
            socket.send(next.text ?? bytesOf(next.binary ?? ''));
        }
        if (heard === expected.length && said === spoken.length - expected.length) finish();
    };
    // In all that were recorded, the initiator has closed.
    const closing = frames.find(({ close }) => close !== undefined)?.close?.reason;
    const finish = (): void => {
        if (closing === undefined) resolve();
        else if (role === 'acceptor') socket.close(closing);
    };
    void socket.closed.then(({ reason }) => {
        if (heard < expected.length) reject(new Error(`It was closed after ${heard} frames: ${reason}`));
        else if (closing !== undefined && reason !== closing) reject(new Error(`It was closed with ${reason}`));
        else resolve();
    });
    socket.listen(frame => {
        try {
            const wanted = expected[heard];
            heard++;
            const shown = typeof frame === 'string' ? frame : uint8ArrayToHex(frame);
            expectEqual(shown, wanted?.text ?? wanted?.binary, `frame ${wanted?.n ?? 'that was not recorded'}`);
            say();
        } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            socket.terminate('Not what was recorded');
        }
    });
    say();
    // It is awaited at the end only.
    promise.catch(() => undefined);
    return { ended: promise };
}

/** What one side has drawn, in the order of its frames. */
function scriptedRandom(
    session: RecordedSession,
    role: Role,
    frames: readonly RecordedFrame[],
): { readonly draw: Random; ensureUsedUp(): void } {
    const drawn: Uint8Array[] = [];
    let challenges = 0;
    for (const frame of frames.filter(({ from }) => from === role)) {
        if (frame.nonce !== undefined && frame.nonceCounter === undefined) {
            drawn.push(bytesOf(session.ephemeral[`${role}Secret`]), bytesOf(frame.nonce));
            continue;
        }
        if (frame.challenge !== undefined) {
            // The acceptor asks first, the initiator answers first.
            const isAnswer = (role === 'initiator') === (challenges++ === 0);
            if (!isAnswer) drawn.push(bytesOf(frame.challenge.plain));
            drawn.push(bytesOf(frame.challenge.nonce));
        }
        if (frame.padding === undefined) continue;
        const padding = bytesOf(frame.padding);
        drawn.push(Uint8Array.of(padding.length - 1));
        if (padding.length > 2) drawn.push(padding.slice(2));
    }
    return {
        draw: length => {
            const next = drawn.shift();
            if (next?.length !== length)
                throw new Error(`${length} random bytes were not drawn then, but ${next?.length ?? 'none'}.`);
            return next;
        },
        ensureUsedUp: () => expectEqual(drawn.length, 0, 'the number of random values that were not drawn'),
    };
}

function keysNamed(identities: Identities, text: string): RecordedKeys | undefined {
    const match = /^(\w+)\.(personKeys|instanceKeys)/.exec(text);
    const identity = identities[match?.[1] ?? ''];
    return match?.[2] === 'personKeys' ? identity?.personKeys : identity?.instanceKeys;
}

function cryptoApiOf(keys: RecordedKeys | undefined): CryptoApi {
    if (keys === undefined) throw new Error('A key is not recorded.');
    return new CryptoApi(
        {
            publicKey: ensurePublicKey(bytesOf(keys.encryptionPublic)),
            secretKey: ensureSecretKey(bytesOf(keys.encryptionSecret)),
        },
        {
            publicKey: ensurePublicSignKey(bytesOf(keys.signPublic)),
            secretKey: ensureSecretSignKey(bytesOf(keys.signSecret)),
        },
    );
}

function localIdentity(identity: RecordedIdentity, cryptoApi: CryptoApi): LocalIdentity {
    const owner = ensureIdHash<Person>(identity.personId);
    const { encryptionPublic: publicKey, signPublic: publicSignKey } = identity.personKeys;
    return {
        person: { $type$: 'Person', email: identity.email },
        keys: { $type$: 'Keys', owner, publicKey, publicSignKey },
        cryptoApi,
        instance: { $type$: 'Instance', name: identity.instanceName, owner },
    };
}

function knownPeer({ personId, instanceId }: RecordedIdentity): KnownPeer {
    return { personId: ensureIdHash<Person>(personId), instanceId: ensureIdHash<Instance>(instanceId) };
}

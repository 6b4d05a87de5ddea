// For tests: instances with people and connections, over addresses in memory.
import {
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    MemoryBackend,
    type OneInstance,
    type StorageBackend,
} from '@refinio/one.core';
import { LeuteModel } from '../leute/leute-model.ts';
import { openInstance, ownRecord } from '../leute/test-people.ts';
import { Connection } from './connection.ts';
import { ConnectionsModel, type ConnectionsModelOptions, type ProtocolStart } from './connections-model.ts';
import { DirectListeners } from './routes/direct-listeners.ts';
import { openGroup } from './group.ts';
import { initiateHandshake } from './handshake.ts';
import { exchangeIdentities } from './identities.ts';
import { nobodyKnown, testIdentity, type TestIdentity } from './test-connections.ts';
import type { TestNetwork } from './test-network.ts';

export interface TestPeer extends AsyncDisposable {
    readonly one: OneInstance;
    readonly leute: LeuteModel;
    readonly connections: ConnectionsModel;
    /** What was reported, in order. */
    readonly errors: unknown[];
    readonly started: ProtocolStart[];
    /** Its own listener; undefined for a browser. */
    readonly url: string | undefined;
}

export interface TestPeerOptions extends ConnectionsModelOptions {
    /** Listens there. */
    readonly port?: number;
    readonly storage?: StorageBackend;
}

export async function testPeer(
    name: string,
    network: TestNetwork,
    { port, storage = new MemoryBackend(), ...options }: TestPeerOptions = {},
): Promise<TestPeer> {
    const url = port === undefined ? undefined : `ws://localhost:${port}`;
    const one = await openInstance(name, { storage });
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const leute = new LeuteModel(one, { commServerUrl: url, onError });
    await leute.init();
    const connections = new ConnectionsModel(one, leute, {
        ...{ dial: network.dial, direct: new DirectListeners(network.listen), onError },
        ...(port === undefined
            ? { acceptIncomingConnections: false }
            : { incomingConnectionConfigurations: [{ type: 'socket', host: 'localhost', port }] }),
        ...(url !== undefined && { invitationUrl: url }),
        reconnectDelay: 50,
        ...options,
    });
    const started: ProtocolStart[] = [];
    connections.onProtocolStart.listen(start => started.push(start));
    connections.onConnectionError.listen(({ error }) => errors.push(error));
    await connections.init();
    return {
        ...{ one, leute, connections, errors, started, url },
        [Symbol.asyncDispose]: async () => {
            await connections.shutdown();
            await leute[Symbol.asyncDispose]();
            await one[Symbol.asyncDispose]();
        },
    };
}

/** Makes two peers known to each other. @returns when both have stored it */
export async function pair(inviter: TestPeer, invitee: TestPeer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = inviter.connections.pairing.onPairingSuccess.listen(() => resolve());
    const { invitation } = await inviter.connections.pairing.createInvitation();
    await invitee.connections.pairing.connectUsingInvitation(invitation);
    await promise;
    end();
}

/** Whether both synchronize with each other. */
export function areSynchronizing(a: TestPeer, b: TestPeer): boolean {
    const has = (from: TestPeer, to: TestPeer): boolean =>
        from.connections.chums.some(
            ({ identified, status }) => identified.remotePersonId === to.one.owner && status.state !== 'starting',
        );
    return has(a, b) && has(b, a);
}

/** One side knows the other one as if it was told by somebody; the other one knows nothing. */
export async function know(from: TestPeer, to: TestPeer): Promise<void> {
    const record = await ownRecord(to);
    await from.leute.importContact({ ...record, ...(to.url !== undefined && { url: to.url }) });
}

/** Somebody nobody knows, who does everything right as far as the identities. */
export async function strangerConnection(network: TestNetwork, to: TestPeer, group: string): Promise<Stranger> {
    const identity = await testIdentity('stranger');
    const { instanceKeyPublic } = await ownRecord(to);
    const connection = new Connection(await network.dial(to.url ?? ''));
    await initiateHandshake(
        connection,
        identity.cryptoApi,
        ensurePublicKey(hexToUint8ArrayWithCheck(instanceKeyPublic)),
    );
    await openGroup(connection, group);
    await exchangeIdentities(connection, 'initiator', identity, nobodyKnown);
    return { connection, identity };
}

export interface Stranger {
    readonly connection: Connection;
    readonly identity: TestIdentity;
}

// For tests: instances with people and connections, over addresses in memory.
import {
    ensurePublicKey,
    hexToUint8ArrayWithCheck,
    MemoryBackend,
    type OneInstance,
    type StorageBackend,
    type Keys,
    type PublicIdentityRecord,
} from '@refinio/one.core';
import { LeuteModel } from '../leute/leute-model.ts';
import { createProfileIn, type ProfileId } from '../leute/profile-model.ts';
import { openInstance, ownRecord } from '../leute/test-people.ts';
import type { OneInstanceEndpoint } from '../recipes/people-recipes.ts';
import { storeIdObject, storeObject } from '../typed-objects.ts';
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
    const connection = await strangerInGroup(network, to, group, identity);
    await exchangeIdentities(connection, 'initiator', identity, nobodyKnown);
    return { connection, identity };
}

export interface Stranger {
    readonly connection: Connection;
    readonly identity: TestIdentity;
}

/** The same before the identities. */
export async function strangerInGroup(
    network: TestNetwork,
    to: TestPeer,
    group: string,
    { cryptoApi }: TestIdentity,
): Promise<Connection> {
    const { instanceKeyPublic } = await ownRecord(to);
    const connection = new Connection(await network.dial(to.url ?? ''));
    await initiateHandshake(connection, cryptoApi, ensurePublicKey(hexToUint8ArrayWithCheck(instanceKeyPublic)));
    await openGroup(connection, group);
    return connection;
}

/** What a contact says of itself in its own profile, true or not. */
export async function storeClaim({ one, leute }: TestPeer, record: PublicIdentityRecord): Promise<void> {
    await one.objects.transact(async objects => {
        const person = await storeIdObject(objects, { $type$: 'Person', email: record.personEmail } as const);
        const instance = await storeIdObject(objects, {
            ...{ $type$: 'Instance', name: record.instanceName, owner: person },
        } as const);
        const keysOf = (of: string, publicKey: string, publicSignKey: string) =>
            storeObject(objects, { $type$: 'Keys', owner: of, publicKey, publicSignKey } as unknown as Keys);
        const endpoint = {
            ...{ $type$: 'OneInstanceEndpoint', personId: person, instanceId: instance, url: record.url },
            personKeys: await keysOf(person, record.personKeyPublic, record.personSignKeyPublic),
            instanceKeys: await keysOf(instance, record.instanceKeyPublic, record.instanceSignKeyPublic),
        } as unknown as OneInstanceEndpoint;
        const id = { profileId: 'another', personId: person, owner: person } as unknown as ProfileId;
        await createProfileIn(objects, id, [endpoint]);
    });
    await leute.settled();
}

import { describe, expect, test } from '@jest/globals';
import { createAccess, MemoryBackend, type Person, type SHA256IdHash } from '@refinio/one.core';
import { eventually } from '@lama/testing';
import { ProfileModel } from '../leute/profile-model.ts';
import type { SomeoneModel } from '../leute/someone-model.ts';
import { DEFAULT_PROFILE } from '../leute/well-known.ts';
import type { Someone } from '../recipes/people-recipes.ts';
import { DirectListeners } from './routes/direct-listeners.ts';
import { CONNECTIONS_DEFAULTS, ConnectionsModel } from './connections-model.ts';
import { sendCommand } from './set-up-messages.ts';
import { testIdentity } from './test-connections.ts';
import {
    areSynchronizing,
    know,
    pair,
    storeClaim,
    strangerConnection,
    strangerInGroup,
    testPeer,
    type TestPeer,
} from './test-peers.ts';
import { ownRecord, recordOf } from '../leute/test-people.ts';
import { TestNetwork } from './test-network.ts';

async function names({ leute }: TestPeer): Promise<string[]> {
    const contacts = await leute.others();
    return (
        await Promise.all(contacts.map(each => each.mainIdentity().then(person => leute.displayName(person))))
    ).sort();
}

/** What a peer tells everybody who is told its name. */
async function tellName({ one, leute }: TestPeer, name: string, persons: SHA256IdHash<Person>[]): Promise<void> {
    const id = { profileId: DEFAULT_PROFILE, personId: one.owner, owner: one.owner };
    const profile = await ProfileModel.create(one, id, [], [{ $type$: 'PersonName', name }]);
    await createAccess(one.objects, [{ id: profile.idHash, person: persons, mode: 'add' }]);
    await leute.settled();
}

function idOf(someone: SomeoneModel | undefined): SHA256IdHash<Someone> {
    if (someone === undefined) throw new TypeError('There is a contact.');
    return someone.idHash;
}

describe('connections', () => {
    test('are closed by default, but for contacts and those who have an invitation', async () => {
        expect(CONNECTIONS_DEFAULTS).toEqual({
            commServerUrl: 'ws://localhost:8000',
            acceptIncomingConnections: true,
            acceptUnknownInstances: false,
            acceptUnknownPersons: false,
            allowPairing: true,
            allowDebugRequests: false,
            pairingTokenExpirationDuration: 60_000,
            establishOutgoingConnections: true,
            noImport: false,
            noExport: false,
        });
        const network = new TestNetwork();
        await using alice = await testPeer('alice', network);
        const model = new ConnectionsModel(alice.one, alice.leute);
        expect(model.settings).toEqual(CONNECTIONS_DEFAULTS);
    });

    test('begin with an invitation, and synchronize what is granted from then on', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        await pair(bob, alice);
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
        expect(await Promise.all([bob, alice].map(names))).toEqual([[alice.one.owner], [bob.one.owner]]);
        await tellName(alice, 'Alice', [bob.one.owner]);
        await tellName(bob, 'Bob', [alice.one.owner]);
        await eventually(async () => expect(await Promise.all([bob, alice].map(names))).toEqual([['Alice'], ['Bob']]));
        // Bob cannot dial a browser.
        expect(bob.started).toMatchObject([{ initiatedLocally: false, remotePersonId: alice.one.owner }]);
        expect(alice.started).toMatchObject([{ initiatedLocally: true, remotePersonId: bob.one.owner }]);
        expect([bob.errors, alice.errors]).toEqual([[], []]);
        expect(bob.connections.connectionsInfo()).toMatchObject([
            {
                protocolName: 'chum',
                isConnected: true,
                isCatchAll: false,
                isInternetOfMe: false,
                enabled: true,
                localPersonId: bob.one.owner,
                localInstanceId: bob.one.id,
                remotePersonId: alice.one.owner,
                remoteInstanceId: alice.one.id,
                routes: [{ name: 'IncomingWebsocketRouteDirect:localhost:9001', active: true, enabled: true }],
            },
        ]);
    });

    test('are found again after either side was away', async () => {
        const network = new TestNetwork();
        const [bobs, alices] = [new MemoryBackend(), new MemoryBackend()];
        const open = async (): Promise<[TestPeer, TestPeer]> => [
            await testPeer('bob', network, { port: 9_001, storage: bobs }),
            await testPeer('alice', network, { storage: alices }),
        ];
        {
            const [bob, alice] = await open();
            await using _ = bob;
            await using __ = alice;
            await pair(bob, alice);
        }
        const [bob, alice] = await open();
        await using _ = bob;
        await using __ = alice;
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
        network.cut();
        await eventually(() => expect(alice.started.length).toBeGreaterThan(1));
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
        expect(await names(bob)).toEqual([alice.one.owner]);
    });

    test('follow the address of a contact', async () => {
        const network = new TestNetwork();
        const storage = new MemoryBackend();
        await using alice = await testPeer('alice', network);
        {
            await using bob = await testPeer('bob', network, { port: 9_001, storage });
            await pair(bob, alice);
            await tellName(bob, 'Bob', [alice.one.owner]);
            await eventually(async () => expect(await names(alice)).toEqual(['Bob']));
            const profile = await (await bob.leute.me()).mainProfile();
            profile.communicationEndpoints = profile.communicationEndpoints.map(endpoint =>
                endpoint.$type$ === 'OneInstanceEndpoint' ? { ...endpoint, url: 'ws://localhost:9002' } : endpoint,
            );
            await profile.save();
            // What was learned from the invitation stays: nobody but alice has said it.
            const routes = (): string[] =>
                alice.connections.connectionsInfo().flatMap(each => each.routes.map(({ name }) => name));
            await eventually(() =>
                expect(routes().sort()).toEqual([
                    'OutgoingWebsocketRoute:ws://localhost:9001',
                    'OutgoingWebsocketRoute:ws://localhost:9002',
                ]),
            );
        }
        await using bob = await testPeer('bob', network, { port: 9_002, storage });
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
    });

    test('do not dial what stands in no profile any more', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        await know(alice, bob);
        await eventually(() => expect(alice.connections.connectionsInfo()).toHaveLength(1));
        const [someone] = await alice.leute.others();
        await alice.leute.removeSomeoneElse(idOf(someone));
        await eventually(() => expect(alice.connections.connectionsInfo()).toEqual([]));
    });

    test('with strangers are refused', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using eve = await testPeer('eve', network);
        await know(eve, bob);
        const reason = 'Close called: Error: Unable to start chum because you are unknown';
        await eventually(() =>
            expect(eve.connections.connectionsInfo()[0]?.connectionStatisticsLog[0]?.closeEvent?.reason).toBe(reason),
        );
        expect([...bob.started, ...eve.started]).toEqual([]);
        expect(await bob.one.identities.doesPersonExist(eve.one.owner)).toBe(false);
    });

    test('with strangers are possible if this is wanted', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001, acceptUnknownPersons: true });
        await using eve = await testPeer('eve', network);
        await know(eve, bob);
        await eventually(() => expect(areSynchronizing(eve, bob)).toBe(true));
        expect(await bob.one.identities.doesPersonExist(eve.one.owner)).toBe(true);
        expect(bob.connections.connectionsInfo()).toMatchObject([
            { isCatchAll: true, remotePersonId: eve.one.owner, enabled: false },
        ]);
    });

    test('with a person can be switched off, also for the next start', async () => {
        const network = new TestNetwork();
        const storage = new MemoryBackend();
        const open = (): Promise<TestPeer> => testPeer('bob', network, { port: 9_001, storage: storage });
        await using alice = await testPeer('alice', network);
        {
            await using bob = await open();
            await pair(bob, alice);
            await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
            await bob.connections.disableConnectionsToPerson(alice.one.owner);
            await eventually(() => expect(bob.connections.chums.length).toBe(0));
        }
        await using bob = await open();
        await bob.connections.settled();
        const reason = 'Close called: Route is disabled';
        const reasons = (): unknown[] =>
            alice.connections
                .connectionsInfo()
                .flatMap(each => each.connectionStatisticsLog.map(log => log.closeEvent?.reason));
        await eventually(() => expect(reasons()).toContain(reason));
        expect(bob.connections.connectionsInfo()).toMatchObject([{ enabled: false, isConnected: false }]);
        await bob.connections.enableConnectionsToPerson(alice.one.owner);
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
    });

    test('of several instances in one process share a listener', async () => {
        const network = new TestNetwork();
        const direct = new DirectListeners(network.listen);
        await using bob = await testPeer('bob', network, { port: 9_001, direct });
        await using alice = await testPeer('alice', network);
        {
            await using carol = await testPeer('carol', network, { port: 9_001, direct });
            for (const inviter of [bob, carol]) await pair(inviter, alice);
            await eventually(() =>
                expect([bob, carol].map(each => areSynchronizing(alice, each))).toEqual([true, true]),
            );
            expect(network.addresses).toEqual(['ws://localhost:9001']);
            expect((await names(alice)).sort()).toEqual([bob.one.owner, carol.one.owner].sort());
        }
        expect(network.addresses).toEqual(['ws://localhost:9001']);
        expect(areSynchronizing(alice, bob)).toBe(true);
    });

    test('with a device that was revoked end, and do not begin again', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using phone = await testPeer('phone', network);
        await pair(bob, phone);
        await eventually(() => expect(areSynchronizing(phone, bob)).toBe(true));
        const [endpoint] = await bob.leute.endpoints.ofPerson(phone.one.owner);
        if (endpoint === undefined) throw new TypeError('The phone has an endpoint.');
        await bob.leute.devices.certify(phone.one.owner, endpoint.personKeys, 'browser');
        await bob.leute.devices.revoke(phone.one.owner, 'stolen');
        await eventually(() => expect(bob.connections.chums).toHaveLength(0));
        phone.connections.reconnect();
        const reasons = (): unknown[] =>
            phone.connections
                .connectionsInfo()
                .flatMap(each => each.connectionStatisticsLog.map(log => log.closeEvent?.reason));
        await eventually(() => expect(reasons()).toContain('Close called: Route is disabled'));
        // Nor by another way in.
        const { invitation } = await bob.connections.pairing.createInvitation();
        await expect(phone.connections.pairing.connectUsingInvitation(invitation)).rejects.toThrow(
            'Close called: Error: This device was revoked',
        );
        expect(bob.started).toHaveLength(1);
        await bob.connections.disableConnectionsToPerson(phone.one.owner);
    });

    test('begin once, and end also while they begin; invitations in memory end with them', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        await expect(bob.connections.init()).rejects.toThrow('run already');
        expect(network.addresses).toEqual(['ws://localhost:9001']);
        const { invitation } = await bob.connections.pairing.createInvitation();
        await bob.connections.shutdown();
        const starting = bob.connections.init().catch(() => undefined);
        await bob.connections.shutdown();
        await starting;
        expect(network.addresses).toEqual([]);
        await bob.connections.init();
        await expect(alice.connections.pairing.connectUsingInvitation(invitation)).rejects.toThrow(
            'Close called: Error: Authentication token is not existing.',
        );
    });

    test('are not lost to somebody who claims the key of another one, nor by blocking that one', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        await pair(bob, alice);
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
        // Mallory is a contact, too, and says that alice's key is its own, at an address of its choice.
        const { instanceKeyPublic } = await ownRecord(alice);
        const claim = { ...recordOf('mallory'), instanceKeyPublic, url: 'ws://evil:1' };
        const mallory = await (await bob.leute.importContact(recordOf('mallory'))).mainIdentity();
        await storeClaim(bob, claim);
        await bob.connections.settled();
        const names = bob.connections.connectionsInfo().flatMap(each => each.routes.map(({ name }) => name));
        expect(names.filter(name => name.includes('evil'))).toEqual([]);
        await bob.connections.disableConnectionsToPerson(mallory);
        expect(areSynchronizing(alice, bob)).toBe(true);
        expect(bob.connections.connectionsInfo().filter(each => each.remotePersonId === alice.one.owner)).toMatchObject(
            [{ enabled: true, isConnected: true }],
        );
    });

    test('of somebody whose contact was removed are still bound to the keys of pairing', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001, acceptUnknownPersons: true });
        {
            await using alice = await testPeer('alice', network);
            await pair(bob, alice);
        }
        const [someone] = await bob.leute.others();
        await bob.leute.removeSomeoneElse(idOf(someone));
        await using impostor = await testPeer('alice', network);
        await know(impostor, bob);
        const reasons = (): unknown[] =>
            impostor.connections
                .connectionsInfo()
                .flatMap(each => each.connectionStatisticsLog.map(log => log.closeEvent?.reason));
        await eventually(() =>
            expect(reasons()).toContain('Close called: Error: EP-KEYMISSMATCH: Key does not match your previous visit'),
        );
        expect(impostor.started).toEqual([]);
    });

    test('are refused before anything is proved, so that nobody in the middle can use the proof', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        const identity = await testIdentity('stranger');
        const connection = await strangerInGroup(network, bob, 'chum', identity);
        sendCommand(connection, 'person_id_object', { obj: identity.person });
        sendCommand(connection, 'keys_object', { obj: identity.keys });
        const messages: unknown[] = [];
        connection.listen(message => messages.push(message));
        expect((await connection.closed).reason).toBe(
            'Close called: Error: Unable to start chum because you are unknown',
        );
        // Who bob says to be, and nothing that only bob could say.
        expect(messages.map(message => typeof message)).toEqual(['string', 'string']);
    });

    test('a way in that cannot be opened is told, and no hindrance for others', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await network.listen({ port: 9_002, onSocket: () => undefined });
        const taken = { type: 'socket', host: 'localhost', port: 9_002 } as const;
        for (let i = 0; i < 2; i++)
            await expect(bob.connections.addIncoming(taken)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
        const free = { ...taken, port: 9_003 };
        await bob.connections.addIncoming(free);
        expect(await bob.connections.urlOf(free)).toBe('ws://localhost:9003');
        expect(await bob.connections.urlOf(taken)).toBeUndefined();
    });

    test('of groups that are not known are closed', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001, allowPairing: true });
        for (const group of ['debug', 'whatever']) {
            await expect(strangerConnection(network, bob, group)).rejects.toThrow(
                `Close called: Error: ConnectionRoutesGroupName ${group} not supported`,
            );
        }
    });
});

import { describe, expect, test } from '@jest/globals';
import { MemoryBackend, type PublicIdentityRecord } from '@refinio/one.core';
import { eventually } from '@lama/testing';
import {
    areSynchronizing,
    pair,
    strangerConnection,
    testPeer,
    type Stranger,
    type TestPeer,
} from '../connections/test-peers.ts';
import { TestNetwork } from '../connections/test-network.ts';
import { ownRecord, recordOf } from '../leute/test-people.ts';
import { readCommand, sendCommand } from '../connections/set-up-messages.ts';
import { MemoryInvitations } from './memory-invitations.ts';
import { INVITATION_LEASE_MS } from '../limits.ts';
import type { PairingSuccess } from './pairing.ts';

const UNKNOWN_TOKEN = 'Close called: Error: Authentication token is not existing.';

async function contactsOf({ leute }: TestPeer): Promise<string[]> {
    const contacts = await leute.others();
    return (await Promise.all(contacts.map(each => each.mainIdentity()))).sort();
}

function successes({ connections }: TestPeer): PairingSuccess[] {
    const list: PairingSuccess[] = [];
    connections.pairing.onPairingSuccess.listen(success => list.push(success));
    return list;
}

describe('pairing', () => {
    test('tells both sides who the other one is, and that its keys are to be trusted', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        const [atBob, atAlice] = [successes(bob), successes(alice)];
        const { invitation, state } = await bob.connections.pairing.createInvitation({ mode: 'device' });
        expect(invitation).toEqual({
            token: expect.stringMatching(/^[0-9a-zA-Z_-]{64}$/) as unknown,
            publicKey: (await ownRecord(bob)).instanceKeyPublic,
            url: 'ws://localhost:9001',
        });
        await alice.connections.pairing.connectUsingInvitation(invitation);
        await eventually(() => expect(atBob).toHaveLength(1));
        expect(atBob).toEqual([
            {
                initiatedLocally: false,
                localPersonId: bob.one.owner,
                localInstanceId: bob.one.id,
                remotePersonId: alice.one.owner,
                remoteInstanceId: alice.one.id,
                token: invitation.token,
                invitationId: state.id,
                mode: 'device',
            },
        ]);
        expect(atAlice).toEqual([
            {
                initiatedLocally: true,
                localPersonId: alice.one.owner,
                localInstanceId: alice.one.id,
                remotePersonId: bob.one.owner,
                remoteInstanceId: bob.one.id,
                token: invitation.token,
            },
        ]);
        for (const [one, other] of [
            [bob, alice],
            [alice, bob],
        ] as const) {
            expect(await contactsOf(one)).toEqual([other.one.owner]);
            const key = (await ownRecord(other)).personSignKeyPublic;
            expect(await one.leute.trust.getTrustedKeysForPerson(other.one.owner)).toEqual([key]);
        }
        expect(await bob.connections.pairing.listInvitations()).toEqual([]);
    });

    test('is possible once with an invitation, unless it says more', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        await using carol = await testPeer('carol', network);
        const { pairing } = bob.connections;
        const atBob = successes(bob);
        const { invitation } = await pairing.createInvitation();
        await alice.connections.pairing.connectUsingInvitation(invitation);
        await expect(carol.connections.pairing.connectUsingInvitation(invitation)).rejects.toMatchObject({
            code: 'CONNECTION_CLOSED',
            message: `The connection was closed. ${UNKNOWN_TOKEN}`,
        });
        const { invitation: forTwo } = await pairing.createInvitation({ maxUses: 2 });
        await carol.connections.pairing.connectUsingInvitation(forTwo);
        await using dave = await testPeer('dave', network);
        await dave.connections.pairing.connectUsingInvitation(forTwo);
        await eventually(() => expect(atBob).toHaveLength(3));
        expect(await contactsOf(bob)).toEqual([alice, carol, dave].map(({ one }) => one.owner).sort());
        expect(await contactsOf(carol)).toEqual([bob.one.owner]);
    });

    test.each(['unknown', 'expired', 'revoked'])('is refused with an invitation that is %s', async what => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        const { pairing } = bob.connections;
        const { invitation, state } = await pairing.createInvitation(what === 'expired' ? { expirationMs: 1 } : {});
        if (what === 'revoked') expect(await pairing.invalidateInvitation(state.id)).toBe(true);
        const used = what === 'unknown' ? { ...invitation, token: 'guessed' } : invitation;
        await expect(alice.connections.pairing.connectUsingInvitation(used)).rejects.toThrow(UNKNOWN_TOKEN);
        expect([await contactsOf(alice), await contactsOf(bob)]).toEqual([[], []]);
    });

    test('is refused for another person than the one who has invited', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        const other = await bob.leute.createCompleteIdentityForMyself('bob at work', 'bob at work device');
        await bob.connections.settled();
        const { invitation } = await bob.connections.pairing.createInvitation({ personId: other });
        const { instanceKeyPublic: publicKey } = await ownRecord(bob);
        const wrong = { ...invitation, publicKey };
        await expect(alice.connections.pairing.connectUsingInvitation(wrong)).rejects.toThrow(
            'Close called: Error: The authentication token was not generated for the requested person.',
        );
        await alice.connections.pairing.connectUsingInvitation(invitation);
        expect(await contactsOf(alice)).toEqual([other]);
    });

    test('with oneself, or with another device of the same person, is refused', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        const { invitation } = await bob.connections.pairing.createInvitation();
        await expect(bob.connections.pairing.connectUsingInvitation(invitation)).rejects.toThrow();
        expect(await contactsOf(bob)).toEqual([]);
        expect(await bob.connections.pairing.listInvitations()).toHaveLength(1);
    });

    test('takes no identity but that of the one who has proved it, and the invitation can be used again', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        const { invitation } = await bob.connections.pairing.createInvitation();
        const own = (stranger: Stranger): PublicIdentityRecord => {
            const { person, keys, instance } = stranger.identity;
            return {
                ...recordOf('stranger'),
                ...{ personEmail: person.email, instanceName: instance.name },
                ...{ personKeyPublic: keys.publicKey, personSignKeyPublic: keys.publicSignKey },
            };
        };
        const changes = [
            { personEmail: 'carol@test' },
            { instanceName: 'another device' },
            { personKeyPublic: recordOf('x').personKeyPublic },
            { personSignKeyPublic: recordOf('x').personSignKeyPublic },
        ];
        for (const change of changes) {
            const stranger = await strangerConnection(network, bob, 'pairing');
            sendCommand(stranger.connection, 'authentication_token', { token: invitation.token });
            await readCommand(stranger.connection, 'identity', ({ obj }) => obj);
            sendCommand(stranger.connection, 'identity', { obj: { ...own(stranger), ...change } });
            expect((await stranger.connection.closed).reason).toBe(
                'Close called: Error: The identity does not belong to the authenticated person.',
            );
        }
        await eventually(() => expect(bob.errors).toHaveLength(changes.length));
        expect(bob.errors.at(-1)).toMatchObject({ code: 'IDENTITY_MISMATCH' });
        expect(await contactsOf(bob)).toEqual([]);
        expect(await bob.connections.pairing.listInvitations()).toMatchObject([{ used: 0, claimed: 0 }]);
        await using alice = await testPeer('alice', network);
        await alice.connections.pairing.connectUsingInvitation(invitation);
    });

    test('of two at the same time with one invitation lets one through', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        const invitees = await Promise.all(['a', 'b', 'c', 'd'].map(name => testPeer(name, network)));
        const { invitation } = await bob.connections.pairing.createInvitation();
        const attempts = await Promise.allSettled(
            invitees.map(({ connections }) => connections.pairing.connectUsingInvitation(invitation)),
        );
        expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        await eventually(async () => expect(await contactsOf(bob)).toHaveLength(1));
        for (const invitee of invitees) await invitee[Symbol.asyncDispose]();
    });

    test('that was broken off by a crash is possible again when the lease ends', async () => {
        const network = new TestNetwork();
        let now = 0;
        const invitations = new MemoryInvitations({ now: () => now });
        await using bob = await testPeer('bob', network, { port: 9_001, invitations });
        const { invitation } = await bob.connections.pairing.createInvitation({ expirationMs: 3_600_000 });
        // As a process does it that is gone then.
        await invitations.claim(invitation.token);
        await using alice = await testPeer('alice', network);
        const use = () => alice.connections.pairing.connectUsingInvitation(invitation);
        await expect(use()).rejects.toThrow(UNKNOWN_TOKEN);
        now = INVITATION_LEASE_MS + 1;
        await expect(use()).resolves.toMatchObject({ remotePersonId: bob.one.owner });
    });

    test('is refused where it is not allowed, before anything is told', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, {
            port: 9_001,
            allowPairing: false,
            acceptUnknownPersons: true,
        });
        await expect(strangerConnection(network, bob, 'pairing')).rejects.toThrow(
            'Close called: Error: ConnectionRoutesGroupName pairing not supported',
        );
    });

    test('twice with the same person keeps what is there, and adds what is new', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network);
        await pair(bob, alice);
        await pair(bob, alice);
        expect(await contactsOf(alice)).toEqual([bob.one.owner]);
        expect(await alice.leute.endpoints.ofPerson(bob.one.owner)).toHaveLength(1);
    });

    test('of two who can both be dialled refuses nobody, whoever dials first', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        await using alice = await testPeer('alice', network, { port: 9_002 });
        await pair(bob, alice);
        await eventually(() => expect(areSynchronizing(alice, bob)).toBe(true));
        const reasons = [alice, bob].flatMap(({ connections }) =>
            connections
                .connectionsInfo()
                .flatMap(each => each.connectionStatisticsLog.map(log => log.closeEvent?.reason)),
        );
        expect(reasons.filter(reason => reason?.includes('unknown'))).toEqual([]);
        expect([bob.errors, alice.errors]).toEqual([[], []]);
    });

    test('with a person who is known with other keys is refused on both sides', async () => {
        const network = new TestNetwork();
        await using bob = await testPeer('bob', network, { port: 9_001 });
        {
            await using alice = await testPeer('alice', network);
            await pair(bob, alice);
        }
        // The same e-mail, other keys: a new installation, or somebody else.
        await using alice = await testPeer('alice', network, { storage: new MemoryBackend() });
        await expect(pair(bob, alice)).rejects.toThrow('EP-KEYMISSMATCH: Key does not match your previous visit');
        expect(await contactsOf(alice)).toEqual([]);
        expect(bob.errors).toMatchObject([{ code: 'EP-KEYMISSMATCH' }]);
    });
});

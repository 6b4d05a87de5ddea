import { describe, expect, test } from '@jest/globals';
import { createKeyPair, CryptoApi, uint8ArrayToHex } from '@refinio/one.core';
import { exchangeIdentities, type LocalIdentity, type PeerIdentity, type PeerRecords } from './identities.ts';
import type { Message } from './message.ts';
import {
    encryptedPair,
    nobodyKnown,
    recordsOf,
    settled,
    testIdentity,
    type TestIdentity,
    type TestPair,
} from './test-connections.ts';

const [alice, bob, eve] = (await Promise.all(['alice', 'bob', 'eve'].map(testIdentity))) as [
    TestIdentity,
    TestIdentity,
    TestIdentity,
];

interface Side {
    readonly local?: LocalIdentity;
    readonly records?: PeerRecords;
}

type Outcome = PeerIdentity | { readonly code: string; readonly message: string };

/** Alice initiates. */
async function exchange(initiator: Side, acceptor: Side = {}): Promise<{ pair: TestPair; outcomes: Outcome[] }> {
    const pair = await encryptedPair();
    const sides = [
        exchangeIdentities(
            pair.initiator,
            'initiator',
            initiator.local ?? alice,
            initiator.records ?? nobodyKnown,
            pair.clock,
        ),
        exchangeIdentities(
            pair.acceptor,
            'acceptor',
            acceptor.local ?? bob,
            acceptor.records ?? nobodyKnown,
            pair.clock,
        ),
    ].map(side => side.catch((error: unknown) => error as Outcome));
    return { pair, outcomes: await Promise.all(sides) };
}

/** An honest acceptor, and an initiator who says what the test says. */
async function withScript(role: 'initiator' | 'acceptor', messages: readonly Message[]) {
    const pair = await encryptedPair();
    const [own, peer] = role === 'initiator' ? [pair.initiator, pair.acceptor] : [pair.acceptor, pair.initiator];
    const result = exchangeIdentities(own, role, role === 'initiator' ? alice : bob, nobodyKnown, pair.clock).catch(
        (error: unknown) => error,
    );
    for (const message of messages) peer.send(message);
    return { pair, own, peer, result };
}

const command = (name: string, obj: unknown): string => JSON.stringify({ command: name, obj });

describe('the exchange of identities', () => {
    test('tells both who the other one is, and that they are new', async () => {
        const { outcomes, pair } = await exchange({}, {});
        const { person, keys, instance } = bob;
        expect(outcomes).toEqual([
            { ...bob.known, person, keys, instance, isNewPerson: true },
            { ...alice.known, person: alice.person, keys: alice.keys, instance: alice.instance, isNewPerson: true },
        ]);
        expect([pair.initiator.state, pair.acceptor.state, pair.initiator.queued]).toEqual(['open', 'open', 0]);
    });

    test('accepts those who are on record', async () => {
        const { outcomes } = await exchange({ records: recordsOf(bob) }, { records: recordsOf(alice) });
        expect(outcomes).toMatchObject([
            { ...bob.known, isNewPerson: false },
            { ...alice.known, isNewPerson: false },
        ]);
    });

    test('accepts a key that is on record in capitals, among others', async () => {
        const keys = ['00'.repeat(32), alice.keys.publicKey.toUpperCase()];
        const records = { known: [], personKeys: () => Promise.resolve(keys) };
        const { outcomes } = await exchange({}, { records });
        expect(outcomes[1]).toMatchObject({ isNewPerson: false });
    });

    test.each<[string, PeerRecords, string, string]>([
        [
            'another person than is on record for the instance key',
            recordsOf(eve),
            'EP-PERSONIDMISMATCH',
            'EP-PERSONIDMISMATCH: The person id does not match the one we have on record.',
        ],
        [
            'another key than is on record for the person',
            { known: [], personKeys: () => Promise.resolve([eve.keys.publicKey]) },
            'EP-KEYMISSMATCH',
            'EP-KEYMISSMATCH: Key does not match your previous visit',
        ],
        [
            'a person whose keys on record cannot be read',
            { known: [], personKeys: () => Promise.reject(new Error('damaged')) },
            'EP-KEYFAILED',
            `EP-KEYFAILED: Failed to load keys object for person ${alice.known.personId}`,
        ],
        [
            'another instance than is on record for the instance key',
            { ...nobodyKnown, known: [{ ...alice.known, instanceId: eve.known.instanceId }] },
            'CONNECTION-ERROR',
            'CONNECTION-ERROR: The instance id we have on record for your specified public key does not match the instance id that you sent us.',
        ],
    ])('refuses %s, from either side', async (_, records, code, message) => {
        const asAcceptor = await exchange({}, { records });
        expect(asAcceptor.outcomes[1]).toMatchObject({ code, message });
        expect((await asAcceptor.pair.initiator.closed).reason).toBe(`Close called: Error: ${message}`.slice(0, 123));
        const asInitiator = await exchange({ local: bob, records }, { local: alice });
        expect(asInitiator.outcomes[0]).toMatchObject({ code, message });
        expect((await asInitiator.pair.acceptor.closed).reason).toBe(`Close called: Error: ${message}`.slice(0, 123));
    });

    test('does not name its own instance to a person with a wrong key', async () => {
        const records = { known: [], personKeys: () => Promise.resolve([eve.keys.publicKey]) };
        const { pair, outcomes } = await exchange({}, { records });
        expect(outcomes[0]).toMatchObject({ code: 'CONNECTION_CLOSED' });
        expect(pair.initiator.queued).toBe(0);
    });

    test('refuses keys of somebody else', async () => {
        const { outcomes } = await exchange({ local: { ...alice, keys: eve.keys } });
        expect(outcomes[1]).toMatchObject({ code: 'EP-KEYS-OWNER-MISMATCH' });
    });

    test('refuses an instance of somebody else', async () => {
        const { outcomes } = await exchange({ local: { ...alice, instance: eve.instance } });
        expect(outcomes[1]).toMatchObject({
            code: 'CONNECTION-ERROR',
            cause: expect.objectContaining({ code: 'INSTANCE_OWNER_MISMATCH' }),
        });
    });

    test('refuses those who do not hold the secret of the key they show, without a word', async () => {
        const lies = { ...alice, keys: { ...alice.keys, publicKey: uint8ArrayToHex(createKeyPair().publicKey) } };
        for (const sides of [
            [{ local: lies }, {}],
            [{}, { local: { ...bob, keys: { ...bob.keys, publicKey: lies.keys.publicKey } } }],
            [{ local: { ...alice, cryptoApi: new CryptoApi(createKeyPair()) } }, {}],
        ] as const) {
            const { outcomes, pair } = await exchange(sides[0], { local: bob, ...sides[1] });
            expect(outcomes.map(outcome => 'code' in outcome && outcome.code)).toContain('AUTHENTICATION_FAILED');
            const { reason } = await pair.initiator.closed;
            expect(['Close called.', 'no reason given -> regular close']).toContain(reason);
        }
    });

    test('refuses a challenge that is sent back, and one of another length', async () => {
        const { peer, result } = await withScript('acceptor', [
            command('person_id_object', alice.person),
            command('keys_object', alice.keys),
        ]);
        const box = alice.cryptoApi.createEncryptionApiWithPerson(bob.cryptoApi.publicEncryptionKey);
        for (let i = 0; i < 2; i++) await peer.read();
        const challenge = await peer.read();
        peer.send(challenge);
        expect(await result).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
        expect((await peer.closed).reason).toBe('Close called.');

        const short = await withScript('initiator', [
            command('person_id_object', bob.person),
            command('keys_object', bob.keys),
            box.encryptAndEmbedNonce(new Uint8Array(63)),
        ]);
        expect(await short.result).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    });

    test('proves nothing to an initiator who has not proved himself', async () => {
        const { peer, result } = await withScript('acceptor', [
            command('person_id_object', alice.person),
            command('keys_object', alice.keys),
        ]);
        const box = alice.cryptoApi.createEncryptionApiWithPerson(bob.cryptoApi.publicEncryptionKey);
        for (let i = 0; i < 3; i++) await peer.read();
        peer.send(box.encryptAndEmbedNonce(new Uint8Array(64)));
        peer.send(box.encryptAndEmbedNonce(new Uint8Array(64)));
        expect(await result).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
        await peer.closed;
        await expect(peer.read()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    });

    test('sends the first two messages at once', async () => {
        const { peer } = await withScript('initiator', []);
        await settled();
        expect(peer.queued).toBe(2);
    });

    test('takes a Person with more properties for the same person', async () => {
        const { outcomes } = await exchange({
            local: { ...alice, person: Object.assign({ name: 'Alice' }, alice.person) },
        });
        expect(outcomes[1]).toMatchObject({ personId: alice.known.personId, person: { email: 'alice@test' } });
    });

    const person = command('person_id_object', alice.person);
    const keys = (changed: object): string[] => [person, command('keys_object', { ...alice.keys, ...changed })];
    test.each<[string, string[], string]>([
        ['a text that is no object', [command('person_id_object', 'x')], 'person_id_object'],
        ['another type', [command('person_id_object', { $type$: 'Group', name: 'x' })], 'person_id_object'],
        [
            'an e-mail that is no text',
            [command('person_id_object', { $type$: 'Person', email: 1 })],
            'person_id_object',
        ],
        [
            'an e-mail that no object may hold',
            [command('person_id_object', { $type$: 'Person', email: '\uD800' })],
            'person_id_object',
        ],
        ['an owner that is no hash', keys({ owner: 'x' }), 'keys_object'],
        ['a key that is no text', keys({ publicKey: 5 }), 'keys_object'],
        ['a key that is too short', keys({ publicKey: 'ab' }), 'keys_object'],
        ['a sign key that is not hexadecimal', keys({ publicSignKey: 'z'.repeat(64) }), 'keys_object'],
    ])('refuses %s', async (_, messages, name) => {
        const { result, peer } = await withScript('acceptor', messages);
        const text = `CONNECTION-ERROR: Received data does not match the data expected for command '${name}'`;
        expect(await result).toMatchObject({ code: 'CONNECTION-ERROR', message: text });
        expect((await peer.closed).reason).toBe(`Close called: Error: ${text}`.slice(0, 123));
    });

    test('refuses a key of low order', async () => {
        const { result } = await withScript('acceptor', keys({ publicKey: '00'.repeat(32) }));
        expect(await result).toMatchObject({
            code: 'CONNECTION-ERROR',
            cause: expect.objectContaining({ code: 'CYENC-ENSPUB' }),
        });
    });

    test('is over after 30 s, wherever the peer or a record falls silent', async () => {
        for (const messages of [[], [person], keys({})]) {
            const { result, pair, own } = await withScript('acceptor', messages);
            await pair.clock.pass(29_999);
            expect(own.state).toBe('open');
            await pair.clock.pass(1);
            expect(await result).toMatchObject({ code: 'SETUP_TIMEOUT' });
            await own.closed;
            expect(pair.clock.waiting).toBe(0);
        }
        const { initiator, acceptor, clock } = await encryptedPair();
        const hangs = { known: [], personKeys: () => new Promise<string[]>(() => undefined) };
        const results = [
            exchangeIdentities(initiator, 'initiator', alice, nobodyKnown, clock),
            exchangeIdentities(acceptor, 'acceptor', bob, hangs, clock),
        ].map(result =>
            result.then(
                () => 'done',
                (error: unknown) => error,
            ),
        );
        await clock.pass(30_000);
        for (const result of results)
            expect(await result).toMatchObject({ code: expect.stringMatching(/SETUP_TIMEOUT|CONNECTION_CLOSED/) });
    });
});

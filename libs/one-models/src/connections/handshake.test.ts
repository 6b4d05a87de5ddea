import { describe, expect, test } from '@jest/globals';
import { createKeyPair, CryptoApi, uint8ArrayToHex, type PublicKey } from '@refinio/one.core';
import type { Frame } from '../transports/memory-sockets.ts';
import { SocketReader } from '../transports/socket-reader.ts';
import { acceptGroup, openGroup } from './group.ts';
import { acceptHandshake, initiateHandshake } from './handshake.ts';
import { encryptedPair, inboxOf, settled, testPair } from './test-connections.ts';

const [source, target, other] = [1, 2, 3].map(() => new CryptoApi(createKeyPair())) as [
    CryptoApi,
    CryptoApi,
    CryptoApi,
];
const locals = [{ cryptoApi: other }, { cryptoApi: target }];

function request(sourcePublicKey: unknown, targetPublicKey: unknown): string {
    return JSON.stringify({ command: 'communication_request', sourcePublicKey, targetPublicKey });
}

const hexOf = (key: PublicKey): string => uint8ArrayToHex(key);

/** An acceptor, and a peer who sends frames by hand. */
function acceptorAlone() {
    const { clock, acceptor, sockets } = testPair();
    const [socket] = sockets;
    const reader = new SocketReader(socket);
    const result = acceptHandshake(acceptor, locals, clock).then(
        ({ local, remoteKey }) => ({ local, remoteKey }),
        (error: unknown) => error,
    );
    return { clock, socket, reader, result, acceptor };
}

/** An initiator, and a peer who sends frames by hand. */
function initiatorAlone() {
    const { clock, initiator, sockets } = testPair();
    const [, socket] = sockets;
    const reader = new SocketReader(socket);
    const result = initiateHandshake(initiator, source, target.publicEncryptionKey, clock).catch(
        (error: unknown) => error,
    );
    return { clock, socket, reader, result, initiator };
}

describe('a handshake', () => {
    test('finds the key that is meant among several, and tells that of the peer', async () => {
        const { initiator, acceptor, clock } = testPair();
        const [, accepted] = await Promise.all([
            initiateHandshake(initiator, source, target.publicEncryptionKey, clock),
            acceptHandshake(acceptor, locals, clock),
        ]);
        expect(accepted.local).toBe(locals[1]);
        expect(hexOf(accepted.remoteKey)).toBe(hexOf(source.publicEncryptionKey));
        const received = inboxOf(acceptor);
        initiator.send('hello');
        await settled();
        expect(received).toEqual(['hello']);
        // Signs of life are what is left.
        expect(clock.waiting).toBe(4);
    });

    test('reads keys in capitals, and ignores further members', async () => {
        const { socket, reader, result } = acceptorAlone();
        const text = request(
            hexOf(source.publicEncryptionKey).toUpperCase(),
            hexOf(target.publicEncryptionKey).toUpperCase(),
        );
        socket.send(text.replace('{', '{"more":[1],'));
        expect(await reader.take(1)).toEqual(['{"command":"communication_ready"}']);
        socket.send(source.encryptAndEmbedNonce(createKeyPair().publicKey, target.publicEncryptionKey));
        expect((await reader.take(1))[0]).toHaveLength(72);
        expect(await result).toMatchObject({ local: locals[1] });
    });

    test('answers a request for an unknown key, and closes then', async () => {
        const { socket, reader, result } = acceptorAlone();
        socket.send(request(hexOf(source.publicEncryptionKey), hexOf(createKeyPair().publicKey)));
        expect(await reader.take(1)).toEqual(['{"command":"communication_ready"}']);
        expect((await socket.closed).reason).toBe(
            'Close called: Error: We do not accept connections for this target public key',
        );
        expect(await result).toMatchObject({ code: 'TARGET_KEY_UNKNOWN' });
    });

    test.each([
        ['keys that are no texts', request(1, 2)],
        ['keys that are not hexadecimal', request('xy'.repeat(32), 'xy'.repeat(32))],
        ['no keys', '{"command":"communication_request"}'],
    ])('refuses %s', async (_, text) => {
        const { socket, reader } = acceptorAlone();
        socket.send(text);
        expect((await socket.closed).reason).toBe(
            "Close called: Error: Received data does not match the data expected for command 'communication_request'",
        );
        expect(reader.waiting).toBe(0);
    });

    test.each([
        ['a key that is too short', request('00', hexOf(target.publicEncryptionKey)), 0],
        ['a key of low order', request('00'.repeat(32), hexOf(target.publicEncryptionKey)), 1],
        ['another key of low order', request('01' + '00'.repeat(31), hexOf(target.publicEncryptionKey)), 1],
    ])('refuses %s', async (_, text, answers) => {
        const { socket, reader } = acceptorAlone();
        socket.send(text);
        await settled();
        socket.send(new Uint8Array(72));
        expect((await socket.closed).reason).toBe('Close called: Error: CYENC-ENSPUB: Data is not a public key');
        expect(reader.waiting).toBe(answers);
    });

    test.each<[string, Frame, string]>([
        [
            'a box of somebody else',
            other.encryptAndEmbedNonce(new Uint8Array(32), target.publicEncryptionKey),
            'CYENC-SYMDEC: Decryption with symmetric key failed',
        ],
        ['noise', new Uint8Array(72).fill(9), 'CYENC-SYMDEC: Decryption with symmetric key failed'],
        ['nothing', new Uint8Array(), 'CYENC-SYMDEC: Decryption with symmetric key failed'],
        [
            'an ephemeral key of low order',
            source.encryptAndEmbedNonce(new Uint8Array(32), target.publicEncryptionKey),
            'CYENC-ENSPUB: Data is not a public key',
        ],
        [
            'a key that is too long',
            source.encryptAndEmbedNonce(new Uint8Array(33), target.publicEncryptionKey),
            'CYENC-ENSPUB: Data is not a public key',
        ],
        ['a text', 'text', 'Received message that is not a binary message.'],
    ])('sends nothing of its key for %s', async (_, frame, reason) => {
        const { socket, reader, result } = acceptorAlone();
        socket.send(request(hexOf(source.publicEncryptionKey), hexOf(target.publicEncryptionKey)));
        await reader.take(1);
        socket.send(frame);
        expect((await socket.closed).reason).toBe(`Close called: Error: ${reason}`);
        expect(reader.waiting).toBe(0);
        expect(await result).toBeInstanceOf(Error);
    });

    test('refuses, as initiator, what does not come from the target', async () => {
        for (const answer of [
            (_: Frame) => source.encryptAndEmbedNonce(createKeyPair().publicKey, other.publicEncryptionKey),
            // Its own, sent back: it would decrypt.
            (own: Frame) => own,
        ]) {
            const { socket, reader, result } = initiatorAlone();
            await reader.take(1);
            socket.send('{"command":"communication_ready"}');
            const [own = ''] = await reader.take(1);
            socket.send(answer(own));
            expect((await socket.closed).reason).toBe(
                'Close called: Error: CYENC-SYMDEC: Decryption with symmetric key failed',
            );
            expect(await result).toMatchObject({ code: 'CYENC-SYMDEC' });
        }
    });

    test('sends its ephemeral key after it was answered, not before', async () => {
        const { socket, reader } = initiatorAlone();
        expect(await reader.take(1)).toEqual([
            request(hexOf(source.publicEncryptionKey), hexOf(target.publicEncryptionKey)),
        ]);
        await settled();
        expect(reader.waiting).toBe(0);
        socket.send('{"command":"communication_ready"}');
        expect((await reader.take(1))[0]).toHaveLength(72);
    });

    test('takes nothing that has come in clear text for encrypted', async () => {
        const early = acceptorAlone();
        early.socket.send(request(hexOf(source.publicEncryptionKey), hexOf(target.publicEncryptionKey)));
        await early.reader.take(1);
        early.socket.send(source.encryptAndEmbedNonce(createKeyPair().publicKey, target.publicEncryptionKey));
        early.socket.send('{"command":"connection_group","connectionGroupName":"chum"}');
        // It depends on when it comes whether it waits, or is taken for a frame that is encrypted.
        expect((await early.socket.closed).reason).toMatch(/before the encryption has begun|needs to be binary/);

        const { initiator, sockets, clock } = testPair();
        const reader = new SocketReader(sockets[1]);
        const result = initiateHandshake(initiator, source, target.publicEncryptionKey, clock);
        sockets[1].send('{"command":"communication_ready"}');
        sockets[1].send(target.encryptAndEmbedNonce(createKeyPair().publicKey, source.publicEncryptionKey));
        sockets[1].send('{"command":"sync"}');
        await expect(result).rejects.toMatchObject({ code: 'SETUP_MESSAGE_REFUSED' });
        expect(reader.waiting).toBeGreaterThan(0);
    });

    test('is over after 20 s, on both sides, wherever the other one falls silent', async () => {
        for (const said of [0, 1, 2, 3])
            for (const isInitiator of [true, false]) {
                let count = 0;
                const { initiator, acceptor, clock } = testPair({
                    line: (frame, { deliver }) => {
                        if (count++ < said) deliver(frame);
                    },
                });
                const results = [
                    initiateHandshake(initiator, source, target.publicEncryptionKey, clock),
                    acceptHandshake(acceptor, locals, clock),
                ].map(result =>
                    result.then(
                        () => 'done',
                        (error: unknown) => error,
                    ),
                );
                await clock.pass(19_999);
                const [connection, result] = isInitiator ? [initiator, results[0]] : [acceptor, results[1]];
                if (said === 3 && !isInitiator) {
                    // The last frame is its own: it cannot know that it is lost.
                    expect(await result).toBe('done');
                    continue;
                }
                expect(connection.state).toBe('open');
                await clock.pass(1);
                expect(await result).toMatchObject({ code: expect.stringMatching(/SETUP_TIMEOUT|CONNECTION_CLOSED/) });
                await clock.pass(60_000);
                expect([connection.state, clock.waiting]).toEqual(['closed', 0]);
            }
    });

    test('ends when both are initiators, and when both are acceptors', async () => {
        const initiators = testPair();
        const [, { reason }] = await Promise.all([
            Promise.allSettled([
                initiateHandshake(initiators.initiator, source, target.publicEncryptionKey, initiators.clock),
                initiateHandshake(initiators.acceptor, target, source.publicEncryptionKey, initiators.clock),
            ]),
            initiators.initiator.closed,
        ]);
        expect(reason).toMatch(/unexpected type 'communication_request'/);
        const acceptors = testPair();
        const results = [acceptors.initiator, acceptors.acceptor].map(connection =>
            acceptHandshake(connection, locals, acceptors.clock).catch((error: unknown) => error),
        );
        await acceptors.clock.pass(20_000);
        for (const result of results)
            expect(await result).toMatchObject({ code: expect.stringMatching(/SETUP_TIMEOUT|CONNECTION_CLOSED/) });
    });

    test('a recording of another connection is of no use', async () => {
        const recorded: Frame[] = [];
        const first = testPair({
            line: (frame, { from, deliver }) => {
                if (from === 0) recorded.push(frame);
                deliver(frame);
            },
        });
        await Promise.all([
            initiateHandshake(first.initiator, source, target.publicEncryptionKey, first.clock),
            acceptHandshake(first.acceptor, locals, first.clock),
        ]);
        first.initiator.send('{"command":"connection_group","connectionGroupName":"chum"}');
        await settled();
        const { socket, reader, result, acceptor, clock } = acceptorAlone();
        const [request = '', ephemeral = '', group = ''] = recorded;
        socket.send(request);
        await reader.take(1);
        socket.send(ephemeral);
        await reader.take(1);
        // The peer has proved nothing but that it has seen such a frame: it does not know the key of this connection.
        await result;
        const accepting = acceptGroup(acceptor, () => true, clock);
        socket.send(group);
        await expect(accepting).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
        expect((await socket.closed).reason).toBe('Close called: Decryption of message failed.');
    });

    test('draws nonces and keys from what it is given', async () => {
        const { initiator, sockets, clock } = testPair();
        const reader = new SocketReader(sockets[1]);
        const random = (length: number): Uint8Array => new Uint8Array(length).fill(length);
        const result = initiateHandshake(initiator, source, target.publicEncryptionKey, { timer: clock.timer, random });
        await reader.take(1);
        sockets[1].send('{"command":"communication_ready"}');
        const [frame = ''] = await reader.take(1);
        expect(uint8ArrayToHex((frame as Uint8Array).slice(0, 24))).toBe('18'.repeat(24));
        initiator.close();
        await expect(result).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    });
});

describe('the choice of a group', () => {
    test('is made by the initiator, and told to the acceptor', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const [, name] = await Promise.all([
            openGroup(initiator, 'chum', clock),
            acceptGroup(acceptor, name => Promise.resolve(name === 'chum'), clock),
        ]);
        expect(name).toBe('chum');
    });

    test('is refused without a sync', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const results = await Promise.allSettled([
            openGroup(initiator, 'pairing', clock),
            acceptGroup(acceptor, name => name === 'chum', clock),
        ]);
        expect(results).toMatchObject([
            { reason: { code: 'CONNECTION_CLOSED' } },
            { reason: { code: 'GROUP_REFUSED' } },
        ]);
        expect((await initiator.closed).reason).toBe('Close called: I do not want to communicate with you. Go Away!');
    });

    test('fails, and says nothing of the inside, if the answer cannot be found', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const accepting = acceptGroup(acceptor, () => Promise.reject(new Error('secret path')), clock);
        const opening = openGroup(initiator, 'chum', clock).catch((error: unknown) => error);
        await expect(accepting).rejects.toThrow('secret path');
        expect((await initiator.closed).reason).toBe('Close called: Error: The connection could not be set up');
        await opening;
    });

    test.each([
        ['{', 'Received message that does not conform to JSON: it cannot be parsed'],
        ['[]', "Received message without a 'command' member."],
        ['null', "Received message without a 'command' member."],
        ['{"command":"sync"}', "Received unexpected type 'sync'. Expected type 'connection_group'."],
        [
            '{"command":"connection_group"}',
            "Received data does not match the data expected for command 'connection_group'",
        ],
    ])('refuses %s', async (text, reason) => {
        const { initiator, acceptor, clock } = await encryptedPair();
        initiator.send(text);
        await expect(acceptGroup(acceptor, () => true, clock)).rejects.toThrow(reason);
        const closed = `Close called: Error: ${reason}`;
        expect((await initiator.closed).reason).toBe(closed.slice(0, 123));
    });

    test('is over after 20 s, also if it is the answer that does not come', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const results = [
            openGroup(initiator, 'chum', clock),
            acceptGroup(acceptor, () => new Promise<boolean>(() => undefined), clock),
        ].map(result =>
            result.then(
                () => 'done',
                (error: unknown) => error,
            ),
        );
        await clock.pass(20_000);
        for (const result of results)
            expect(await result).toMatchObject({ code: expect.stringMatching(/SETUP_TIMEOUT|CONNECTION_CLOSED/) });
        expect(clock.waiting).toBe(0);
    });
});

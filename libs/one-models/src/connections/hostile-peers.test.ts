// What peers, and whoever is on the way, may do to a set-up: nothing hangs, nothing is left, nothing is thrown where nobody catches it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_FRAME, MAX_SETUP_BYTES } from '../limits.ts';
import type { Frame, SocketPairOptions } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { acceptGroup, openGroup } from './group.ts';
import { acceptHandshake, initiateHandshake } from './handshake.ts';
import { exchangeIdentities } from './identities.ts';
import {
    encryptedPair,
    nobodyKnown,
    settled,
    testIdentity,
    testPair,
    type TestClock,
    type TestIdentity,
} from './test-connections.ts';
import type { Connection } from './connection.ts';

let [alice, bob]: TestIdentity[] = [];
const unhandled: unknown[] = [];
const note = (error: unknown): unknown => unhandled.push(error);

beforeAll(async () => {
    [alice, bob] = await Promise.all([testIdentity('alice'), testIdentity('bob')]);
    process.on('unhandledRejection', note);
});

afterAll(() => {
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
});

/** Frames of both sides of a whole set-up: 4 of the handshake, 2 of the group, 10 of the identities. */
const FRAMES = 16;

async function initiate(connection: Connection, clock: TestClock): Promise<unknown> {
    const [own, peer] = people();
    await initiateHandshake(connection, own.instanceCrypto, peer.instanceCrypto.publicEncryptionKey, clock);
    await openGroup(connection, 'chum', clock);
    return exchangeIdentities(connection, 'initiator', own, nobodyKnown, clock);
}

async function accept(connection: Connection, clock: TestClock): Promise<unknown> {
    const [, own] = people();
    await acceptHandshake(connection, [{ cryptoApi: own.instanceCrypto }], clock);
    await acceptGroup(connection, () => true, clock);
    return exchangeIdentities(connection, 'acceptor', own, nobodyKnown, clock);
}

function people(): [TestIdentity, TestIdentity] {
    if (alice === undefined || bob === undefined) throw new Error('They are made before.');
    return [alice, bob];
}

/** Both sides, to their ends. */
async function setUpBoth(options: SocketPairOptions, disturb?: (sockets: readonly MessageSocket[]) => void) {
    const { clock, initiator, acceptor, sockets } = testPair(options);
    const results = Promise.all(
        [initiate(initiator, clock), accept(acceptor, clock)].map(side =>
            side.then(
                () => 'done',
                (error: unknown) => error,
            ),
        ),
    );
    disturb?.(sockets);
    for (let i = 0; i < 5; i++) await settled();
    // More than all limits together, and the time for a close frame.
    await clock.pass(120_000);
    return { results: await results, connections: [initiator, acceptor], clock };
}

describe('a set-up', () => {
    test('takes as many frames as are cut below', async () => {
        let count = 0;
        const { results } = await setUpBoth({
            line: (frame, { deliver }) => {
                count++;
                deliver(frame);
            },
        });
        expect(results).toEqual(['done', 'done']);
        // Signs of life follow.
        expect(count).toBeGreaterThanOrEqual(FRAMES);
    });

    test('ends on both sides, wherever the line is cut or falls silent', async () => {
        for (let at = 0; at < FRAMES; at++)
            for (const isCut of [true, false]) {
                let count = 0;
                const { results, connections, clock } = await setUpBoth({
                    line: (frame, { deliver, cut }) => {
                        if (count++ < at) deliver(frame);
                        else if (isCut) cut();
                    },
                });
                // Whoever has sent the last frame that came may be done.
                expect(results.filter(result => result === 'done').length).toBeLessThanOrEqual(at < FRAMES - 1 ? 0 : 1);
                expect(connections.map(({ state }) => state)).toEqual(['closed', 'closed']);
                expect(clock.waiting).toBe(0);
            }
    });

    test('ends on both sides, whatever one frame is replaced by, cut to, or followed by', async () => {
        const faults: ((frame: Frame, others: readonly Frame[]) => Frame[])[] = [
            frame => [frame.slice(0, frame.length >> 1)],
            frame => [frame.slice(0, -1)],
            frame => [typeof frame === 'string' ? new TextEncoder().encode(frame) : 'text'],
            frame => [
                typeof frame === 'string'
                    ? frame.replace('command', 'c')
                    : frame.map((byte, i) => byte ^ (i === 0 ? 1 : 0)),
            ],
            frame => [typeof frame === 'string' ? frame.replace(/[0-9a-f]{64}/g, '00'.repeat(32)) : new Uint8Array(72)],
            frame => [frame, frame],
            (_, others) => [others[0] ?? ''],
            () => ['{'.repeat(60_000)],
            () => [new Uint8Array(MAX_FRAME)],
            () => [new Uint8Array(MAX_FRAME + 1)],
        ];
        for (let at = 0; at < FRAMES; at++)
            for (const fault of faults) {
                let count = 0;
                const before: Frame[] = [];
                const { results, connections, clock } = await setUpBoth({
                    line: (frame, { deliver }) => {
                        for (const each of count++ === at ? fault(frame, before) : [frame]) deliver(each);
                        before.push(frame);
                    },
                });
                const isUnchanged = results.every(result => result === 'done');
                // `communication_ready` has nothing that could be replaced, and the first frame nothing before it.
                if (!isUnchanged) expect(connections.map(({ state }) => state)).toEqual(['closed', 'closed']);
                else expect([at, count]).toEqual([1, expect.any(Number)]);
                if (!isUnchanged) expect(clock.waiting).toBe(0);
            }
    }, 120_000);

    test('survives 1 000 frames of noise at each stage, from a peer in the middle of it', async () => {
        const random = seeded(20260101);
        for (let at = 0; at < FRAMES; at++) {
            let count = 0;
            const { connections, clock } = await setUpBoth({
                line: (frame, { deliver }) => {
                    deliver(frame);
                    if (count++ === at) for (let i = 0; i < 1_000; i++) deliver(noise(random));
                },
            });
            expect(connections.map(({ state }) => state)).toEqual(['closed', 'closed']);
            expect(clock.waiting).toBe(0);
        }
    }, 120_000);

    test('survives 1 000 messages of noise at each stage, from a peer who knows the key', async () => {
        const random = seeded(20260102);
        const stages: ((connection: Connection, clock: TestClock) => Promise<unknown>)[] = [
            (connection, clock) => acceptGroup(connection, () => true, clock),
            (connection, clock) => openGroup(connection, 'chum', clock),
            (connection, clock) => exchangeIdentities(connection, 'acceptor', people()[1], nobodyKnown, clock),
            (connection, clock) => exchangeIdentities(connection, 'initiator', people()[1], nobodyKnown, clock),
        ];
        for (const stage of stages)
            for (let run = 0; run < 40; run++) {
                const { initiator, acceptor, clock } = await encryptedPair();
                const result = stage(acceptor, clock).then(
                    () => 'done',
                    (error: unknown) => error,
                );
                for (let i = 0; i < 25; i++) {
                    const message = noise(random);
                    initiator.send(typeof message === 'string' ? command(random, message) : message);
                }
                await settled();
                await clock.pass(120_000);
                // The first one may have been a `sync` by chance; all that follow are too many.
                if ((await result) !== 'done') expect(await result).toBeInstanceOf(Error);
                expect([initiator.state, acceptor.state, clock.waiting]).toEqual(['closed', 'closed', 0]);
            }
    }, 120_000);

    test('takes no more memory than a message, whatever is sent before it is over', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const result = acceptGroup(acceptor, () => true, clock).catch((error: unknown) => error);
        initiator.send(new Uint8Array(10 * MAX_FRAME));
        await settled();
        expect(await result).toMatchObject({ code: 'CONNECTION_CLOSED' });
        expect((await initiator.closed).reason).toBe(
            `Close called: A message is longer than ${MAX_SETUP_BYTES} bytes.`,
        );
    });

    test('is over for a peer who sends one allowed byte after the other', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const result = acceptGroup(acceptor, () => true, clock).catch((error: unknown) => error);
        for (let i = 0; i < 19; i++) {
            initiator.send(new Uint8Array());
            await clock.pass(1);
        }
        expect(await result).toMatchObject({ code: 'SETUP_MESSAGE_REFUSED' });

        // Signs of life alone do not extend the time.
        const other = await encryptedPair();
        const late = acceptGroup(other.acceptor, () => true, other.clock).catch((error: unknown) => error);
        await other.clock.pass(20_000);
        expect(await late).toMatchObject({ code: 'SETUP_TIMEOUT' });
    });
});

/** Numbers below 1, always the same. */
function seeded(seed: number): () => number {
    let state = seed;
    return () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
    };
}

function noise(random: () => number): Frame {
    const length = Math.floor(random() ** 3 * 300);
    if (random() < 0.5) return Uint8Array.from({ length }, () => random() * 256);
    const parts = [
        '{',
        '}',
        '"',
        ':',
        '[',
        'command',
        'keepalive',
        'fragmentation_end',
        'obj',
        '$type$',
        'null',
        '€',
        ' ',
    ];
    return Array.from({ length: length / 10 }, () => parts[Math.floor(random() * parts.length)]).join('');
}

/** Half of them are nearly what is expected. */
function command(random: () => number, message: string): string {
    const commands = ['connection_group', 'sync', 'person_id_object', 'keys_object', 'instance_id_object'];
    if (random() < 0.5) return message;
    return JSON.stringify({ command: commands[Math.floor(random() * commands.length)], obj: message, $type$: message });
}

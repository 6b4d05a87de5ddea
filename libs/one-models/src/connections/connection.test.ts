import { describe, expect, test } from '@jest/globals';
import { MAX_SETUP_BYTES } from '../limits.ts';
import { createSocketPair } from '../transports/memory-sockets.ts';
import type { MessageSocket } from '../transports/message-socket.ts';
import { SocketReader } from '../transports/socket-reader.ts';
import { Connection } from './connection.ts';
import { encryptedPair, inboxOf, settled, TestClock, testPair } from './test-connections.ts';

describe('a connection', () => {
    test('carries texts and bytes of any length, in order', async () => {
        const { initiator, acceptor } = await encryptedPair();
        const [there, back] = [inboxOf(acceptor), inboxOf(initiator)];
        const messages = ['keepalive', '', new Uint8Array(200_000).fill(7), 'ä'.repeat(40_000), new Uint8Array()];
        for (const message of messages) {
            initiator.send(message);
            acceptor.send(message);
        }
        await settled();
        expect([there, back]).toEqual([messages, messages]);
    });

    test('is numbered, counts bytes, and knows when it was opened and closed', async () => {
        let now = 5;
        const [near, far] = createSocketPair();
        const clock = new TestClock();
        const options = { timer: clock.timer, now: () => now };
        const [connection, other] = [new Connection(near, options), new Connection(far, options)];
        expect(other.id).toBe(connection.id + 1);
        connection.send('äb');
        other.send(new Uint8Array(4));
        await settled();
        expect(connection.statistics).toEqual({ bytesSent: 3, bytesReceived: 4, openTime: 5 });
        expect(connection.state).toBe('open');
        now = 9;
        connection.close('bye');
        const closed = { type: 'closed', reason: 'bye -> regular close', origin: 'local' };
        expect(await connection.closed).toEqual(closed);
        expect(connection.statistics).toMatchObject({ closeTime: 9, closeEvent: closed });
        expect(await other.closed).toEqual({ type: 'closed', reason: 'Close called: bye', origin: 'remote' });
        expect([connection.state, other.state, clock.waiting]).toEqual(['closed', 'closed', 0]);
    });

    test('reads what came before the end, and then says why nothing comes', async () => {
        const { initiator, acceptor } = testPair();
        acceptor.send('one');
        acceptor.send('two');
        acceptor.close();
        await initiator.closed;
        expect([await initiator.read(), await initiator.read()]).toEqual(['one', 'two']);
        await expect(initiator.read()).rejects.toMatchObject({
            code: 'CONNECTION_CLOSED',
            message: 'The connection was closed. Close called.',
        });
    });

    test('ends a reading when it is closed, from either side', async () => {
        const { initiator, acceptor } = testPair();
        const readings = [initiator.read(), acceptor.read()];
        initiator.close('enough');
        for (const reading of readings)
            await expect(reading).rejects.toThrow('The connection was closed. Close called: enough');
    });

    test('has one reader, and none besides a listener', async () => {
        const { initiator } = testPair();
        const first = initiator.read();
        expect(() => initiator.read()).toThrow(TypeError);
        initiator.close();
        await expect(first).rejects.toThrow();
        initiator.listen(() => undefined);
        expect(() => initiator.read()).toThrow(TypeError);
    });

    test('closes when an eleventh message waits, or too many bytes', async () => {
        const { initiator, acceptor } = testPair();
        for (let i = 0; i < 10; i++) initiator.send('x');
        await settled();
        expect([acceptor.queued, acceptor.state]).toEqual([10, 'open']);
        initiator.send('x');
        const reason = 'Close called: Queue is full, it reached its maximum length of 10';
        expect((await initiator.closed).reason).toBe(reason);

        const other = testPair();
        other.initiator.send('x'.repeat(MAX_SETUP_BYTES));
        other.initiator.send('x');
        expect((await other.initiator.closed).reason).toBe(reason);
    });

    test('hands what waits to a listener, and the rest after it, losing nothing', async () => {
        const { initiator, acceptor } = await encryptedPair();
        const sent = Array.from({ length: 100 }, (_, i) => `${i}`);
        for (const each of sent.slice(0, 5)) initiator.send(each);
        await settled();
        expect(await acceptor.read()).toBe('0');
        const received = inboxOf(acceptor);
        expect(received).toEqual([]);
        for (const each of sent.slice(5)) initiator.send(each);
        await settled();
        expect(received).toEqual(sent.slice(1));
    });

    test('holds the peer back while paused, and does not take its silence for death', async () => {
        const { initiator, acceptor, clock } = await encryptedPair();
        const received = inboxOf(acceptor);
        acceptor.pause();
        for (let i = 0; i < 20; i++) initiator.send(new Uint8Array(100_000));
        await settled();
        expect(received).toEqual([]);
        expect(initiator.bufferedAmount).toBeGreaterThan(1_000_000);
        await clock.pass(60_000);
        expect(acceptor.state).toBe('open');
        acceptor.resume();
        await settled();
        expect([received.length, initiator.bufferedAmount]).toEqual([20, 0]);
    });

    test('hands over what came before the end before it tells the end, also if the socket cannot pause', async () => {
        const [near, far] = createSocketPair();
        const cannotPause: MessageSocket = {
            bufferedAmount: 0,
            whenDrained: () => Promise.resolve(),
            closed: near.closed,
            send: frame => near.send(frame),
            close: reason => near.close(reason),
            terminate: reason => near.terminate(reason),
            listen: listener => near.listen(listener),
            pause: () => undefined,
            resume: () => undefined,
        };
        const connection = new Connection(cannotPause, new TestClock());
        const received = inboxOf(connection);
        connection.pause();
        far.send('last');
        far.close('');
        await far.closed;
        await settled();
        expect([connection.state, received]).toEqual(['open', []]);
        connection.resume();
        await connection.closed;
        expect(received).toEqual(['last']);
    });

    test('takes long messages only when it is in use', async () => {
        const { initiator, acceptor } = await encryptedPair();
        initiator.send(new Uint8Array(MAX_SETUP_BYTES + 1));
        expect((await initiator.closed).reason).toBe('Close called: A message is longer than 65536 bytes.');
        expect(acceptor.queued).toBe(0);
    });

    test('refuses to send what would not arrive as it is', () => {
        const { initiator } = testPair();
        for (const text of ['\uFEFFx', 'x\uD800', '\uDC00'])
            expect(() => initiator.send(text)).toThrow(expect.objectContaining({ code: 'MESSAGE_NOT_SENDABLE' }));
        expect(initiator.bufferedAmount).toBe(0);
    });

    test('hands nothing over after it was closed here, and does nothing more', async () => {
        const { initiator, acceptor } = await encryptedPair();
        const received = inboxOf(acceptor);
        initiator.send('too late');
        acceptor.close();
        acceptor.send('too late');
        await Promise.all([initiator.closed, acceptor.closed]);
        for (const connection of [initiator, acceptor]) {
            connection.send('too late');
            connection.close('too late');
            connection.terminate('too late');
        }
        expect([received, initiator.queued]).toEqual([[], 0]);
    });

    test('gives a peer that does not answer its closing 30 s', async () => {
        const clock = new TestClock();
        const [near, far] = createSocketPair();
        far.pause();
        const connection = new Connection(near, clock);
        connection.close('bye');
        await clock.pass(29_999);
        expect(connection.state).toBe('open');
        await clock.pass(1);
        expect(await connection.closed).toMatchObject({ reason: 'bye -> regular close', origin: 'local' });
        expect(clock.waiting).toBe(0);
    });

    test('counts as closed at once when terminated', async () => {
        const clock = new TestClock();
        const [near, far] = createSocketPair();
        far.pause();
        const connection = new Connection(near, clock);
        connection.terminate();
        expect(await connection.closed).toEqual({
            type: 'closed',
            reason: 'no reason given -> terminated',
            origin: 'local',
        });
        far.resume();
        expect((await far.closed).reason).toBe('Terminate called.');
    });
});

describe('signs of life', () => {
    test('are sent after 20 s without a message, and keep the connection open', async () => {
        const frames: number[] = [];
        const { initiator, acceptor, clock } = await encryptedPair({
            line: (frame, { from, deliver }) => {
                frames.push(from);
                deliver(frame);
            },
        });
        const received = inboxOf(acceptor);
        await settled();
        frames.length = 0;
        await clock.pass(19_999);
        expect(frames).toEqual([]);
        await clock.pass(1);
        expect(frames).toEqual([1, 0]);
        await clock.pass(10_000);
        initiator.send('x');
        await clock.pass(10_000);
        expect(frames).toEqual([1, 0, 0, 1]);
        await clock.pass(10_000);
        expect(frames).toEqual([1, 0, 0, 1, 0]);
        await clock.pass(1_000_000);
        expect([initiator.state, acceptor.state, received]).toEqual(['open', 'open', ['x']]);
    });

    test('end the connection if none comes for 25 s, and stop then', async () => {
        let isLost = false;
        const { acceptor, clock } = await encryptedPair({
            line: (frame, { deliver }) => {
                if (!isLost) deliver(frame);
            },
        });
        isLost = true;
        await clock.pass(24_999);
        expect(acceptor.state).toBe('open');
        await clock.pass(1);
        expect(await acceptor.closed).toMatchObject({
            reason: 'Keepalive: No lifesign of the other side -> terminated',
        });
        await clock.pass(60_000);
        expect(clock.waiting).toBe(0);
    });
});

test('what was changed on the way closes an encrypted connection, and tells why', async () => {
    let isFaulty = false;
    const { initiator, acceptor } = await encryptedPair({
        line: (frame, { deliver }) =>
            deliver(isFaulty && typeof frame !== 'string' ? frame.map(byte => byte ^ 1) : frame),
    });
    const received = inboxOf(acceptor);
    isFaulty = true;
    initiator.send('x');
    expect((await initiator.closed).reason).toBe('Close called: Decryption of message failed.');
    expect(received).toEqual([]);
});

test('a clear text in an encrypted connection closes it', async () => {
    const { sockets, acceptor } = await encryptedPair();
    new SocketReader(sockets[0]);
    sockets[0].send('{"command":"sync"}');
    expect((await sockets[0].closed).reason).toBe(
        'Close called: Incoming encrypted message is a string, it needs to be binary',
    );
    expect(await acceptor.closed).toMatchObject({ origin: 'local' });
});

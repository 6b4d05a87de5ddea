// What every socket has to do, as cases without a test runner: the tests run them against all of ours, in Node and in a browser.
import { uint8ArrayToHex } from '@refinio/one.core';
import { expectEqual } from '@refinio/one.core/vectors';
import { MAX_FRAME } from '../limits.ts';
import type { Dial, MessageSocket } from './message-socket.ts';
import { SocketReader } from './socket-reader.ts';

export interface TransportUnderTest extends AsyncDisposable {
    /** Two ends of a new socket that take frames of up to `MAX_FRAME`: the one that has dialled, and the other one. */
    connect(): Promise<[MessageSocket, MessageSocket]>;
    /** Whether a reader that pauses holds the sender back; default: it does. */
    readonly holdsBack?: boolean;
    readonly dialling?: {
        readonly dial: Dial;
        /** Accepts connections and says nothing. */
        readonly silentUrl: string;
        /** Resolves when it has no connections any more. */
        silentIsAlone(): Promise<void>;
        readonly refusedUrl: string;
    };
}

export interface AcceptanceCase {
    readonly name: string;
    /** Fails by throwing. */
    readonly run: () => Promise<void>;
}

type Frame = string | Uint8Array;
type Case = (transport: TransportUnderTest) => Promise<void>;

/** @param create a new place for each case */
export function transportAcceptance(
    create: () => Promise<TransportUnderTest>,
    { dialling = true } = {},
): AcceptanceCase[] {
    return Object.entries({ ...ofBothEnds(ends), ...together, ...(dialling ? opening : {}) }).map(([name, run]) => ({
        name,
        run: async () => {
            await using transport = await create();
            await run(transport);
        },
    }));
}

function ofBothEnds(
    cases: Record<string, (from: MessageSocket, to: MessageSocket, transport: TransportUnderTest) => Promise<void>>,
): Record<string, Case> {
    return Object.fromEntries(
        Object.entries(cases).flatMap(([name, run]) => [
            [
                `${name}, from the one that has dialled`,
                async (transport: TransportUnderTest) => {
                    const [a, b] = await transport.connect();
                    await run(a, b, transport);
                },
            ],
            [
                `${name}, from the other one`,
                async (transport: TransportUnderTest) => {
                    const [a, b] = await transport.connect();
                    await run(b, a, transport);
                },
            ],
        ]),
    );
}

function bytes(length: number, seed = 7): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => (i * seed + 3) % 251);
}

function expectFrames(actual: readonly Frame[], expected: readonly Frame[]): void {
    const shown = (frames: readonly Frame[]): unknown =>
        frames.map(frame => (typeof frame === 'string' ? { text: frame } : { bytes: uint8ArrayToHex(frame) }));
    expectEqual(shown(actual), shown(expected), 'what has come');
}

const ends = {
    'keeps the order, and texts apart from bytes': async (from: MessageSocket, to: MessageSocket) => {
        const frames = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? `text ${i} äß€😀` : bytes(i, i)));
        const reader = new SocketReader(to);
        for (const frame of frames) from.send(frame);
        expectFrames(await reader.take(frames.length), frames);
    },

    'delivers empty frames': async (from: MessageSocket, to: MessageSocket) => {
        const reader = new SocketReader(to);
        for (const frame of ['', new Uint8Array(), '']) from.send(frame);
        expectFrames(await reader.take(3), ['', new Uint8Array(), '']);
    },

    'keeps what comes before somebody listens': async (from: MessageSocket, to: MessageSocket) => {
        from.send('first');
        from.send(bytes(3));
        await pause();
        const reader = new SocketReader(to);
        from.send('last');
        expectFrames(await reader.take(3), ['first', bytes(3), 'last']);
    },

    'has one listener at a time': async (from: MessageSocket, to: MessageSocket) => {
        const first = new SocketReader(to);
        from.send('one');
        expectEqual(await first.take(1), ['one'], 'what the first listener has got');
        const second = new SocketReader(to);
        from.send('two');
        expectEqual(await second.take(1), ['two'], 'what the second listener has got');
    },

    'delivers a frame of the greatest length, and closes for a longer one': async (
        from: MessageSocket,
        to: MessageSocket,
    ) => {
        const reader = new SocketReader(to);
        from.send(bytes(MAX_FRAME));
        expectEqual((await reader.take(1))[0]?.length, MAX_FRAME, 'the length');
        from.send(bytes(MAX_FRAME + 1));
        const [there, here] = await Promise.all([from.closed, to.closed]);
        expectEqual([there.origin, here.origin, reader.waiting], ['remote', 'local', 0], 'who has closed');
    },

    'hands nothing over while paused, and holds the sender back': async (
        from: MessageSocket,
        to: MessageSocket,
        { holdsBack = true }: TransportUnderTest,
    ) => {
        const reader = new SocketReader(to);
        from.send('before');
        await reader.take(1);
        to.pause();
        const large = bytes(MAX_FRAME);
        const frames = Array.from({ length: 24 }, () => large);
        for (const frame of frames) from.send(frame);
        if (holdsBack) await ensureHeldBack(from);
        else await pause();
        expectEqual(reader.waiting, 0, 'frames while paused');
        to.resume();
        const lengths = (await reader.take(frames.length)).map(({ length }) => length);
        expectEqual(
            lengths,
            frames.map(() => MAX_FRAME),
            'lengths of what has come',
        );
    },

    'holds the sender back while nobody listens': async (
        from: MessageSocket,
        to: MessageSocket,
        { holdsBack = true }: TransportUnderTest,
    ) => {
        const large = bytes(MAX_FRAME);
        for (let i = 0; i < 24; i++) from.send(large);
        if (holdsBack) await ensureHeldBack(from);
        expectEqual((await new SocketReader(to).take(24)).length, 24, 'frames that have come');
    },

    'closes while paused, with frames that wait': async (from: MessageSocket, to: MessageSocket) => {
        const reader = new SocketReader(to);
        from.send('before');
        await reader.take(1);
        to.pause();
        for (let i = 0; i < 20; i++) from.send('after');
        await pause();
        to.close('enough');
        await Promise.all([from.closed, to.closed]);
        to.resume();
        await pause();
        expectEqual(reader.waiting, 0, 'frames after closing');
    },

    'tells how much waits to be sent': async (from: MessageSocket, to: MessageSocket) => {
        const reader = new SocketReader(to);
        const large = bytes(MAX_FRAME);
        for (let i = 0; i < 16; i++) from.send(large);
        expectEqual(from.bufferedAmount > 0, true, 'something waits');
        await reader.take(16);
        for (let i = 0; from.bufferedAmount > 0; i++) {
            if (i > 500) throw new Error(`${from.bufferedAmount} bytes still wait.`);
            await pause(10);
        }
    },

    'tells when less waits to be sent, and not before': async (
        from: MessageSocket,
        to: MessageSocket,
        { holdsBack = true }: TransportUnderTest,
    ) => {
        await from.whenDrained(0);
        const reader = new SocketReader(to);
        from.send('before');
        await reader.take(1);
        to.pause();
        const frames = 24;
        const large = bytes(MAX_FRAME);
        for (let i = 0; i < frames; i++) from.send(large);
        const limits = [MAX_FRAME, 0];
        const order: number[] = [];
        const drained = limits.map(limit =>
            from.whenDrained(limit).then(() => {
                order.push(limit);
                return from.bufferedAmount;
            }),
        );
        if (holdsBack) {
            await ensureHeldBack(from);
            expectEqual(order, [], 'what was told while nothing moved');
        }
        to.resume();
        await reader.take(frames);
        const left = await Promise.all(drained);
        expectEqual(
            left.map((amount, i) => amount <= (limits[i] ?? -1)),
            [true, true],
            'what was left then',
        );
        expectEqual(order, limits, 'the order');
        await from.whenDrained(0);
        from.send('small');
        await from.whenDrained(0);
        expectEqual([await reader.take(1), from.bufferedAmount], [['small'], 0], 'what came after it');
    },

    'does not wait for a socket that takes nothing and is closed': async (from: MessageSocket, to: MessageSocket) => {
        to.pause();
        const large = bytes(MAX_FRAME);
        for (let i = 0; i < 24; i++) from.send(large);
        const drained = from.whenDrained(0);
        from.terminate('enough');
        await Promise.all([drained, from.whenDrained(0)]);
        to.terminate('');
        await to.closed;
    },

    'does not wait for a socket that the other side ends': async (from: MessageSocket, to: MessageSocket) => {
        to.pause();
        const large = bytes(MAX_FRAME);
        for (let i = 0; i < 24; i++) from.send(large);
        const drained = from.whenDrained(0);
        to.terminate('enough');
        await Promise.all([drained, from.closed]);
        await from.whenDrained(0);
    },

    'closes with a reason, after what was sent before': async (from: MessageSocket, to: MessageSocket) => {
        const reader = new SocketReader(to);
        from.send('last');
        from.close('Close called: bye');
        from.close('again');
        from.send('too late');
        expectEqual(await reader.take(1), ['last'], 'what has come');
        const closed = await Promise.all([from.closed, to.closed]);
        const reason = 'Close called: bye';
        expectEqual(
            closed,
            [
                { reason, origin: 'local', isClean: true },
                { reason, origin: 'remote', isClean: true },
            ],
            'how it has ended',
        );
        for (const socket of [from, to]) {
            socket.send('too late');
            socket.close('too late');
            socket.terminate('too late');
        }
        expectEqual([reader.waiting, from.bufferedAmount, to.bufferedAmount], [0, 0, 0], 'what is left');
    },

    'closes without a reason': async (from: MessageSocket, to: MessageSocket) => {
        from.close('');
        const closed = await Promise.all([from.closed, to.closed]);
        expectEqual(
            closed.map(({ reason }) => reason),
            ['', ''],
            'the reasons',
        );
    },

    'cuts a reason between characters': async (from: MessageSocket, to: MessageSocket) => {
        from.close('€'.repeat(60));
        expectEqual((await to.closed).reason, '€'.repeat(41), 'the reason');
        expectEqual((await from.closed).reason, '€'.repeat(60), 'the own reason');
    },

    'delivers what came before the close frame, if somebody listens later': async (
        from: MessageSocket,
        to: MessageSocket,
    ) => {
        from.send('last');
        from.close('bye');
        await from.closed;
        const reader = new SocketReader(to);
        await to.closed;
        expectEqual(await reader.take(1), ['last'], 'what has come');
    },

    'hands nothing over once it was closed here': async (from: MessageSocket, to: MessageSocket) => {
        const reader = new SocketReader(to);
        const large = bytes(100_000);
        for (let i = 0; i < 50; i++) from.send(large);
        to.close('enough');
        const before = reader.waiting;
        await Promise.all([from.closed, to.closed]);
        expectEqual(reader.waiting, before, 'frames after closing');
    },

    'counts as closed at once when terminated': async (from: MessageSocket, to: MessageSocket) => {
        const order: string[] = [];
        void from.closed.then(() => order.push('here'));
        void to.closed.then(() => order.push('there'));
        from.terminate('Terminate called: bye');
        from.send('too late');
        const there = await to.closed;
        expectEqual(await from.closed, { reason: 'Terminate called: bye', origin: 'local', isClean: false }, 'here');
        expectEqual(there, { reason: 'Terminate called: bye', origin: 'remote', isClean: true }, 'there');
        expectEqual(order, ['here', 'there'], 'the order');
    },
};

const together: Record<string, Case> = {
    'ends when both close at the same time': async transport => {
        const [a, b] = await transport.connect();
        a.close('one');
        b.close('other');
        await Promise.all([a.closed, b.closed]);
    },

    'closes while both are sending': async transport => {
        const [a, b] = await transport.connect();
        const [atA, atB] = [new SocketReader(a), new SocketReader(b)];
        const large = bytes(200_000);
        for (let i = 0; i < 40; i++) for (const socket of [a, b]) socket.send(large);
        a.close('enough');
        expectEqual((await atB.take(40)).length, 40, 'frames that were sent before closing');
        await Promise.all([a.closed, b.closed]);
        expectEqual(atA.waiting < 40, true, 'not everything has come here');
    },

    'keeps sockets apart': async transport => {
        const pairs = await Promise.all([transport.connect(), transport.connect(), transport.connect()]);
        const readers = pairs.map(([, b]) => new SocketReader(b));
        for (const [i, [a]] of pairs.entries()) a.send(`for ${i}`);
        const got = await Promise.all(readers.map(reader => reader.take(1)));
        expectEqual(got, [['for 0'], ['for 1'], ['for 2']], 'what has come');
        pairs[0][0].close('one of them');
        await pairs[0][1].closed;
        pairs[1][0].send('still open');
        expectEqual(await readers[1]?.take(1), ['still open'], 'what has come then');
    },
};

const opening: Record<string, Case> = {
    'fails when nobody listens': async ({ dialling }) => {
        if (dialling === undefined) throw new Error('There is nothing to dial.');
        expectEqual(await codeOf(dialling.dial(dialling.refusedUrl)), 'OPEN_FAILED', 'the error');
    },

    'fails for what is no URL': async ({ dialling }) => {
        expectEqual(await codeOf(dialling?.dial('nowhere at all')), 'OPEN_FAILED', 'the error');
    },

    'gives up after a time, and leaves nothing open': async ({ dialling }) => {
        if (dialling === undefined) throw new Error('There is nothing to dial.');
        const dialled = dialling.dial(dialling.silentUrl, { timeoutMs: 100 });
        expectEqual(await codeOf(dialled), 'OPEN_TIMEOUT', 'the error');
        await dialling.silentIsAlone();
    },
};

async function codeOf(promise: Promise<unknown> | undefined): Promise<unknown> {
    try {
        await promise;
        return undefined;
    } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error;
    }
}

/** What a sender has to send gets less until nothing moves, and not all of it is gone. */
async function ensureHeldBack(from: MessageSocket): Promise<void> {
    let before = -1;
    for (let unchanged = 0; unchanged < 5;) {
        await pause(100);
        unchanged = from.bufferedAmount === before ? unchanged + 1 : 0;
        before = from.bufferedAmount;
    }
    expectEqual(from.bufferedAmount > 0, true, 'something waits at the sender');
}

/** Time for what is under way to come. */
function pause(ms = 50): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, ms));
}

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { hashBytes, hashText } from '../crypto/hash.ts';
import { concat } from '../crypto/keys.ts';
import { uint8ArrayToBase64 } from '../crypto/hex.ts';
import { createChannelPair } from './memory-channel.ts';
import { RequestChannel, StreamResult, type StreamSink } from './request-channel.ts';
import { chunkOf, ScriptedPeer, settled } from './scripted-peer.ts';

const CHUNK = 65536;
const BLOB = 8;
const text = new TextEncoder();

/** Byte i is (i * 31) mod 256. */
function pattern(length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => (i * 31) % 256);
}

/** A source that notes whether it was told to stop. */
class Source implements AsyncIterable<Uint8Array> {
    readonly #pieces: readonly (Uint8Array | Error | 'hangs')[];
    reads = 0;
    stopped = 0;

    constructor(...pieces: readonly (Uint8Array | Error | 'hangs')[]) {
        this.#pieces = pieces;
    }

    [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
        return {
            next: async () => {
                const piece = this.#pieces[this.reads++];
                if (piece instanceof Error) throw piece;
                if (piece === 'hangs') return new Promise(() => undefined);
                return Promise.resolve(
                    piece === undefined ? { done: true, value: undefined } : { done: false, value: piece },
                );
            },
            return: () => {
                this.stopped++;
                return Promise.reject(new Error('cannot even stop'));
            },
        };
    }
}

/** A sink that collects; with a gate, each write waits for it. */
class Sink implements StreamSink {
    readonly #pieces: Uint8Array[] = [];
    readonly #gate: () => Promise<unknown>;

    constructor(gate: () => Promise<unknown> = () => Promise.resolve()) {
        this.#gate = gate;
    }

    get writes(): number {
        return this.#pieces.length;
    }

    get bytes(): Uint8Array {
        return concat(...this.#pieces);
    }

    get text(): string {
        return new TextDecoder().decode(this.bytes);
    }

    async write(bytes: Uint8Array): Promise<void> {
        this.#pieces.push(bytes);
        await this.#gate();
    }
}

function request(requestId: number): object {
    return { requestId, type: 'request', serviceId: BLOB, args: [] };
}

function stream(responseId: number, chunk: unknown, encoding?: unknown): object {
    return { responseId, type: 'stream', chunk, encoding };
}

function end(responseId: number): object {
    return { responseId, type: 'stream-end' };
}

function refusal(requestId: number): string {
    return `{"requestId":${requestId},"type":"write-stream-error"}`;
}

function failure(responseId: number): string {
    return `{"responseId":${responseId},"type":"stream-error","error":"Error while reading the file stream"}`;
}

function offering(source: AsyncIterable<Uint8Array>, encoding?: 'utf8'): ScriptedPeer {
    const peer = new ScriptedPeer();
    peer.channel.offer(BLOB, () => new StreamResult(source, encoding));
    return peer;
}

describe('a stream that is sent', () => {
    test('is cut into chunks as deployed peers do', async () => {
        const bytes = pattern(204_800);
        const messages = await offering(new Source(bytes.subarray(0, 1), bytes.subarray(1))).send(request(3));
        expect(messages.map(message => (message instanceof Uint8Array ? message.length : message))).toEqual([
            ...[65_544, 65_544, 65_544, 8_200],
            '{"responseId":3,"type":"stream-end"}',
        ]);
        // As in scenario 4 of the transcripts.
        const [first, , , last] = messages.map(message => hashBytes(Buffer.from(message)));
        expect(await first).toBe('a079fad2feba09ab04a3a2a88d7162959354c863e3bb59db67a8aace6ef20078');
        expect(await last).toBe('890c02925ee128faf1a94a4135aa2d42d43670d5bee748b784041c133b07db28');
        expect(messages[0]?.slice(0, 12)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 8, 0x40, 0, 31, 62, 93));
    });

    test('as text never splits a character, and names its encoding once', async () => {
        const transcript = await offering(new Source(text.encode('üß€𝄞'.repeat(7_000))), 'utf8').send(request(4));
        expect(await Promise.all(transcript.map(message => hashText(String(message))))).toEqual([
            'a5b83c17134851d4c59c4285e6125c48c66a27da63644ab73e7081aa35b9b63d',
            '5959c9c797ea1ea81bf9a7b9a7d0e3d73600bfa71659e7768ff9385c7f3ba423',
            expect.any(String),
        ]);
        const content = 'üß€𝄞'.repeat(20_000);
        const messages = await offering(new Source(text.encode(content)), 'utf8').send(request(4));
        const chunks = messages.slice(0, -1).map(message => JSON.parse(String(message)) as { chunk: string });
        expect(chunks.map(({ chunk }) => chunk).join('')).toBe(content);
        // Each ends where the last complete character within 65536, 131072, … bytes does.
        expect(chunks.map(({ chunk }) => text.encode(chunk).length)).toEqual([65_534, 65_538, 65_535, 23_393]);
        expect(chunks.every(({ chunk }) => chunk.isWellFormed())).toBe(true);
        expect(messages[0]).toMatch(/^\{"responseId":4,"type":"stream","chunk":"ü.*","encoding":"utf8"\}$/);
        expect(messages[1]).toMatch(/^\{"responseId":4,"type":"stream","chunk":".*","encoding":"\$__undefined\$"\}$/);
        expect(messages.at(-1)).toBe('{"responseId":4,"type":"stream-end"}');
    });

    test.each([undefined, 'utf8'] as const)('has no chunk if it is empty (%s)', async encoding => {
        for (const source of [new Source(), new Source(new Uint8Array(), new Uint8Array())])
            expect(await offering(source, encoding).send(request(0))).toEqual(['{"responseId":0,"type":"stream-end"}']);
    });

    test('as text may be the one that stands for undefined, in two chunks', async () => {
        const messages = await offering(new Source(text.encode('$__undefined$')), 'utf8').send(request(0));
        expect(messages).toEqual([
            '{"responseId":0,"type":"stream","chunk":"$","encoding":"utf8"}',
            '{"responseId":0,"type":"stream","chunk":"__undefined$","encoding":"$__undefined$"}',
            '{"responseId":0,"type":"stream-end"}',
        ]);
    });

    test('keeps the mark at the beginning of a text', async () => {
        const [first] = await offering(new Source(text.encode('\ufeffa')), 'utf8').send(request(0));
        expect(first).toContain('"chunk":"\ufeffa"');
    });

    test('ends with an error if it cannot be read, wherever that happens', async () => {
        const broken = new Error('disk');
        expect(await offering(new Source(broken)).send(request(0))).toEqual([failure(0)]);
        expect(await offering(new Source(pattern(CHUNK), broken)).send(request(1))).toEqual([
            chunkOf(1, pattern(CHUNK)),
            failure(1),
        ]);
    });

    test.each<[string, number[]]>([
        ['no UTF-8', [0x61, 0xff, 0x61]],
        ['incomplete at the end', [0x61, 0xe2, 0x82]],
        ['the half of a pair', [0xed, 0xa0, 0x80]],
    ])('as text ends with an error if it is %s', async (_, bytes) => {
        const source = new Source(Uint8Array.from(bytes));
        const messages = await offering(source, 'utf8').send(request(0));
        expect(messages.at(-1)).toBe(failure(0));
        expect(messages).not.toContain('{"responseId":0,"type":"stream-end"}');
        expect(source.stopped).toBe(1);
    });

    test('as text has no empty chunk, even if there is nothing but the beginning of a character', async () => {
        expect(await offering(new Source(Uint8Array.of(0xe2)), 'utf8').send(request(0))).toEqual([failure(0)]);
    });

    test('whose source is not iterable is an error response', async () => {
        const peer = offering({} as AsyncIterable<Uint8Array>);
        expect(await peer.send(request(0))).toEqual([
            '{"responseId":0,"type":"error","error":{"name":"Error","message":"The request failed.","code":"$__undefined$"}}',
        ]);
    });

    test('stops at once when it is refused, even in the middle of a read', async () => {
        const source = new Source(pattern(CHUNK + 10), 'hangs');
        const peer = offering(source);
        expect(await peer.send(request(2))).toHaveLength(1);
        const answer = await peer.send(
            ...[3, 0.5, '2', 2, 2].map(id => ({ requestId: id, type: 'write-stream-error' })),
        );
        expect(answer).toEqual([failure(2)]);
        expect(source).toMatchObject({ reads: 2, stopped: 1 });
        expect(peer.channel.statistics.requestsReceivedTotal).toBe(6);
        expect(await peer.send({ requestId: 2, type: 'write-stream-error' })).toEqual([]);
    });

    test('stops also when what it has read is not looked at yet', async () => {
        const sent: unknown[] = [];
        let receive: (message: string) => void = () => undefined;
        const channel = new RequestChannel({
            id: 1,
            bufferedAmount: 0,
            closed: new Promise(() => undefined),
            send: message => sent.push(message),
            close: () => undefined,
            listen: listener => (receive = listener),
        });
        const read = Promise.withResolvers<IteratorResult<Uint8Array>>();
        const source = { [Symbol.asyncIterator]: () => ({ next: () => read.promise }) };
        channel.offer(BLOB, () => new StreamResult(source, undefined));
        receive(JSON.stringify(request(0)));
        await settled();
        read.resolve({ done: false, value: pattern(CHUNK) });
        // The promise that waits for this one is resolved, whoever awaits that does not know yet.
        await Promise.resolve();
        receive('{"requestId":0,"type":"write-stream-error"}');
        await settled();
        expect(sent).toEqual([failure(0)]);
    });

    test('is not refused after its end', async () => {
        const source = new Source(pattern(1));
        const peer = offering(source);
        await peer.send(request(0));
        expect(await peer.send({ requestId: 0, type: 'write-stream-error' })).toEqual([]);
        expect(source.stopped).toBe(0);
    });

    test.each(['near', 'far'] as const)('stops when the %s side closes', async side => {
        const source = new Source(pattern(10), 'hangs');
        const peer = offering(source);
        const sent = jest.spyOn(peer.near, 'send');
        await peer.send(request(0));
        if (side === 'near') peer.channel.close();
        else peer.far.close();
        await settled();
        expect(source.stopped).toBe(1);
        expect(sent).not.toHaveBeenCalled();
    });

    test('does not begin if the channel was closed meanwhile', async () => {
        const source = new Source(pattern(10));
        const ready = Promise.withResolvers<StreamResult>();
        const peer = new ScriptedPeer();
        peer.channel.offer(BLOB, () => ready.promise);
        await peer.send(request(0));
        peer.channel.close();
        ready.resolve(new StreamResult(source, undefined));
        await settled();
        expect(source.reads).toBe(0);
    });

    test('waits until others are sent, if there are many, and may be refused before', async () => {
        const sources = [0, 1, 2, 3].map(() => new Source(pattern(1), 'hangs'));
        const peer = new ScriptedPeer({ sentStreams: 2 });
        peer.channel.offer(BLOB, n => new StreamResult(sources[Number(n)] ?? new Source(), undefined));
        await peer.send(...[0, 1, 2, 3].map(n => ({ requestId: n, type: 'request', serviceId: BLOB, args: [n] })));
        expect(sources.map(({ reads }) => reads)).toEqual([2, 2, 0, 0]);
        expect(await peer.send({ requestId: 2, type: 'write-stream-error' })).toEqual([failure(2)]);
        expect(await peer.send({ requestId: 0, type: 'write-stream-error' })).toEqual([failure(0)]);
        expect(sources.map(({ reads, stopped }) => [reads, stopped])).toEqual([
            [2, 1],
            [2, 0],
            [0, 1],
            [2, 0],
        ]);
    });

    test('of a number that a peer uses twice can be refused', async () => {
        const sources = [new Source('hangs'), new Source('hangs')];
        const peer = new ScriptedPeer();
        let n = 0;
        peer.channel.offer(BLOB, () => new StreamResult(sources[n++] ?? new Source(), undefined));
        await peer.send(request(0), request(0));
        expect(await peer.send({ requestId: 0, type: 'write-stream-error' })).toEqual([failure(0), failure(0)]);
        expect(sources.map(({ stopped }) => stopped)).toEqual([1, 1]);
    });
});

describe('back pressure', () => {
    beforeEach(() => void jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] }));
    afterEach(() => void jest.useRealTimers());

    test.each<[string, Uint8Array[]]>([
        ['in pieces', Array.from({ length: 40 }, () => pattern(CHUNK))],
        ['in one piece', [pattern(40 * CHUNK)]],
    ])('lets a source %s wait until the network has taken what was sent', async (_, pieces) => {
        const held: (() => void)[] = [];
        const peer = new ScriptedPeer(undefined, {
            deliver: (message, deliverNow) => {
                if (message instanceof Uint8Array) held.push(deliverNow);
                else deliverNow();
            },
        });
        const source = new Source(...pieces);
        peer.channel.offer(BLOB, () => new StreamResult(source, undefined));
        let received = (await peer.send(request(0))).length;
        const bytesAfter = async (milliseconds: number): Promise<number> => {
            await jest.advanceTimersByTimeAsync(milliseconds);
            return peer.channel.bytesSent;
        };
        const deliverOne = async (): Promise<void> => {
            held.pop()?.();
            received += (await peer.received()).length;
        };
        // The fourth is the one that is more than 262144 bytes with its header.
        expect(await bytesAfter(10_000)).toBe(4 * (CHUNK + 8));
        for (let n = 0; n < 3; n++) await deliverOne();
        expect(await bytesAfter(10_000)).toBe(4 * (CHUNK + 8));
        await deliverOne();
        expect(await bytesAfter(100)).toBe(8 * (CHUNK + 8));
        while (held.length > 0) {
            await deliverOne();
            await jest.advanceTimersByTimeAsync(100);
        }
        expect(received + (await peer.received()).length).toBe(41);
        expect(jest.getTimerCount()).toBe(0);
    });

    test('does not delay a refusal, after which a long piece does not go on', async () => {
        const source = new Source(pattern(40 * CHUNK));
        const peer = offering(source);
        const bufferedAmount = jest.spyOn(peer.near, 'bufferedAmount', 'get').mockReturnValue(1_000_000);
        // When the request is looked at.
        bufferedAmount.mockReturnValueOnce(0);
        expect(await peer.send(request(0))).toHaveLength(1);
        expect(await peer.send({ requestId: 0, type: 'write-stream-error' })).toEqual([failure(0)]);
        bufferedAmount.mockReturnValue(0);
        await jest.advanceTimersByTimeAsync(64);
        expect(await peer.received()).toEqual([]);
        expect(source.stopped).toBe(1);
    });

    test('ends with the channel', async () => {
        const source = new Source(pattern(40 * CHUNK));
        const peer = offering(source);
        jest.spyOn(peer.near, 'bufferedAmount', 'get').mockReturnValue(1_000_000).mockReturnValueOnce(0);
        expect(await peer.send(request(0))).toHaveLength(1);
        peer.channel.close();
        expect(source.stopped).toBe(1);
        await jest.advanceTimersByTimeAsync(64);
        expect(jest.getTimerCount()).toBe(0);
    });
});

describe('a stream that is received', () => {
    test('may be binary, in chunks of any size', async () => {
        const peer = new ScriptedPeer();
        const sink = new Sink();
        const done = peer.channel.requestStream(BLOB, ['26fa', undefined], sink);
        expect(await peer.received()).toEqual([
            '{"requestId":0,"type":"request","serviceId":8,"args":["26fa","$__undefined$"]}',
        ]);
        const large = pattern(10_000_000);
        // In the middle of what was read from the network.
        const view = concat(chunkOf(7, 'x'), chunkOf(0, 'a')).subarray(9);
        await peer.send(view, chunkOf(0, ''), chunkOf(0, large), end(0));
        await done;
        expect(Buffer.compare(sink.bytes, concat(text.encode('a'), large))).toBe(0);
        expect(sink.writes).toBe(2);
    });

    test.each<[string, object[], string]>([
        ['UTF-8', [stream(0, 'ü', 'utf8'), stream(0, '', '$__undefined$'), stream(0, '€')], 'ü€'],
        ['base64', [stream(0, 'c29tZQ==', 'base64'), stream(0, 'IGJsb2I=', '$__undefined$')], 'some blob'],
        ['a text that repeats its encoding', [stream(0, 'a', 'utf8'), stream(0, 'b', 'utf8')], 'ab'],
    ])('may be %s', async (_, messages, content) => {
        const peer = new ScriptedPeer();
        const sink = new Sink();
        const done = peer.channel.requestStream(BLOB, [], sink);
        await peer.send(...messages, end(0));
        await done;
        expect(sink.text).toBe(content);
    });

    test.each<[string, (Uint8Array | object)[]]>([
        ['no chunk', []],
        ['an empty binary chunk', [chunkOf(0, '')]],
        ['an empty text', [stream(0, '', 'utf8')]],
    ])('is empty with %s', async (_, messages) => {
        const peer = new ScriptedPeer();
        const sink = new Sink();
        const done = peer.channel.requestStream(BLOB, [], sink);
        await peer.send(...messages, end(0));
        await done;
        expect(sink.writes).toBe(0);
    });

    test.each<[string, (Uint8Array | object)[]]>([
        ['a first text without encoding', [stream(0, 'some blob')]],
        ['an unknown encoding', [stream(0, 'some', 'latin1')]],
        ['another encoding later', [stream(0, 'c29t', 'utf8'), stream(0, 'c29t', 'base64')]],
        ['a chunk that is no text', [stream(0, 5, 'utf8')]],
        ['no chunk', [stream(0, undefined, 'utf8')]],
        ['no base64', [stream(0, 'c29t!', 'base64')]],
        ['base64 without padding', [stream(0, 'c29tZQ', 'base64')]],
        ['a binary chunk in a text', [stream(0, 'a', 'utf8'), chunkOf(0, 'b')]],
        ['a text among binary chunks', [chunkOf(0, 'a'), stream(0, 'b', 'utf8')]],
        ['a text without encoding among binary chunks', [chunkOf(0, 'a'), stream(0, 'b')]],
        ['a text after an empty binary chunk', [chunkOf(0, ''), stream(0, 'b', 'utf8')]],
    ])('with %s is refused once', async (_, messages) => {
        const peer = new ScriptedPeer();
        const done = expect(peer.channel.requestStream(BLOB, [], new Sink())).rejects.toMatchObject({
            code: 'STREAM_REFUSED',
        });
        await peer.received();
        expect(await peer.send(...messages)).toEqual([refusal(0)]);
        expect(await peer.send(...messages, chunkOf(0, 'more'), end(0))).toEqual([]);
        await done;
        expect(peer.channel.statistics).toMatchObject({ requestsSentTotal: 1, requestsReceivedInvalid: 0 });
    });

    test('fails with the error of the peer, and nothing is sent', async () => {
        const peer = new ScriptedPeer();
        const sink = new Sink();
        const failures = [
            expect(peer.channel.requestStream(BLOB, [], sink)).rejects.toMatchObject({ code: 'WSRQ-SEH1' }),
            expect(peer.channel.requestStream(BLOB, [], sink)).rejects.toMatchObject({ code: 'WSRQ-JRMH1' }),
            expect(peer.channel.requestStream(BLOB, [], sink)).rejects.toMatchObject({ code: 'STREAM_EXPECTED' }),
        ];
        await peer.received();
        const answers = await peer.send(
            chunkOf(0, 'some'),
            { responseId: 0, type: 'stream-error', error: 'Error while reading the file stream' },
            { responseId: 1, type: 'error', error: { name: 'Error', message: 'CES-GBL1', code: 'CES-GBL1' } },
            { responseId: 2, type: 'data', data: { hash: '26fa', status: 'new' } },
        );
        expect(answers).toEqual([]);
        await Promise.all(failures);
    });

    test('is refused when the sink fails, and no write follows', async () => {
        for (const fail of [() => Promise.reject(new Error('disk')), thrower('disk')]) {
            const peer = new ScriptedPeer();
            const sink = { write: jest.fn(fail) };
            const done = expect(peer.channel.requestStream(BLOB, [], sink)).rejects.toThrow('disk');
            await peer.received();
            expect(await peer.send(chunkOf(0, 'a'), chunkOf(0, 'b'), chunkOf(0, 'c'))).toEqual([refusal(0)]);
            await done;
            expect(sink.write).toHaveBeenCalledTimes(1);
            expect(peer.channel.openRequests).toEqual([]);
        }
    });

    test('fails when the sink does after the end, without refusing what is over', async () => {
        const peer = new ScriptedPeer();
        const disk = Promise.withResolvers<never>();
        const done = expect(peer.channel.requestStream(BLOB, [], new Sink(() => disk.promise))).rejects.toThrow('disk');
        await peer.received();
        await peer.send(chunkOf(0, 'a'), end(0));
        disk.reject(new Error('disk'));
        await done;
        expect(await peer.received()).toEqual([]);
    });

    test('is complete when the sink has taken it, even if the channel is closed by then', async () => {
        const peer = new ScriptedPeer();
        const disk = Promise.withResolvers<void>();
        const sink = new Sink(() => disk.promise);
        const done = peer.channel.requestStream(BLOB, [], sink);
        const resolved = jest.fn();
        void done.then(resolved);
        await peer.send(chunkOf(0, 'a'), chunkOf(0, 'b'), end(0));
        peer.far.close();
        await settled();
        expect(sink.text).toBe('a');
        expect(resolved).not.toHaveBeenCalled();
        disk.resolve();
        await done;
        expect(sink.text).toBe('ab');
    });

    test('ends with the channel, and no write follows', async () => {
        const peer = new ScriptedPeer();
        const disk = Promise.withResolvers<void>();
        const sink = new Sink(() => disk.promise);
        const done = expect(peer.channel.requestStream(BLOB, [], sink)).rejects.toMatchObject({ code: 'WSP-ONCL0' });
        await peer.send(chunkOf(0, 'a'), chunkOf(0, 'b'));
        peer.channel.close();
        await done;
        disk.resolve();
        await settled();
        expect(sink.text).toBe('a');
    });

    test('is refused if it is faster than the sink, however small its chunks are', async () => {
        for (const [size, count] of [
            [1000, 5],
            [1, 21],
        ] as const) {
            const peer = new ScriptedPeer({ unreadBytes: 5000 });
            const sink = new Sink(() => new Promise(() => undefined));
            const done = expect(peer.channel.requestStream(BLOB, [], sink)).rejects.toMatchObject({
                code: 'STREAM_REFUSED',
            });
            await peer.received();
            const chunks = Array.from({ length: count }, () => chunkOf(0, pattern(size)));
            expect(await peer.send(...chunks.slice(0, -1))).toEqual([]);
            expect(await peer.send(...chunks.slice(-1), ...chunks)).toEqual([refusal(0)]);
            await done;
        }
    });

    test('may be of any length, and its chunks too, while the sink keeps up', async () => {
        const peer = new ScriptedPeer({ unreadBytes: 5000 });
        const writes: (() => void)[] = [];
        const sink = new Sink(() => new Promise<void>(resolve => writes.push(resolve)));
        const done = peer.channel.requestStream(BLOB, [], sink);
        expect(await peer.send(chunkOf(0, pattern(20_000)))).toHaveLength(1);
        for (let n = 0; n < 20; n++) {
            expect(await peer.send(chunkOf(0, pattern(20_000)))).toEqual([]);
            writes.pop()?.();
            await settled();
        }
        await peer.send(end(0));
        writes.pop()?.();
        await done;
        expect(sink.bytes.length).toBe(420_000);
    });
});

function thrower(message: string): () => never {
    return () => {
        throw new Error(message);
    };
}

/** Bytes cut at random places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
    const borders = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
    return borders.slice(1).map((border, i) => bytes.subarray(borders[i], border));
}

const places = fc.array(fc.nat(), { maxLength: 6 });
const characters = fc.string({ unit: 'binary', maxLength: 12 });

describe('streams of any chunks', () => {
    test('arrive as they were sent, many at once', async () => {
        const content = fc.record({
            // Around the size of a chunk, whose border shall fall everywhere.
            text: fc.tuple(
                characters,
                fc.oneof(fc.nat(10), fc.integer({ min: CHUNK - 9, max: CHUNK + 1 })),
                characters,
            ),
            places,
            encoding: fc.constantFrom('utf8', undefined),
        });
        await fc.assert(
            fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 6 }), async contents => {
                const [left, right] = createChannelPair();
                const [server, client] = [new RequestChannel(left, { sentStreams: 3 }), new RequestChannel(right)];
                const all = contents.map(({ text: [first, count, last], ...rest }) => ({
                    ...rest,
                    bytes: text.encode(`${first}${'x'.repeat(count)}${last}`),
                }));
                server.offer(BLOB, async function (n) {
                    const { bytes, places, encoding } = all[Number(n)] ?? { bytes: new Uint8Array(), places: [] };
                    await Promise.resolve();
                    return new StreamResult(new Source(...cut(bytes, places)), encoding);
                });
                const sinks = all.map(() => new Sink(() => Promise.resolve()));
                await Promise.all(sinks.map((sink, n) => client.requestStream(BLOB, [n], sink)));
                expect(sinks.every(({ bytes }, n) => Buffer.compare(bytes, all[n]?.bytes ?? bytes) === 0)).toBe(true);
            }),
        );
    }, 300_000);

    test('arrive in all three forms, interleaved', async () => {
        const sent = fc.record({
            bytes: fc.uint8Array({ maxLength: 60 }),
            characters,
            places,
            form: fc.constantFrom('binary', 'base64', 'utf8'),
        });
        await fc.assert(
            fc.asyncProperty(fc.array(sent, { maxLength: 5 }), fc.infiniteStream(fc.nat()), async (all, order) => {
                const peer = new ScriptedPeer();
                const sinks = all.map(() => new Sink());
                const done = Promise.all(sinks.map(sink => peer.channel.requestStream(BLOB, [], sink)));
                const queues = all.map(({ bytes, characters, places, form }, id) => {
                    const chunks =
                        form === 'utf8'
                            ? Array.from(characters, character => stream(id, character, '$__undefined$'))
                            : cut(bytes, places).map(piece =>
                                  form === 'binary' ? chunkOf(id, piece) : stream(id, uint8ArrayToBase64(piece)),
                              );
                    if (form !== 'binary' && chunks[0] !== undefined) chunks[0] = { ...chunks[0], encoding: form };
                    return [...chunks, end(id)];
                });
                while (queues.some(queue => queue.length > 0)) {
                    const open = queues.filter(queue => queue.length > 0);
                    const message = open[(order.next().value ?? 0) % open.length]?.shift();
                    if (message !== undefined)
                        peer.far.send(message instanceof Uint8Array ? message : JSON.stringify(message));
                }
                await done;
                expect(sinks.map(({ bytes }) => bytes)).toEqual(
                    all.map(({ form, bytes, characters }) => (form === 'utf8' ? text.encode(characters) : bytes)),
                );
                expect(await peer.received()).toHaveLength(all.length);
            }),
        );
    }, 300_000);
});

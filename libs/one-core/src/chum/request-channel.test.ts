import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { OneError } from '../errors.ts';
import { createChannelPair, type ChannelPairOptions } from './memory-channel.ts';
import { RequestChannel, StreamResult } from './request-channel.ts';
import { RequestError } from './request-errors.ts';
import { LONGEST_ANSWER_MS, MAX_OVERTAKING, STALLED_STREAM_MS } from './request-limits.ts';
import { chunkOf, ScriptedPeer, settled } from './scripted-peer.ts';

class RefusedError extends OneError {
    readonly code = 'CES-GO1';
}

const closed = expect.objectContaining({ code: 'WSP-ONCL0' });

type Outcome = { value: unknown } | { error: unknown };

function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
    return promise.then(
        value => ({ value }),
        (error: unknown) => ({ error }),
    );
}

/** What a promise has become by now. */
async function stateOf(promise: Promise<unknown>): Promise<Outcome | 'open'> {
    return Promise.race([outcomeOf(promise), settled().then((): 'open' => 'open')]);
}

function request(requestId: number, serviceId: number, args?: unknown): object {
    return { requestId, type: 'request', serviceId, args };
}

describe('a request', () => {
    test('is sent as deployed peers send it, numbered from 0 for all services', async () => {
        const peer = new ScriptedPeer();
        void peer.channel.request(1, []).catch(() => undefined);
        void peer.channel.request(8, ['26fa', undefined]).catch(() => undefined);
        void peer.channel.request(6, [null, { a: undefined }]).catch(() => undefined);
        expect(await peer.received()).toEqual([
            '{"requestId":0,"type":"request","serviceId":1,"args":[]}',
            '{"requestId":1,"type":"request","serviceId":8,"args":["26fa","$__undefined$"]}',
            '{"requestId":2,"type":"request","serviceId":6,"args":[null,{"a":"$__undefined$"}]}',
        ]);
        expect(peer.channel.statistics).toEqual({
            requestsSentTotal: 3,
            requestsReceivedTotal: 0,
            requestsReceivedInvalid: 0,
        });
        expect(peer.channel.openRequests).toEqual([
            { requestId: 0, serviceId: 1 },
            { requestId: 1, serviceId: 8 },
            { requestId: 2, serviceId: 6 },
        ]);
    });

    test('gets its own result, whatever the order of the answers', async () => {
        const peer = new ScriptedPeer();
        const results = [1, 2, 4].map(service => peer.channel.request(service, []));
        await peer.send(
            { responseId: 2, type: 'data', data: '[]' },
            { responseId: 0, type: 'data', data: '$__undefined$' },
            { responseId: 1, type: 'data', data: null },
        );
        expect(await Promise.all(results)).toEqual([undefined, null, '[]']);
        expect(peer.channel.openRequests).toEqual([]);
    });

    test('has one answer: further ones, and those to nobody, are ignored', async () => {
        const peer = new ScriptedPeer();
        const result = peer.channel.request(1, []);
        const answers = await peer.send(
            { responseId: 99, type: 'data', data: 1 },
            { responseId: 0, type: 'data', data: 8 },
            { responseId: 0, type: 'data', data: 7 },
            { responseId: 0, type: 'error', error: {} },
            { responseId: 0, type: 'stream', chunk: 'x', encoding: 'utf8' },
            chunkOf(0, 'x'),
            { responseId: 0, type: 'stream-end' },
        );
        expect(await result).toBe(8);
        expect(answers).toHaveLength(1);
        expect(peer.channel.statistics.requestsReceivedInvalid).toBe(0);
    });

    test('fails with what the peer said about its error', async () => {
        const peer = new ScriptedPeer();
        const outcome = outcomeOf(peer.channel.request(6, []));
        await peer.send(
            '{"responseId":0,"type":"error","error":{"name":"Error","message":"CES-GO1: no","code":"CES-GO1"}}',
        );
        expect(await outcome).toHaveProperty('error', expect.any(RequestError));
        expect(await outcome).toHaveProperty(
            'error',
            expect.objectContaining({
                code: 'WSRQ-JRMH1',
                message: 'The peer refused a request of service 6: "CES-GO1: no" (WSRQ-JRMH1).',
                remote: { name: 'Error', message: 'CES-GO1: no', code: 'CES-GO1' },
            }),
        );
    });

    test.each<[string, unknown, object]>([
        ['no error at all', undefined, { name: 'Error', message: '', code: undefined }],
        ['null', null, { name: 'Error', message: '', code: undefined }],
        ['other types', { name: 1, message: [], code: 5 }, { name: 'Error', message: '', code: undefined }],
        [
            'very long texts',
            { name: 'n'.repeat(5000), message: 'm'.repeat(5000), code: 'c'.repeat(5000) },
            { name: 'n'.repeat(1000), message: 'm'.repeat(1000), code: 'c'.repeat(1000) },
        ],
    ])('fails on an error response with %s', async (_, error, remote) => {
        const peer = new ScriptedPeer();
        const outcome = outcomeOf(peer.channel.request(6, []));
        await peer.send({ responseId: 0, type: 'error', error });
        expect(await outcome).toEqual({ error: expect.objectContaining({ code: 'WSRQ-JRMH1', remote }) });
    });

    test('that cannot be sent fails without a trace', async () => {
        const peer = new ScriptedPeer();
        await expect(peer.channel.request(1, [NaN])).rejects.toMatchObject({ code: 'VALUE_NOT_SENDABLE' });
        await expect(peer.channel.request(0, [])).rejects.toThrow(TypeError);
        await expect(peer.channel.request(1.5, [])).rejects.toThrow(TypeError);
        void peer.channel.request(1, []).catch(() => undefined);
        expect(await peer.received()).toEqual(['{"requestId":0,"type":"request","serviceId":1,"args":[]}']);
        expect(peer.channel.statistics.requestsSentTotal).toBe(1);
    });

    test('with a stream as answer fails, and the stream is refused', async () => {
        const peer = new ScriptedPeer();
        const results = [0, 1, 2].map(() => outcomeOf(peer.channel.request(6, [])));
        await peer.received();
        const answers = await peer.send(
            chunkOf(0, 'some'),
            chunkOf(0, 'more'),
            { responseId: 1, type: 'stream', chunk: 'some', encoding: 'utf8' },
            { responseId: 2, type: 'stream-end' },
            { responseId: 0, type: 'stream-end' },
        );
        expect(await Promise.all(results)).toEqual(
            Array.from({ length: 3 }, () => ({ error: expect.objectContaining({ code: 'STREAM_UNEXPECTED' }) })),
        );
        expect(answers).toEqual([
            '{"requestId":0,"type":"write-stream-error"}',
            '{"requestId":1,"type":"write-stream-error"}',
        ]);
    });
});

describe('a request with a time limit', () => {
    beforeEach(() => void jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] }));
    afterEach(() => void jest.useRealTimers());

    test('fails when it is over, and a late answer is ignored', async () => {
        const peer = new ScriptedPeer();
        const result = peer.channel.request(1, [], { timeoutMs: 5000 });
        const failure = expect(result).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
        jest.advanceTimersByTime(4999);
        expect(await stateOf(result)).toBe('open');
        jest.advanceTimersByTime(1);
        await failure;
        expect(peer.channel.openRequests).toEqual([]);
        await peer.send({ responseId: 0, type: 'data', data: 8 });
        const second = peer.channel.request(1, []);
        await peer.send({ responseId: 1, type: 'data', data: 8 });
        expect(await second).toBe(8);
    });

    /** Lets time go by in steps, after each of which the peer sends something. */
    async function elapse(ms: number, step: number, each: () => Promise<unknown>): Promise<void> {
        for (let at = 0; at < ms; at += step) {
            await jest.advanceTimersByTimeAsync(step);
            await each();
        }
    }

    test('waits while answers come for which it may have to wait, but not for ever', async () => {
        const peer = new ScriptedPeer();
        const sink = { write: () => Promise.resolve() };
        void outcomeOf(peer.channel.requestStream(8, [], sink));
        const result = outcomeOf(peer.channel.request(6, [], { timeoutMs: 5000 }));
        await elapse(60_000, 4000, () => peer.send(chunkOf(0, 'x')));
        expect(await stateOf(result)).toBe('open');
        await elapse(LONGEST_ANSWER_MS, 4000, () => peer.send(chunkOf(0, 'x')));
        expect(await result).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });
    });

    test('does not wait for polls, for many later requests, or for nothing', async () => {
        const peer = new ScriptedPeer();
        const options = { timeoutMs: 5000 };
        const first = outcomeOf(peer.channel.request(6, [], options));
        await elapse(8000, 1000, async () => {
            const poll = peer.channel.request(2, [], { isPoll: true });
            await peer.send({ responseId: peer.channel.openRequests.at(-1)?.requestId, type: 'data', data: 1 });
            await poll;
        });
        expect(await first).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });

        const second = outcomeOf(peer.channel.request(6, [], options));
        const { requestId = 0 } = peer.channel.openRequests[0] ?? {};
        for (let i = 0; i <= MAX_OVERTAKING; i++) void outcomeOf(peer.channel.request(6, []));
        await elapse(8000, 1000, () =>
            peer.send({ responseId: requestId + MAX_OVERTAKING + 1, type: 'stream', chunk: 'x' }),
        );
        expect(await second).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });
    });

    test('with a stream as answer fails when nothing of that comes, and refuses it', async () => {
        const peer = new ScriptedPeer();
        const write = (): Promise<void> => Promise.resolve();
        const [first, second] = [0, 1].map(n => {
            return outcomeOf(peer.channel.requestStream(8, [n], { write }, { timeoutMs: 60_000 }));
        });
        await peer.send(chunkOf(0, 'x'));
        await peer.received();
        // An empty chunk says nothing.
        await elapse(STALLED_STREAM_MS + 60_000, 10_000, () => peer.send(chunkOf(0, ''), chunkOf(1, 'x')));
        expect(await first).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });
        expect(await stateOf(second ?? Promise.reject(new Error('None.')))).toBe('open');
        await elapse(80_000, 10_000, () => peer.send(chunkOf(1, '')));
        expect(await second).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });
        expect(peer.channel.openRequests).toEqual([]);
    });

    test('waits until it has left, if that takes long', async () => {
        const held: (() => void)[] = [];
        const peer = new ScriptedPeer(undefined, { deliver: (_, deliverNow) => void held.push(deliverNow) });
        const results = Array.from({ length: 20 }, () => outcomeOf(peer.channel.request(6, [], { timeoutMs: 5000 })));
        await elapse(20 * 4000 - 1, 4000, async () => {
            held.pop()?.();
            await settled();
        });
        expect(await stateOf(results[19] ?? Promise.reject(new Error('None.')))).toBe('open');
        await jest.advanceTimersByTimeAsync(7000);
        expect(await results[19]).toMatchObject({ error: { code: 'REQUEST_TIMEOUT' } });
    });

    test('leaves no timer when it was answered', async () => {
        const peer = new ScriptedPeer();
        const result = peer.channel.request(1, [], { timeoutMs: 5000 });
        await peer.send({ responseId: 0, type: 'data', data: 8 });
        await result;
        expect(jest.getTimerCount()).toBe(0);
    });
});

describe('a service', () => {
    test('answers as deployed peers do', async () => {
        const peer = new ScriptedPeer();
        peer.channel.offer(1, () => 8);
        peer.channel.offer(2, () => Promise.resolve('[]'));
        peer.channel.offer(10, () => undefined);
        expect(
            await peer.send(request(0, 1, []), request(-7, 2, []), request(2, 10, []), request(3, 1, '$__undefined$')),
        ).toEqual([
            '{"responseId":0,"type":"data","data":8}',
            '{"responseId":-7,"type":"data","data":"[]"}',
            '{"responseId":2,"type":"data","data":"$__undefined$"}',
            '{"responseId":3,"type":"data","data":8}',
        ]);
        expect(peer.channel.statistics.requestsReceivedTotal).toBe(4);
    });

    test('gets the arguments by position', async () => {
        const peer = new ScriptedPeer();
        peer.channel.offer(1, (...args) => args.length);
        peer.channel.offer(2, (a, b) => [b, a]);
        expect(
            await peer.send(request(0, 1), request(1, 1, []), request(2, 2, ['a', '$__undefined$', 'surplus'])),
        ).toEqual([
            '{"responseId":0,"type":"data","data":0}',
            '{"responseId":1,"type":"data","data":0}',
            '{"responseId":2,"type":"data","data":["$__undefined$","a"]}',
        ]);
    });

    test.each<[unknown]>([[null], [{}], ['ab'], [1], [true]])('is not called with %j as arguments', async args => {
        const peer = new ScriptedPeer();
        const handler = jest.fn();
        peer.channel.offer(6, handler);
        expect(await peer.send(request(0, 6, args))).toEqual([
            '{"responseId":0,"type":"error","error":{"name":"TypeError","message":"The arguments are no array.","code":"$__undefined$"}}',
        ]);
        expect(handler).not.toHaveBeenCalled();
    });

    test('answers, if there are too many arguments for a call', async () => {
        const peer = new ScriptedPeer();
        peer.channel.offer(6, () => 1);
        const [answer] = await peer.send(
            request(
                0,
                6,
                Array.from({ length: 1_000_000 }, () => 0),
            ),
        );
        expect(answer).toMatch(/^\{"responseId":0,/);
    });

    test('may appear and vanish at any time', async () => {
        const peer = new ScriptedPeer();
        const unknown = (id: number, service: number): string =>
            `{"responseId":${id},"type":"error","error":{"name":"TypeError","message":"Service ${service} is not offered here.","code":"UNKNOWN-SERVICE"}}`;
        expect(await peer.send(request(0, 1, null), request(1, -1))).toEqual([unknown(0, 1), unknown(1, -1)]);
        const remove = peer.channel.offer(1, () => 8);
        expect(() => peer.channel.offer(1, () => 9)).toThrow(TypeError);
        expect(await peer.send(request(2, 1))).toEqual(['{"responseId":2,"type":"data","data":8}']);
        remove();
        expect(await peer.send(request(3, 1))).toEqual([unknown(3, 1)]);
        peer.channel.offer(1, () => 9);
        remove();
        expect(await peer.send(request(4, 1))).toEqual(['{"responseId":4,"type":"data","data":9}']);
    });

    test.each<[string, () => unknown]>([
        ['at once', throwRefused],
        ['later', () => Promise.resolve().then(throwRefused)],
    ])('that refuses %s answers with code and text', async (_, handler) => {
        const peer = new ScriptedPeer();
        peer.channel.offer(6, handler);
        expect(await peer.send(request(0, 6))).toEqual([
            '{"responseId":0,"type":"error","error":{"name":"Error","message":"CES-GO1: Not for you","code":"CES-GO1"}}',
        ]);
    });

    test.each<[string, unknown]>([
        ['an error', Object.assign(new Error('at /home/secret'), { code: 'ENOENT' })],
        ['a text', 'secret'],
        ['nothing', undefined],
    ])('that throws %s tells nothing about itself', async (_, error) => {
        const peer = new ScriptedPeer();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- anything may be thrown
        peer.channel.offer(6, () => Promise.reject(error));
        expect(await peer.send(request(0, 6))).toEqual([
            '{"responseId":0,"type":"error","error":{"name":"Error","message":"The request failed.","code":"$__undefined$"}}',
        ]);
    });

    test.each<[string, unknown]>([
        ['bytes', new Uint8Array(1)],
        ['the text for undefined', '$__undefined$'],
    ])('with %s as result answers with an error', async (_, result) => {
        const peer = new ScriptedPeer();
        peer.channel.offer(6, () => result);
        const [answer] = await peer.send(request(0, 6));
        expect(answer).toContain('"type":"error"');
        expect(answer).toContain('VALUE_NOT_SENDABLE');
    });

    test('answers when it is ready, others first', async () => {
        const peer = new ScriptedPeer();
        const slow = Promise.withResolvers<string>();
        peer.channel.offer(1, () => slow.promise);
        peer.channel.offer(2, () => 'fast');
        expect(await peer.send(request(0, 1), request(1, 2))).toEqual(['{"responseId":1,"type":"data","data":"fast"}']);
        slow.resolve('slow');
        expect(await peer.received()).toEqual(['{"responseId":0,"type":"data","data":"slow"}']);
    });
});

function throwRefused(): never {
    throw new RefusedError('Not for you');
}

describe('what is no message', () => {
    test('is counted and ignored', async () => {
        const peer = new ScriptedPeer();
        const handler = jest.fn(() => 8);
        peer.channel.offer(1, handler);
        const invalid = [
            ...['garbage', '', '[]', '1', 'null', '"request"', '{"a":1}', '[{"type":"request"}]'],
            '{"responseId":0.5,"type":"data","data":1}',
            '{"responseId":"0","type":"data","data":1}',
            '{"type":"stream-end"}',
            '{"requestId":1.5,"type":"request","serviceId":1}',
            '{"requestId":"5","type":"request","serviceId":1}',
            '{"requestId":5,"type":"request","serviceId":"1"}',
            '{"requestId":5,"type":"request"}',
            '{"requestId":5,"type":"Request","serviceId":1}',
            '{"responseId":5,"requestId":5,"serviceId":1}',
            '['.repeat(100_000),
        ];
        const result = peer.channel.request(1, []);
        await peer.received();
        expect(await peer.send(...invalid)).toEqual([]);
        expect(peer.channel.statistics).toMatchObject({
            requestsReceivedTotal: 0,
            requestsReceivedInvalid: invalid.length,
        });
        expect(handler).not.toHaveBeenCalled();
        await peer.send({ responseId: 0, type: 'data', data: 8 });
        expect(await result).toBe(8);
    });

    test('ends the connection if there is too much of it', async () => {
        const peer = new ScriptedPeer({ invalidMessages: 3 });
        const close = jest.spyOn(peer.near, 'close');
        await peer.send('a', 'b', 'c');
        expect(peer.channel.isClosed).toBe(false);
        await peer.send('d', 'e');
        expect(peer.channel.isClosed).toBe(true);
        expect(close).toHaveBeenCalledWith('Too many invalid messages');
        expect(peer.channel.statistics.requestsReceivedInvalid).toBe(4);
    });

    test('may be binary: too short, or for nobody', async () => {
        const peer = new ScriptedPeer({ invalidMessages: 0 });
        const result = peer.channel.request(6, []);
        await peer.received();
        const messages = [
            new Uint8Array(),
            new Uint8Array(7),
            ...[1, -1, 0.5, NaN, Infinity].map(id => chunkOf(id, 'x')),
        ];
        expect(await peer.send(...messages)).toEqual([]);
        expect(peer.channel.statistics.requestsReceivedInvalid).toBe(0);
        await peer.send({ responseId: 0, type: 'data', data: 1 });
        expect(await result).toBe(1);
    });

    test('refusals of streams count as requests, and are never answered', async () => {
        const peer = new ScriptedPeer();
        const refusals = [5, -1, 0.5, '5', null, undefined].map(requestId => ({
            requestId,
            type: 'write-stream-error',
        }));
        expect(await peer.send(...refusals)).toEqual([]);
        expect(peer.channel.statistics).toMatchObject({ requestsReceivedTotal: 6, requestsReceivedInvalid: 0 });
    });
});

/** A line that is so slow that answers arrive when a test lets them. */
function holding(held: (() => void)[]): ChannelPairOptions {
    return {
        deliver: (message, deliverNow) => {
            if (String(message).includes('responseId')) held.push(deliverNow);
            else deliverNow();
        },
    };
}

describe('a peer that asks for too much', () => {
    test('waits for what is being served, in order', async () => {
        const peer = new ScriptedPeer({ servedRequests: 2 });
        const served: unknown[] = [];
        const ends: (() => void)[] = [];
        peer.channel.offer(1, n => {
            served.push(n);
            return new Promise<void>(resolve => ends.push(resolve));
        });
        await peer.send(...[0, 1, 2, 3].map(n => request(n, 1, [n])));
        expect(served).toEqual([0, 1]);
        ends[1]?.();
        expect(await peer.received()).toEqual(['{"responseId":1,"type":"data","data":"$__undefined$"}']);
        expect(served).toEqual([0, 1, 2]);
        ends[0]?.();
        ends[2]?.();
        await settled();
        expect(served).toEqual([0, 1, 2, 3]);
    });

    test('is cut off', async () => {
        const peer = new ScriptedPeer({ servedRequests: 1, openRequestUnits: 2000 });
        const close = jest.spyOn(peer.near, 'close');
        peer.channel.offer(1, () => new Promise(() => undefined));
        await peer.send(request(0, 1), request(1, 1), request(2, 1));
        expect(peer.channel.isClosed).toBe(false);
        await peer.send(request(3, 1));
        expect(close).toHaveBeenCalledWith('Too many open requests');
    });

    test('may ask as much as it likes if it waits for the answers', async () => {
        const peer = new ScriptedPeer({ openRequestUnits: 1200 });
        peer.channel.offer(1, () => 8);
        for (let n = 0; n < 20; n++) expect(await peer.send(request(n, 1))).toHaveLength(1);
        expect(peer.channel.isClosed).toBe(false);
    });

    test('is cut off for a message of great length', async () => {
        const peer = new ScriptedPeer({ textUnits: 100 });
        const close = jest.spyOn(peer.near, 'close');
        await peer.send('x'.repeat(100));
        expect(peer.channel.isClosed).toBe(false);
        await peer.send('x'.repeat(101));
        expect(close).toHaveBeenCalledWith('A message is too long');
    });

    test('gets small answers before several large ones, and neither kind waits for ever', async () => {
        jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
        try {
            const held: (() => void)[] = [];
            const peer = new ScriptedPeer(undefined, holding(held));
            const order: number[] = [];
            peer.channel.offer(6, () => 'x'.repeat(300_000));
            peer.channel.offer(1, () => 8);
            await peer.send(...[0, 1, 2, 3].map(n => request(n, 6)), request(4, 1));
            for (let n = 5; order.length < 8; n++) {
                held.pop()?.();
                await jest.advanceTimersByTimeAsync(64);
                for (const message of await peer.received())
                    order.push(Number(/"responseId":(\d+)/.exec(String(message))?.[1]));
                if (n < 8) await peer.send(request(n, 1));
            }
            expect(order).toEqual([0, 4, 1, 5, 6, 2, 7, 3]);
        } finally {
            jest.useRealTimers();
        }
    });

    test('is served no further while it does not take the answers', async () => {
        jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
        try {
            const held: (() => void)[] = [];
            const limits = { servedRequests: 2 };
            const peer = new ScriptedPeer(limits, holding(held));
            let served = 0;
            peer.channel.offer(6, () => 'x'.repeat(300_000 + served++));
            await peer.send(...[0, 1, 2, 3, 4].map(n => request(n, 6)));
            await jest.advanceTimersByTimeAsync(10_000);
            // One is on its way, and the answers to two more are ready.
            expect(served).toBe(3);
            held.pop()?.();
            await jest.advanceTimersByTimeAsync(64);
            expect(served).toBe(4);
            expect(await peer.received()).toHaveLength(1);
        } finally {
            jest.useRealTimers();
        }
    });
});

describe('the end of the channel', () => {
    test.each(['near', 'far'] as const)(
        'by the %s side: own requests fail, and nothing is called any more',
        async side => {
            const peer = new ScriptedPeer();
            const handler = jest.fn();
            peer.channel.offer(1, handler);
            const [first, second] = [outcomeOf(peer.channel.request(1, [])), outcomeOf(peer.channel.request(8, []))];
            await peer.received();
            if (side === 'near') peer.channel.close('enough');
            else peer.far.close();
            await peer.channel.closed;
            expect(await Promise.all([first, second])).toEqual([{ error: closed }, { error: closed }]);
            expect(peer.channel.isClosed).toBe(true);
            expect(peer.channel.openRequests).toEqual([
                { requestId: 0, serviceId: 1 },
                { requestId: 1, serviceId: 8 },
            ]);
            expect(RequestError.openAtClosing(peer.channel.openRequests)).toMatchObject({
                code: 'WSP-ONCL1',
                message: 'The connection ended while 2 requests of services 1, 8 were open (WSP-ONCL1).',
            });
            await expect(peer.channel.request(1, [])).rejects.toEqual(closed);
            await expect(peer.channel.requestStream(8, [], { write: () => Promise.resolve() })).rejects.toEqual(closed);
            await peer.send(request(0, 1));
            expect(handler).not.toHaveBeenCalled();
            expect(peer.channel.statistics).toMatchObject({ requestsSentTotal: 2, requestsReceivedTotal: 0 });
        },
    );

    test('is at once after close, whatever is under way', async () => {
        const peer = new ScriptedPeer();
        const close = jest.spyOn(peer.near, 'close');
        const handler = jest.fn();
        peer.channel.offer(1, handler);
        const state = outcomeOf(peer.channel.request(1, []));
        peer.far.send(JSON.stringify(request(0, 1)));
        peer.channel.close('enough');
        expect(peer.channel.isClosed).toBe(true);
        peer.channel.close();
        expect(close).toHaveBeenNthCalledWith(1, 'enough');
        expect(await state).toEqual({ error: closed });
        expect(handler).not.toHaveBeenCalled();
    });

    test('by a handler, while another runs: results are dropped, and who waits is not served', async () => {
        const peer = new ScriptedPeer({ servedRequests: 2 });
        const slow = Promise.withResolvers<string>();
        const handler = jest.fn();
        peer.channel.offer(1, () => slow.promise);
        peer.channel.offer(2, async () => {
            await settled();
            peer.channel.close();
            return 'closed';
        });
        peer.channel.offer(3, handler);
        const sent = jest.spyOn(peer.near, 'send');
        await peer.send(request(0, 1), request(1, 2), request(2, 3), request(3, 3));
        expect(peer.channel.statistics.requestsReceivedTotal).toBe(4);
        await peer.channel.closed;
        slow.resolve('too late');
        await settled();
        expect(sent).not.toHaveBeenCalled();
        expect(handler).not.toHaveBeenCalled();
    });

    test('is not the end of what a channel may still deliver, which is ignored', () => {
        let listener: (message: string) => void = () => undefined;
        const channel = new RequestChannel({
            id: 1,
            bufferedAmount: 0,
            closed: new Promise(() => undefined),
            send: () => undefined,
            close: () => undefined,
            listen: given => (listener = given),
        });
        channel.close();
        listener(JSON.stringify(request(0, 1)));
        expect([channel.statistics.requestsReceivedTotal, channel.bytesReceived]).toEqual([0, 0]);
    });

    test('leaves nothing open if everything was answered', async () => {
        const peer = new ScriptedPeer();
        const result = peer.channel.request(1, []);
        await peer.send({ responseId: 0, type: 'data', data: 8 });
        await result;
        peer.far.close();
        await peer.channel.closed;
        expect(peer.channel.openRequests).toEqual([]);
    });
});

test('both sides ask and answer at once, and count what goes over the wire', async () => {
    const [left, right] = createChannelPair();
    const [a, b] = [new RequestChannel(left), new RequestChannel(right)];
    a.offer(1, (n: unknown) => b.request(2, [n]));
    b.offer(1, (n: unknown) => `b${String(n)}`);
    // Handlers may ask as well.
    a.offer(2, (n: unknown) => `a${String(n)}`);
    b.offer(2, async (n: unknown) => `${String(await a.request(1, [n]))}!`);
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    const results = await Promise.all(numbers.flatMap(n => [a.request(2, [n]), b.request(2, [n])]));
    expect(results).toEqual(numbers.flatMap(n => [`b${n}!`, `a${n}`]));
    expect(a.bytesSent).toBe(b.bytesReceived);
    expect(b.bytesSent).toBe(a.bytesReceived);
    expect(a.bytesSent).toBeGreaterThan(0);
    expect([a.openRequests, b.openRequests]).toEqual([[], []]);
});

const types = ['request', 'write-stream-error', 'data', 'stream', 'stream-end', 'stream-error', 'error'];

describe('garbage', () => {
    const integer = fc.integer({ min: -1, max: 6 });
    const odd = fc.oneof(
        fc.constantFrom<unknown>(undefined, null, '', '0', 0.5, -0, 1e300, true, 'utf8', 'base64', '$__undefined$'),
        fc.jsonValue(),
    );
    const message = fc.oneof(
        { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
        { weight: 1, arbitrary: fc.json() },
        {
            weight: 2,
            arbitrary: fc
                .tuple(fc.oneof(integer, fc.constantFrom(NaN, 0.5)), fc.string())
                .map(([id, s]) => chunkOf(id, s)),
        },
        {
            weight: 8,
            arbitrary: fc
                .record(
                    {
                        type: fc.oneof(
                            { weight: 9, arbitrary: fc.constantFrom(...types) },
                            { weight: 1, arbitrary: odd },
                        ),
                        requestId: fc.oneof({ weight: 4, arbitrary: integer }, { weight: 1, arbitrary: odd }),
                        responseId: fc.oneof({ weight: 4, arbitrary: integer }, { weight: 1, arbitrary: odd }),
                        serviceId: fc.oneof({ weight: 4, arbitrary: integer }, { weight: 1, arbitrary: odd }),
                        args: fc.oneof(fc.array(odd), odd),
                        data: odd,
                        error: odd,
                        chunk: odd,
                        encoding: odd,
                    },
                    { requiredKeys: ['type'] },
                )
                .map(object => JSON.stringify(object)),
        },
    );

    test('is never answered, never thrown on, and costs nothing that stays', async () => {
        await fc.assert(
            fc.asyncProperty(fc.array(message, { maxLength: 60 }), async messages => {
                const peer = new ScriptedPeer();
                const asked = [0, 1, 2].map(() => outcomeOf(peer.channel.request(6, [])));
                const streamed = [3, 4, 5].map(() =>
                    outcomeOf(peer.channel.requestStream(8, [], { write: () => Promise.resolve() })),
                );
                peer.channel.offer(1, (...args) => args.length);
                peer.channel.offer(2, () => Promise.reject(new Error('x')));
                peer.channel.offer(3, () => new StreamResult(pieces('abc'), 'utf8'));
                await peer.received();
                const received = await peer.send(...messages);
                const texts = messages.filter(message => typeof message === 'string');
                const kinds = texts.map(kindOf);
                const count = (kind: string): number => kinds.filter(other => other === kind).length;
                expect(peer.channel.statistics).toEqual({
                    requestsSentTotal: 6,
                    requestsReceivedTotal: count('request') + count('refusal'),
                    requestsReceivedInvalid: count('invalid'),
                });
                const ends = received.filter(message =>
                    /"type":"(?:data|error|stream-end|stream-error)"/.test(String(message)),
                );
                expect(ends).toHaveLength(count('request'));
                const refusals = received.filter(message => String(message).includes('write-stream-error'));
                expect(new Set(refusals).size).toBe(refusals.length);
                expect(peer.channel.isClosed).toBe(false);
                peer.channel.close();
                const all = await stateOf(Promise.all([...asked, ...streamed]));
                expect(all).not.toBe('open');
            }),
        );
    }, 300_000);
});

/** The rule of spec 40 §2.3 once more. */
function kindOf(text: string): 'request' | 'refusal' | 'response' | 'invalid' {
    let message: { type?: unknown; requestId?: unknown; responseId?: unknown; serviceId?: unknown } | null;
    try {
        message = JSON.parse(text) as typeof message;
    } catch {
        return 'invalid';
    }
    if (message?.type === 'write-stream-error') return 'refusal';
    if (message?.type === 'request')
        return Number.isInteger(message.requestId) && Number.isInteger(message.serviceId) ? 'request' : 'invalid';
    const isResponse = types.includes(String(message?.type)) && typeof message?.type === 'string';
    return isResponse && Number.isInteger(message?.responseId) ? 'response' : 'invalid';
}

async function* pieces(...texts: string[]): AsyncIterable<Uint8Array> {
    for (const text of texts) {
        await Promise.resolve();
        yield new TextEncoder().encode(text);
    }
}

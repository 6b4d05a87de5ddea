/** @jest-environment node */
// Against a real server: what `fetch` does with dead sockets and endless bodies is not ours to imagine.
import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { fetchSystemStatus, type StatusResult } from './fetch-system-status.ts';

const READY = { version: '0.1.0', archive: { state: 'ready' } };

let server: Server | undefined;

async function serve(listener: RequestListener): Promise<string> {
    const started = createServer(listener);
    server = started;
    await new Promise<void>(resolve => started.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(started.address() as AddressInfo).port}/api/v1/status`;
}

function ask(url: string, options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<StatusResult> {
    return fetchSystemStatus({ fetch, url, signal: new AbortController().signal, timeoutMs: 5_000, ...options });
}

async function askAServerThatAnswers(body: string, httpStatus = 200): Promise<StatusResult> {
    return ask(await serve((_, response) => response.writeHead(httpStatus).end(body)));
}

describe('fetchSystemStatus', () => {
    afterEach(() => {
        server?.closeAllConnections();
        server?.close();
        server = undefined;
    });

    test.each([
        { state: 'ready' },
        { state: 'degraded', reason: 'Redis does not answer.' },
        { state: 'unreachable', reason: 'The archive does not answer.' },
    ])('brings what the service answers: $state', async archive => {
        const status = { version: '0.1.0', archive };
        expect(await askAServerThatAnswers(JSON.stringify(status))).toEqual({ type: 'answer', status });
    });

    test.each([
        ['an unknown state', JSON.stringify({ ...READY, archive: { state: 'perfect' } })],
        ['a field it does not know', JSON.stringify({ ...READY, secret: 1 })],
        ['no version', JSON.stringify({ archive: READY.archive })],
        ['no JSON', '<!doctype html><title>Welcome to the hotel</title>'],
        ['nothing', ''],
    ])('says that it does not understand %s', async (_, body) => {
        const result = await askAServerThatAnswers(body);
        expect(result).toMatchObject({ type: 'failure', failure: { type: 'invalid', cause: expect.any(Error) } });
    });

    test('does not take the body of an error for an answer', async () => {
        const result = await askAServerThatAnswers(JSON.stringify(READY), 503);
        expect(result).toEqual({ type: 'failure', failure: { type: 'refused', httpStatus: 503 } });
    });

    test('tells a connection that is refused', async () => {
        const url = await serve(() => undefined);
        await new Promise(resolve => server?.close(resolve));
        const result = await ask(url);
        expect(result).toMatchObject({ type: 'failure', failure: { type: 'network', cause: expect.anything() } });
    });

    test('tells a connection that is cut', async () => {
        const result = await ask(await serve(request => request.socket.destroy()));
        expect(result).toMatchObject({ type: 'failure', failure: { type: 'network' } });
    });

    test('gives up on a service that does not answer in time', async () => {
        const result = await ask(await serve(() => undefined), { timeoutMs: 50 });
        expect(result).toEqual({ type: 'failure', failure: { type: 'timeout', timeoutMs: 50 } });
    });

    test('gives up on an answer that does not end in time', async () => {
        const url = await serve((_, response) => response.writeHead(200).write('{"version":'));
        expect(await ask(url, { timeoutMs: 50 })).toMatchObject({ failure: { type: 'timeout' } });
    });

    test('ends the request when it is aborted, and rejects with the reason', async () => {
        const abort = new AbortController();
        const closed = Promise.withResolvers<string>();
        const url = await serve((_, response) => {
            response.on('close', () => closed.resolve('closed'));
            abort.abort(new Error('no longer wanted'));
        });
        await expect(ask(url, { signal: abort.signal })).rejects.toThrow('no longer wanted');
        await expect(closed.promise).resolves.toBe('closed');
    });

    test('does not even ask when it is aborted already', async () => {
        let requests = 0;
        const url = await serve(() => (requests += 1));
        await expect(ask(url, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
        expect(requests).toBe(0);
    });
});

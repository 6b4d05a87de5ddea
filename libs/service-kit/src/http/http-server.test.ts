import { describe, expect, test } from '@jest/globals';
import { createLogger } from '../log/logger.ts';
import { createHttpServer } from './http-server.ts';
import { listen } from './listen.ts';
import { HttpProblem } from './problem.ts';

const problem = /^application\/problem\+json(;|$)/;

function serverWithRoutes(lines: string[] = []) {
    const app = createHttpServer(
        createLogger({ service: 's', version: '1', level: 'info' }, { write: line => void lines.push(line) }),
    );
    app.get('/busy', () => {
        throw new HttpProblem(503, 'INVITATIONS_UNAVAILABLE', 'Invitations cannot be made now. Try again soon.', {
            retryAfter: 5,
        });
    });
    app.get('/broken', () => {
        throw new Error('password is hunter2');
    });
    app.post('/echo', request => request.body);
    return app;
}

describe('errors are problem documents', () => {
    test('of the status, code and sentence that the route chose', async () => {
        const response = await serverWithRoutes().inject('/busy');
        expect(response.headers).toMatchObject({ 'content-type': expect.stringMatching(problem), 'retry-after': '5' });
        expect(response.json()).toEqual({
            type: 'urn:one:problem:invitations-unavailable',
            title: 'Service Unavailable',
            status: 503,
            detail: 'Invitations cannot be made now. Try again soon.',
            code: 'INVITATIONS_UNAVAILABLE',
        });
    });

    test('that reveal nothing of an unexpected error; the log has it', async () => {
        const lines: string[] = [];
        const response = await serverWithRoutes(lines).inject('/broken');
        expect(response.statusCode).toBe(500);
        expect(response.body).not.toContain('hunter2');
        expect(lines.join('')).toContain('hunter2');
    });

    test('for a URL that cannot be decoded', async () => {
        const response = await serverWithRoutes().inject('/%');
        expect(response.statusCode).toBe(400);
        expect(response.headers['content-type']).toMatch(problem);
        expect(response.headers['x-content-type-options']).toBe('nosniff');
    });

    test.each([
        [
            'a body that is too large',
            { payload: 'x'.repeat(70_000), headers: { 'content-type': 'application/json' } },
            413,
        ],
        ['a body that is no JSON', { payload: '{', headers: { 'content-type': 'application/json' } }, 400],
        ['a body of another type', { payload: 'x', headers: { 'content-type': 'text/x' } }, 415],
    ])('for %s', async (_what, request, status) => {
        const response = await serverWithRoutes().inject({ method: 'POST', url: '/echo', ...request });
        expect(response.statusCode).toBe(status);
        expect(response.headers['content-type']).toMatch(problem);
        expect(response.json()).toMatchObject({ status, detail: expect.any(String) });
    });
});

describe('listening', () => {
    test('on several addresses, all closed by disposing', async () => {
        const first = await listen(serverWithRoutes(), { hosts: ['127.0.0.1'], port: 0, portVariable: 'PORT' });
        const { port } = first;
        await first[Symbol.asyncDispose]();
        {
            await using listening = await listen(serverWithRoutes(), {
                hosts: ['127.0.0.1', '127.0.0.2'],
                port,
                portVariable: 'PORT',
            });
            expect(listening.url).toBe(`http://127.0.0.1:${port}`);
            expect((await fetch(`http://127.0.0.2:${port}/busy`)).status).toBe(503);
        }
        await expect(fetch(`http://127.0.0.2:${port}/busy`)).rejects.toThrow();
    });

    test('skips an address that this machine does not have, as long as another works', async () => {
        const hosts = ['192.0.2.1', '127.0.0.1'];
        const probe = await listen(serverWithRoutes(), { hosts: ['127.0.0.1'], port: 0, portVariable: 'PORT' });
        const { port } = probe;
        await probe[Symbol.asyncDispose]();
        await using listening = await listen(serverWithRoutes(), { hosts, port, portVariable: 'PORT' });
        expect(listening.url).toContain('127.0.0.1');
    });

    test('names the address when none works', async () => {
        const options = { hosts: ['192.0.2.1'], port: 0, portVariable: 'PORT' };
        await expect(listen(serverWithRoutes(), options)).rejects.toMatchObject({
            code: 'LISTEN_FAILED',
            message: expect.stringContaining('192.0.2.1'),
        });
    });

    test('leaves nothing open when one of its addresses is taken', async () => {
        await using taken = await listen(serverWithRoutes(), { hosts: ['127.0.0.2'], port: 0, portVariable: 'PORT' });
        const options = { hosts: ['127.0.0.1', '127.0.0.2'], port: taken.port, portVariable: 'PORT' };
        await expect(listen(serverWithRoutes(), options)).rejects.toMatchObject({ code: 'PORT_TAKEN' });
        await expect(fetch(`http://127.0.0.1:${taken.port}/busy`)).rejects.toThrow();
    });
});

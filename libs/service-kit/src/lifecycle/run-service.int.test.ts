import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { eventually, startRedis, startService } from '@lama/testing';
import type { HealthReport } from '../health/health.ts';

const sample = new URL('./sample-service.ts', import.meta.url);

async function ready(url: string): Promise<{ status: number; body: HealthReport }> {
    const response = await fetch(`${url}/health/ready`);
    return { status: response.status, body: (await response.json()) as HealthReport };
}

describe('a service', () => {
    test('answers health and metrics, and stops on SIGTERM in reverse order', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0' });
        await service.logged('ready');
        const url = await service.url('health');
        expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'alive' });
        expect(await ready(url)).toEqual({
            status: 200,
            body: {
                service: 'service-kit',
                version: expect.any(String),
                status: 'ready',
                pid: service.child.pid,
                uptimeSeconds: expect.any(Number),
                dependencies: { redis: { status: 'absent', reason: 'REDIS_URL is not set: embedded' } },
            },
        });
        const metrics = await (await fetch(`${url}/metrics`)).text();
        expect(metrics).toContain('one_ready{service="service-kit"} 1');
        expect(metrics).toContain('process_resident_memory_bytes');
        expect(metrics).not.toContain('one_dependency_up{');

        expect(await service.stop()).toBe(0);
        const messages = service.log.map(({ msg }) => msg);
        expect(messages.slice(-4)).toEqual(['stopping', 'second is gone', 'first is gone', 'stopped']);
    });

    test('every log line is JSON with level, time and service', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0' });
        await service.logged('ready');
        await service.stop();
        for (const line of service.log) {
            expect(line).toMatchObject({
                level: 'info',
                service: 'service-kit',
                time: expect.stringMatching(/^\d{4}-.*Z$/),
            });
        }
    });

    test('answers what does not exist with a problem document', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0' });
        const response = await fetch(`${await service.url('health')}/nothing?token=abc`);
        expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(await response.json()).toEqual({
            type: 'urn:one:problem:not-found',
            title: 'Not Found',
            status: 404,
            detail: 'There is nothing at GET /nothing.',
            code: 'NOT_FOUND',
        });
    });

    test('is degraded, not down, while Redis is away, and says why', async () => {
        const redis = await startRedis();
        try {
            await using service = startService(sample, { HEALTH_PORT: '0', REDIS_URL: redis.url });
            const url = await service.url('health');
            await eventually(async () => expect((await ready(url)).body.status).toBe('ready'));
            await redis.kill();
            await eventually(async () =>
                expect(await ready(url)).toMatchObject({
                    status: 200,
                    body: {
                        status: 'degraded',
                        dependencies: { redis: { status: 'down', reason: expect.stringContaining('ECONNREFUSED') } },
                    },
                }),
            );
            expect(await (await fetch(`${url}/metrics`)).text()).toContain(
                'one_dependency_up{dependency="redis",service="service-kit"} 0',
            );
            await redis.restart();
            await eventually(async () => expect((await ready(url)).body.status).toBe('ready'));
            await service.logged('redis is back');
            expect(service.log.filter(({ msg }) => msg === 'redis is lost')).toHaveLength(1);
            await service.stop();
            const password = new URL(redis.url).password;
            expect(JSON.stringify(service.log) + service.stderr).not.toContain(password);
        } finally {
            await redis.stop();
        }
    });

    test('ends when the process that started it is gone', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0' });
        await service.logged('ready');
        service.child.disconnect();
        expect(await service.exit).toBe(0);
        expect(service.log.at(-1)?.msg).toBe('stopped');
    });
});

describe('bad input and bad luck', () => {
    test('mistakes in the configuration are listed at once, exit code 78', async () => {
        await using service = startService(sample, { LOG_LEVEL: 'loud', REDIS_URL: 'localhost:6379' });
        expect(await service.exit).toBe(78);
        expect(service.stderr).toMatch(/^service-kit cannot start\. The configuration has 3 mistakes:\n/);
        expect(service.stderr).toContain('HEALTH_PORT is missing: expected a port number');
        expect(service.stderr).not.toContain('at readConfig');
    });

    test('a taken port is named, with the variable that changes it', async () => {
        await using first = startService(sample, { HEALTH_PORT: '0' });
        const { port } = new URL(await first.url('health'));
        await using second = startService(sample, { HEALTH_PORT: port });
        expect(await second.exit).toBe(1);
        expect(second.log).toContainEqual(
            expect.objectContaining({
                level: 'fatal',
                reason: 'PORT_TAKEN',
                msg: `Port ${port} on 127.0.0.1 is taken by another process. Stop that process, or set HEALTH_PORT to a free port.`,
            }),
        );
    });

    test('what was started is stopped when a later part cannot start', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0', TROUBLE: 'start' });
        expect(await service.exit).toBe(1);
        expect(service.log.map(({ msg }) => msg).slice(-3)).toEqual([
            'cannot start',
            'second is gone',
            'first is gone',
        ]);
    });

    test('an error that nobody caught is logged and ends the process in order', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0', TROUBLE: 'later' });
        expect(await service.exit).toBe(1);
        const fatal = service.log.find(({ level }) => level === 'fatal');
        expect(fatal).toMatchObject({
            err: { message: 'nobody caught this', stack: expect.stringContaining('sample-service') },
        });
        expect(service.log.at(-1)?.msg).toBe('stopped');
    });

    test('a part that fails to stop is named, the others are stopped', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0', TROUBLE: 'stop' });
        await service.logged('ready');
        await service.stop();
        expect(service.log).toContainEqual(expect.objectContaining({ level: 'error', part: 'second' }));
        expect(service.log.map(({ msg }) => msg)).toContain('first is gone');
    });

    test('a part that hangs is named and cannot hold the process longer than 10 s', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0', TROUBLE: 'hang' });
        await service.logged('ready');
        const start = performance.now();
        expect(await service.stop()).toBe(1);
        expect(performance.now() - start).toBeLessThan(11_000);
        expect(service.log).toContainEqual(
            expect.objectContaining({ level: 'error', part: 'second', msg: 'this part does not stop' }),
        );
    });

    test('a request that is never finished does not hold it', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0' });
        const { port } = new URL(await service.url('health'));
        const socket = connect(Number(port), '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n');
        await service.logged('ready');
        expect(await service.stop()).toBe(0);
        socket.destroy();
    });

    test('a Redis that takes connections and says nothing makes it degraded, not silent', async () => {
        const silent = createServer(() => undefined).listen(0, '127.0.0.1');
        await once(silent, 'listening');
        const { port } = silent.address() as AddressInfo;
        await using service = startService(sample, { HEALTH_PORT: '0', REDIS_URL: `redis://127.0.0.1:${port}` });
        await service.logged('ready');
        expect(await service.health()).toMatchObject({ ready: 200, report: { status: 'degraded' } });
        expect(await service.stop()).toBe(0);
        silent.close();
    });

    test('a second signal ends it at once', async () => {
        await using service = startService(sample, { HEALTH_PORT: '0', TROUBLE: 'hang' });
        await service.logged('ready');
        service.child.kill('SIGTERM');
        await service.logged('stopping');
        service.child.kill('SIGTERM');
        const [code] = service.child.exitCode === null ? await once(service.child, 'exit') : [service.child.exitCode];
        expect(code).toBe(1);
    });
});

test('--help lists the variables, another argument is refused', () => {
    const run = (argument: string) =>
        spawnSync(process.execPath, ['--conditions=@one/source', fileURLToPath(sample), argument], {
            encoding: 'utf8',
        });
    expect(run('--help')).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^service-kit .*\n\n {2}LISTEN_HOST /),
    });
    expect(run('start')).toMatchObject({ status: 64, stderr: expect.stringContaining('--help') });
});

test('runs from a shell without an IPC channel', async () => {
    const child = spawn(process.execPath, ['--conditions=@one/source', fileURLToPath(sample)], {
        env: { PATH: process.env['PATH'], HEALTH_PORT: '0' },
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [first] = await once(child.stdout, 'data');
    expect(String(first)).toContain('"msg":"health"');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
});

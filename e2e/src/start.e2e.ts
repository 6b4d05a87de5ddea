import { once } from 'node:events';
import { createServer } from 'node:http';
import { PROCESSES } from '@lama/federation';
import { listeningProcess, startRedis, temporaryFolder } from '@lama/testing';
import { expect, test } from '@playwright/test';
import { freeOffset, StartedSystem } from './support/started-system.ts';

const names = Object.keys(PROCESSES) as (keyof typeof PROCESSES)[];

test('starts everything with Redis, says where, and Ctrl-C stops all of it', async () => {
    await using system = await StartedSystem.ready();
    for (const name of ['redis', ...names, 'web-client']) {
        expect(system.output).toMatch(new RegExp(`^  ${name} +\\S+:\\d+ +ready`, 'm'));
    }
    expect(system.output).toContain(`Open  ${system.url}`);
    for (const name of names) {
        const url = system.healthUrl(name);
        expect((await fetch(`${url}/health/live`)).status).toBe(200);
        const ready = await fetch(`${url}/health/ready`);
        expect(ready.status).toBe(200);
        expect(await ready.json()).toMatchObject({
            service: name,
            status: 'ready',
            dependencies: { redis: { status: 'up' } },
        });
        expect(await (await fetch(`${url}/metrics`)).text()).toContain(`one_ready{service="${name}"} 1`);
    }
    expect(await (await fetch(`${system.url}/api/v1/status`)).json()).toMatchObject({ archive: { state: 'ready' } });

    system.interrupt();
    // npm passes the interrupt on to itself when the command has ended, unless the shell between them did not see it.
    expect([0, 'SIGINT']).toContain(await system.exit);
    expect(system.output).toContain('Stopped.');
    for (const name of names) {
        expect(await listeningProcess(PROCESSES[name].healthPort + system.portOffset)).toBeUndefined();
    }
});

test('runs embedded when asked to', async () => {
    await using system = await StartedSystem.ready({ args: ['--embedded'] });
    expect(system.output).toContain('Running embedded, without Redis, as asked for.');
    expect(system.output).toMatch(/^ {2}access-grant-worker +- +embedded in archive-node$/m);
    const ready = await fetch(`${system.healthUrl('archive-node')}/health/ready`);
    expect(await ready.json()).toMatchObject({ status: 'ready', dependencies: { redis: { status: 'absent' } } });
});

test('runs embedded, and says so in one line, where no Redis can be had', async () => {
    await using cache = await temporaryFolder('cache');
    await using tools = await temporaryFolder('bin');
    // Everything npm needs, but neither a redis-server nor a container engine.
    const { symlink } = await import('node:fs/promises');
    const { dirname, join } = await import('node:path');
    for (const program of ['sh', 'npm', 'node']) await symlink(await which(program), join(tools.path, program));
    await using system = await StartedSystem.ready({
        env: {
            PATH: `${tools.path}:${dirname(process.execPath)}`,
            XDG_CACHE_HOME: cache.path,
            DOCKER_HOST: 'unix:///nowhere',
        },
    });
    const lines = system.output.split('\n').filter(line => /embedded/i.test(line));
    expect(lines).toEqual([
        'Running embedded: no REDIS_URL, no container engine that can run it, no redis-server in PATH.',
        expect.stringMatching(/^ {2}access-grant-worker +- +embedded in archive-node$/),
    ]);
});

test('uses the Redis of REDIS_URL and never prints its password', async () => {
    const redis = await startRedis();
    try {
        await using system = await StartedSystem.ready({ env: { REDIS_URL: redis.url }, args: ['--verbose'] });
        expect(system.output).toContain(`redis://127.0.0.1:${redis.port}`);
        expect(system.output).toContain('ready, REDIS_URL');
        expect(system.output).not.toContain(new URL(redis.url).password);
    } finally {
        await redis.stop();
    }
});

test('names a taken port, who has it, and what to do; nothing is started', async () => {
    const portOffset = await freeOffset();
    const port = PROCESSES['comm-server'].healthPort + portOffset;
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    try {
        await using system = await StartedSystem.start({ portOffset });
        expect(await system.exit).toBe(1);
        expect(system.output).toContain(`Port ${port}, needed by comm-server, is taken by process ${process.pid} (`);
        expect(system.output).toContain(`npm start -- --port-offset ${portOffset + 100}`);
        expect(system.output).not.toContain('Building');
    } finally {
        taken.close();
    }
});

test('shows the mistakes of a wrong configuration and stops', async () => {
    await using system = await StartedSystem.start({ env: { LOG_LEVEL: 'loud', PUBLIC_URL: 'lama.example.org' } });
    expect(await system.exit).toBe(1);
    expect(system.output).toContain('LOG_LEVEL is "loud": expected one of trace, debug, info');
    expect(system.output).toContain('Stopped.');
});

test('answers an unknown option with its usage', async () => {
    await using system = await StartedSystem.start({ args: ['--fast'] });
    expect(await system.exit).toBe(2);
    expect(system.output).toContain("Unknown option '--fast'");
    expect(system.output).toContain('--port-offset N');
});

async function which(program: string): Promise<string> {
    const { execFileSync } = await import('node:child_process');
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}

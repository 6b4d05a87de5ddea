import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { dirname, join } from 'node:path';
import { PROCESSES } from '@lama/federation';
import { freePort, listeningProcess, startRedis, temporaryFolder } from '@lama/testing';
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

test('runs embedded when asked to, whatever the environment says', async () => {
    await using system = await StartedSystem.ready({
        args: ['--embedded'],
        env: { REDIS_URL: 'redis://127.0.0.1:1', LISTEN_HOST: '127.0.0.2' },
    });
    expect(system.output).toContain('Running embedded, without Redis, as asked for.');
    expect(system.output).toMatch(/^ {2}access-grant-worker +- +embedded in archive-node$/m);
    const ready = await fetch(`${system.healthUrl('archive-node')}/health/ready`);
    expect(await ready.json()).toMatchObject({ status: 'ready', dependencies: { redis: { status: 'absent' } } });
});

test('runs embedded, and says so in one line, where no Redis can be had', async () => {
    await using cache = await temporaryFolder('cache');
    await using tools = await temporaryFolder('bin');
    // Everything npm needs, but neither a redis-server nor a container engine.
    for (const program of ['sh', 'npm', 'node']) await symlink(which(program), join(tools.path, program));
    await using system = await StartedSystem.ready({
        args: ['--no-containers'],
        env: {
            PATH: `${tools.path}:${dirname(process.execPath)}`,
            XDG_CACHE_HOME: cache.path,
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

test('refuses a folder that another system stores in', async () => {
    await using first = await StartedSystem.ready({ args: ['--embedded'] });
    await using second = await StartedSystem.start({ args: ['--embedded', '--storage', first.storage] });
    expect(await second.exit).toBe(1);
    expect(second.output).toMatch(
        /The folder \S+ is in use by process \d+\. Stop that one, or choose another: --storage/,
    );
});

test('a storage that cannot be used gets a sentence, not a stack', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    await using system = await StartedSystem.start({ args: ['--storage', file] });
    expect(await system.exit).toBe(1);
    expect(system.output).toContain(file);
    expect(system.output).not.toContain('    at ');
});

test('a REDIS_URL that cannot be used is named, and not repeated', async () => {
    await using system = await StartedSystem.start({ env: { REDIS_URL: 'http://:hunter2@localhost' } });
    expect(await system.exit).toBe(1);
    expect(system.output).toContain(
        'REDIS_URL is not valid (its value is not shown): expected a URL that starts with redis://',
    );
    expect(system.output).not.toContain('hunter2');
});

test('a Redis that is not there is named at once', async () => {
    const port = await freePort();
    await using system = await StartedSystem.start({ env: { REDIS_URL: `redis://127.0.0.1:${port}` } });
    expect(await system.exit).toBe(1);
    expect(system.output).toContain(`REDIS_URL: nobody answers at 127.0.0.1 port ${port}. Start that Redis,`);
});

test('a container engine that says nothing does not hold it', async () => {
    await using folder = await temporaryFolder();
    const socket = join(folder.path, 'engine.sock');
    const silent = createSocketServer(() => undefined).listen(socket);
    await once(silent, 'listening');
    try {
        await using system = await StartedSystem.start({ env: { DOCKER_HOST: `unix://${socket}` } });
        await system.says('Built in');
        system.interrupt();
        expect([0, 'SIGINT']).toContain(await system.exit);
        expect(system.output).toContain('Stopped.');
    } finally {
        silent.close();
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

function which(program: string): string {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}

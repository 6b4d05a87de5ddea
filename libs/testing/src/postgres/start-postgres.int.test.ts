import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { takesSessions } from './postgres-server.ts';
import { startPostgres } from './start-postgres.ts';

const given = process.env['TEST_POSTGRES_URL'];
afterEach(() => {
    if (given === undefined) delete process.env['TEST_POSTGRES_URL'];
    else process.env['TEST_POSTGRES_URL'] = given;
});

test('a PostgreSQL of our own takes sessions until it is killed, and again after a restart', async () => {
    const server = await startPostgres({ own: true });
    const { hostname, port } = new URL(server.url);
    const answers = () => takesSessions(hostname, Number(port));
    try {
        expect(await answers()).toBe(true);
        await server.kill();
        expect(await answers()).toBe(false);
        await server.restart();
        expect(await answers()).toBe(true);
    } finally {
        await server.stop();
    }
    expect(await answers()).toBe(false);
}, 60_000);

test('a local one ends with the process that started it, even if that one was killed', async () => {
    const source = `import { startPostgres } from ${JSON.stringify(new URL('./start-postgres.ts', import.meta.url).href)};
        const { url } = await startPostgres({ own: true, containers: false });
        process.stdout.write(url);`;
    await using folder = await temporaryFolder();
    // For the user whom root gives the server to.
    chmodSync(folder.path, 0o755);
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', source], {
        env: { ...process.env, TMPDIR: folder.path },
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = await once(parent.stdout, 'data');
    const { hostname, port } = new URL(String(chunk));
    expect(await takesSessions(hostname, Number(port))).toBe(true);
    parent.kill('SIGKILL');
    await eventually(async () => expect(await takesSessions(hostname, Number(port))).toBe(false));
}, 60_000);

test('the one of TEST_POSTGRES_URL is used, and never ended', async () => {
    process.env['TEST_POSTGRES_URL'] = 'postgres://somebody@localhost/shared';
    const server = await startPostgres();
    expect(server).toMatchObject({ url: 'postgres://somebody@localhost/shared', origin: 'given' });
    await expect(server.kill()).rejects.toThrow(/TEST_POSTGRES_URL/);
    await server.stop();
});

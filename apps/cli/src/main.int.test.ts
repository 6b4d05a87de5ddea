import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { PROCESSES } from '@lama/federation';
import { freePortOffset, startService } from '@lama/testing';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const archiveMain = new URL('../../archive-node/src/main.ts', import.meta.url);

interface Result {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

async function one(...args: string[]): Promise<Result> {
    const run = promisify(execFile)(process.execPath, ['--conditions=@one/source', main, ...args]);
    return run.then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: unknown) => error as Result,
    );
}

const freeOffset = () => freePortOffset(Object.values(PROCESSES).map(({ healthPort }) => healthPort));

describe('one status', () => {
    test('names each process, its state and why', async () => {
        const offset = await freeOffset();
        await using archive = startService(archiveMain, {
            CONTROL_PORT: String(PROCESSES['archive-node'].healthPort + offset),
        });
        await archive.logged('ready');
        const { code, stdout } = await one('status', '--port-offset', String(offset));
        expect(code).toBe(1);
        expect(stdout).toMatch(/^archive-node +ready +redis absent: REDIS_URL is not set/m);
        expect(stdout).toMatch(/^pairing-service +unreachable +connect ECONNREFUSED 127\.0\.0\.1:\d+$/m);
    });

    test('prints JSON for programs', async () => {
        const { stdout } = await one('status', '--json', '--port-offset', String(await freeOffset()));
        expect(JSON.parse(stdout)).toContainEqual(
            expect.objectContaining({
                name: 'comm-server',
                state: 'unreachable',
                url: expect.stringContaining('http://127.0.0.1:'),
            }),
        );
    });

    test('does not take another program for one of ours', async () => {
        const offset = await freeOffset();
        const other = createServer((_request, response) => response.end('hello'));
        other.listen(PROCESSES['archive-node'].healthPort + offset, '127.0.0.1');
        await once(other, 'listening');
        try {
            const { stdout } = await one('status', '--port-offset', String(offset));
            expect(stdout).toMatch(/^archive-node +unknown +something else answers there$/m);
        } finally {
            other.close();
        }
    });
});

describe('bad input', () => {
    test.each([
        [['stat'], /unknown command 'stat'/],
        [['status', '--port-offset', 'x'], /Expected a whole number, for example 100/],
    ])('%j gets a sentence and exit code 1', async (args, message) => {
        const { code, stderr } = await one(...args);
        expect(code).toBe(1);
        expect(stderr).toMatch(message);
        expect(stderr).toContain('one --help lists the commands');
    });
});

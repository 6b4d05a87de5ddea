import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { spawnGuarded } from './spawn-guarded.ts';

const isAlive = (pid: number) => {
    try {
        return process.kill(pid, 0);
    } catch {
        return false;
    }
};

test('a guarded program passes on its input, output and exit code', async () => {
    const { child } = await spawnGuarded('sh', ['-c', 'read line; echo "got $line"; exit 3'], {
        env: { PATH: process.env['PATH'] },
        input: 'a line\n',
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = await once(child, 'close');
    expect({ output, code }).toEqual({ output: 'got a line\n', code: 3 });
});

test('a program that does not exist is named', async () => {
    await expect(spawnGuarded('no-such-program', [], { env: {} })).rejects.toThrow(/no-such-program/);
});

test('a guarded program ends when the process that started it is killed', async () => {
    const source = `import { spawnGuarded } from ${JSON.stringify(new URL('./spawn-guarded.ts', import.meta.url).href)};
        const { pid } = await spawnGuarded('sleep', ['60'], { env: process.env });
        process.stdout.write(String(pid));`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', source], {
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = await once(parent.stdout, 'data');
    const pid = Number(chunk);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => expect(isAlive(pid)).toBe(false));
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { FolderInUseError, lockFolder } from './folder-lock.ts';

test('one of many that try has the folder, whatever lies there, and nothing is left', async () => {
    await using folder = await temporaryFolder('lock');
    const file = join(folder.path, 'one.lock');
    for (const left of [undefined, '', 'nonsense', '1 of another machine']) {
        if (left !== undefined) {
            await writeFile(file, left);
            await utimes(file, 0, 0);
        }
        const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(file)));
        const holders = results.filter(result => result.status === 'fulfilled');
        expect(holders).toHaveLength(1);
        for (const result of results)
            if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FolderInUseError);
        await holders[0]?.value[Symbol.asyncDispose]();
        expect(await readdir(folder.path)).toEqual([]);
    }
});

test('a holder elsewhere counts for a minute after its last sign of life', async () => {
    await using folder = await temporaryFolder('lock');
    const file = join(folder.path, 'one.lock');
    await writeFile(file, `${process.pid} 1 another-machine/boot/pid:[1] 0`);
    await expect(lockFolder(file)).rejects.toThrow('try again in a minute');
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(file, longAgo, longAgo);
    await using lock = await lockFolder(file);
    expect(lock).toBeDefined();
});

test('a holder here that was killed does not count, even before it is buried', async () => {
    await using folder = await temporaryFolder('lock');
    const file = join(folder.path, 'one.lock');
    const program = `
        import { lockFolder } from ${JSON.stringify(new URL('folder-lock.ts', import.meta.url).href)};
        await lockFolder(${JSON.stringify(file)});
        console.log('held');
        setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ['--conditions=@one/source', '--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(lockFolder(file)).rejects.toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'close');
    await using lock = await lockFolder(file);
    expect(lock).toBeDefined();
});

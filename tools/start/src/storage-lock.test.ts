import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { lockStorage, StorageInUseError } from './storage-lock.ts';

describe('the lock of a storage folder', () => {
    test('is held by one of many that try at once', async () => {
        await using folder = await temporaryFolder();
        const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockStorage(folder.path)));
        expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const result of tries) {
            if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(StorageInUseError);
        }
        expect(await readdir(folder.path)).toEqual(['npm-start.lock']);
    });

    test('is free again after it was released', async () => {
        await using folder = await temporaryFolder();
        await (await lockStorage(folder.path))[Symbol.asyncDispose]();
        await using _second = await lockStorage(folder.path);
        await expect(lockStorage(folder.path)).rejects.toThrow(`is in use by process ${process.pid}.`);
    });

    test.each([
        ['a process that is gone', async (here: string) => `${await pidOfGoneProcess()} 1 ${here} x`],
        ['a process whose id another one has now', (here: string) => Promise.resolve(`1 12345 ${here} x`)],
        ['an earlier process with our own id', (here: string) => Promise.resolve(`${process.pid} 1 ${here} x`)],
        ['nobody: an empty file', () => Promise.resolve('')],
    ])('of %s does not count', async (_who, content) => {
        await using folder = await temporaryFolder();
        const file = join(folder.path, 'npm-start.lock');
        const real = await lockStorage(folder.path);
        const [, , here = ''] = (await readFile(file, 'utf8')).split(' ');
        await real[Symbol.asyncDispose]();
        await writeFile(file, await content(here));
        await using _lock = await lockStorage(folder.path);
        expect(await readdir(folder.path)).toEqual(['npm-start.lock']);
    });

    test('is not removed by one who does not hold it any more', async () => {
        await using folder = await temporaryFolder();
        const first = await lockStorage(folder.path);
        await writeFile(join(folder.path, 'npm-start.lock'), 'somebody else');
        await first[Symbol.asyncDispose]();
        expect(await readdir(folder.path)).toEqual(['npm-start.lock']);
    });
});

async function pidOfGoneProcess(): Promise<number> {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    return child.pid ?? 0;
}

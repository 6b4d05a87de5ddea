import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Another system stores in the same folder; two at once would damage each other's files. */
export class StorageInUseError extends Error {
    override readonly name = 'StorageInUseError';

    constructor(folder: string, pid: number) {
        super(`The folder ${folder} is in use by process ${pid}. Stop that one, or choose another: --storage FOLDER`);
    }
}

/**
 * Takes a folder for this process until disposed. The lock of a process that is gone does not count.
 * @throws StorageInUseError
 */
export async function lockStorage(folder: string): Promise<AsyncDisposable> {
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'npm-start.lock');
    const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
    if (holder > 0 && isRunning(holder)) throw new StorageInUseError(folder, holder);
    await rm(file, { force: true });
    // Exclusive: of two that find it free at once, one fails here.
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

function isRunning(pid: number): boolean {
    try {
        return process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
}

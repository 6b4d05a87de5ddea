import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { OneError } from '../../errors.ts';

const ATTEMPTS = 5;

/** Somebody else works in the folder; two at once would damage each other's files. */
export class FolderInUseError extends OneError {
    readonly code = 'STORAGE_IN_USE';
    /** Process id, or `unknown`. */
    readonly holder: string;

    constructor(file: string, holder: string) {
        super(`The folder of "${file}" is in use by process ${holder}. Stop that one, or use another folder.`);
        this.holder = holder;
    }
}

/**
 * Takes a folder until disposed, by a lock file in it.
 *
 * 1. The lock file appears complete and at once (a hard link), so of several that try, one has it.
 * 2. It names its holder by process id and start time: that of a process that is gone, or whose id another process got
 *    since, does not count.
 * 3. Only the holder removes it.
 * @param file path of the lock file; its folder exists
 * @throws FolderInUseError
 */
export async function lockFolder(file: string): Promise<AsyncDisposable> {
    const mine = `${process.pid} ${await startTime(process.pid)} ${randomUUID()}`;
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, mine);
    try {
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (await appears(draft, file)) return { [Symbol.asyncDispose]: () => release(file, mine) };
            const content = await readFile(file, 'utf8').catch(() => '');
            const [pid = '', started = ''] = content.split(' ');
            if (content !== '' && (await startTime(Number(pid))) === started) throw new FolderInUseError(file, pid);
            await putAside(file, content);
        }
        throw new FolderInUseError(file, 'unknown');
    } finally {
        await rm(draft, { force: true });
    }
}

async function appears(draft: string, file: string): Promise<boolean> {
    try {
        await link(draft, file);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
    }
}

/** Removes a lock that does not count; puts it back if another process has replaced it in this moment. */
async function putAside(file: string, stale: string): Promise<void> {
    const aside = `${file}.${randomUUID()}`;
    // Gone already: another process was faster.
    await rename(file, aside).catch(() => undefined);
    const content = await readFile(aside, 'utf8').catch(() => stale);
    if (content !== stale) await appears(aside, file);
    await rm(aside, { force: true });
}

async function release(file: string, mine: string): Promise<void> {
    if ((await readFile(file, 'utf8').catch(() => '')) === mine) await rm(file, { force: true });
}

/** When a process was started, as one word that no later process of the same id shares; `gone` for none. */
async function startTime(pid: number): Promise<string> {
    if (!(pid > 0)) return 'gone';
    if (process.platform === 'linux') {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
        // The name, in parentheses, may hold spaces; the start time is the 20th field after it.
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'gone';
    }
    const ps = promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return ps.then(
        ({ stdout }) => stdout.trim().replaceAll(/\s+/g, '-') || 'gone',
        () => 'gone',
    );
}

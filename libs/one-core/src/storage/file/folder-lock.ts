import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { OneError } from '../../errors.ts';

/** Process id, start time, place, and something that no other lock has. */
const FIELDS = 4;
const ATTEMPTS = 20;
const RETRY_MS = 25;
/** How often the holder shows that it is alive, for those who cannot see its process. */
const REFRESH_MS = 10_000;
/** A holder elsewhere that was silent for so long is gone; its machine or container restarts in less. */
const SILENT_MS = 60_000;
/** Taking over takes some milliseconds; a guard that is older was left by a crash. */
const TAKEOVER_MS = 10_000;

/** Somebody else works in the folder; two at once would damage each other's files. */
export class FolderInUseError extends OneError {
    readonly code = 'STORAGE_IN_USE';
    /** Process id, or `unknown`. */
    readonly holder: string;

    constructor(file: string, holder: string) {
        super(
            `The folder of "${file}" is in use by process ${holder}. Stop that one, or use another folder. If it ran ` +
                'in another container or on another machine and is gone, try again in a minute.',
        );
        this.holder = holder;
    }
}

/**
 * Takes a folder until disposed, by a lock file in it.
 *
 * 1. The lock file appears complete and at once (a hard link), so of several that try, one has it.
 * 2. It names its holder by process id, start time and where that process runs (machine and process namespace). A process
 *    here that is gone, or whose id another one got since, does not count; one elsewhere counts for a minute after its
 *    last sign of life.
 * 3. A lock that does not count is replaced under a guard, by one process, which looks again before.
 * 4. Only the holder removes it.
 * @param file path of the lock file; its folder exists
 * @throws FolderInUseError
 */
export async function lockFolder(file: string): Promise<AsyncDisposable> {
    const here = await place();
    const mine = `${process.pid} ${await startTime(process.pid)} ${here} ${randomUUID()}`;
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, mine);
    try {
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (await appears(draft, file)) return hold(file, mine);
            const content = await readIfThere(file);
            if (content === undefined) continue;
            if (await counts(file, content, here)) throw new FolderInUseError(file, content.split(' ')[0] ?? 'unknown');
            if (await takeOver(file, content, mine)) return hold(file, mine);
            await setTimeout(RETRY_MS);
        }
        throw new FolderInUseError(file, 'unknown');
    } finally {
        await rm(draft, { force: true });
    }
}

function hold(file: string, mine: string): AsyncDisposable {
    const refresh = setInterval(() => {
        const now = new Date();
        // A lock that cannot be refreshed is still held; only others elsewhere may think otherwise.
        utimes(file, now, now).catch(() => undefined);
    }, REFRESH_MS);
    refresh.unref();
    return {
        async [Symbol.asyncDispose]() {
            clearInterval(refresh);
            if ((await readIfThere(file)) === mine) await rm(file, { force: true });
        },
    };
}

async function counts(file: string, content: string, here: string): Promise<boolean> {
    const fields = content.split(' ');
    const [pid = '', started = '', where = ''] = fields;
    // Locks appear complete: this is none.
    if (fields.length < FIELDS) return false;
    if (where === here) {
        const now = await startTime(Number(pid));
        return now !== 'gone' && now === started;
    }
    const age =
        Date.now() -
        (await stat(file).then(
            ({ mtimeMs }) => mtimeMs,
            () => 0,
        ));
    return age < SILENT_MS;
}

/** Replaces a lock that does not count, if it is still the same. */
async function takeOver(file: string, stale: string, mine: string): Promise<boolean> {
    const [guard, replacement] = [`${file}.takeover`, `${file}.${randomUUID()}`];
    await writeFile(replacement, mine);
    try {
        if (!(await appears(replacement, guard))) {
            const age =
                Date.now() -
                (await stat(guard).then(
                    ({ mtimeMs }) => mtimeMs,
                    () => Date.now(),
                ));
            if (age > TAKEOVER_MS) await rm(guard, { force: true });
            return false;
        }
        try {
            if ((await readIfThere(file)) !== stale) return false;
            await rename(replacement, file);
            return true;
        } finally {
            await rm(guard, { force: true });
        }
    } finally {
        await rm(replacement, { force: true });
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

async function readIfThere(file: string): Promise<string | undefined> {
    try {
        return await readFile(file, 'utf8');
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
}

/** The machine since its last start, and the namespace in which process ids mean something, as one word. */
async function place(): Promise<string> {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
    return `${hostname()}/${boot.trim()}/${namespace}`.replaceAll(/\s+/g, '-');
}

/** When a process was started, as one word that no later process of the same id shares; `gone` for none. */
async function startTime(pid: number): Promise<string> {
    if (!(pid > 0)) return 'gone';
    if (process.platform === 'linux') {
        const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
        // The name, in parentheses, may hold spaces; then come the state and, 19 fields later, the start time.
        const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return ['Z', 'X', ''].includes(fields[0] ?? '') ? 'gone' : (fields[19] ?? 'gone');
    }
    if (process.platform === 'win32') return isAlive(pid) ? 'alive' : 'gone';
    const ps = promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
        env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    });
    return ps.then(
        ({ stdout }) => stdout.trim().replaceAll(/\s+/g, '-') || 'gone',
        () => 'gone',
    );
}

/** There is no start time to be had on Windows without a native module. */
function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
}

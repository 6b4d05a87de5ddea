import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whoever ends the test run ends what it started. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** One Nx task of a run, for example `one-core:test`. */
export interface Task {
    readonly id: string;
    readonly ok: boolean;
}

/** Runs Nx with all output shown, and tells how each task ended. A run that breaks down is a failed task itself. */
export async function runNx(
    root: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
): Promise<Task[]> {
    const file = join(tmpdir(), `nx-tasks-${process.pid}.json`);
    const code = await run(root, [...args, '--outputStyle=static'], { ...env, NX_TASK_RESULTS: file });
    try {
        const results = JSON.parse(await readFile(file, 'utf8')) as { readonly id: string; readonly status: string }[];
        const tasks = results.map(({ id, status }) => ({
            id,
            ok: !['failure', 'skipped', 'stopped'].includes(status),
        }));
        const unexplained = code !== 0 && tasks.every(({ ok }) => ok);
        return unexplained ? [...tasks, { id: `nx ${args.join(' ')}`, ok: false }] : tasks;
    } catch {
        // No result file: Nx did not get as far as running tasks, or there was no task of that name.
        return code === 0 ? [] : [{ id: `nx ${args.join(' ')}`, ok: false }];
    } finally {
        await rm(file, { force: true });
    }
}

/** Whether the project references in tsconfig.json files follow the dependencies in package.json files. */
export async function syncIsClean(root: string): Promise<boolean> {
    return (await run(root, ['sync:check'], {})) === 0;
}

async function run(root: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
    const child = spawn('nx', args, {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        shell: process.platform === 'win32',
        env: { ...process.env, ...env },
    });
    let ended: NodeJS.Signals | undefined;
    const passOn = (signal: NodeJS.Signals) => {
        ended = signal;
        child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, passOn);
    const [code] = (await once(child, 'exit')) as [number | null];
    for (const signal of SIGNALS) process.off(signal, passOn);
    // Nothing more is started, and whoever waits sees the signal.
    if (ended !== undefined) process.kill(process.pid, ended);
    return code ?? 1;
}

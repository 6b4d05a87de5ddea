import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EngineVariant } from './engine.ts';

const child = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Far more than any task but the measurements needs: a store that makes its reader run in circles is an outcome as well. */
const PATIENCE_MS = 60_000;

export function startChild(task: string, { name }: EngineVariant, folder: string, ...numbers: number[]): ChildProcess {
    // The conditions under which this process finds its libraries hold for the child too.
    const args = [...process.execArgv, '--no-warnings', child, task, name, folder, ...numbers.map(String)];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface ChildEnd {
    readonly output: string;
    readonly errors: string;
    /** Exit code, signal, or that it did not end. */
    readonly end: number | string;
}

export async function runChild(task: string, variant: EngineVariant, folder: string, ...numbers: number[]) {
    const started = startChild(task, variant, folder, ...numbers);
    const { promise, resolve } = Promise.withResolvers<ChildEnd>();
    let [output, errors] = ['', ''];
    started.stdout?.on('data', (data: Buffer) => (output += data.toString()));
    started.stderr?.on('data', (data: Buffer) => (errors += data.toString()));
    let hung = false;
    const patience = task.startsWith('measure')
        ? undefined
        : setTimeout(() => {
              hung = true;
              started.kill('SIGKILL');
          }, PATIENCE_MS);
    started.on('close', (code, signal) => {
        clearTimeout(patience);
        resolve({ output, errors, end: hung ? 'does not end' : (signal ?? code ?? 'unknown') });
    });
    return promise;
}

/** The line of JSON a task reports. */
export async function resultOf<T>(
    task: string,
    variant: EngineVariant,
    folder: string,
    ...numbers: number[]
): Promise<T> {
    const { output, errors, end } = await runChild(task, variant, folder, ...numbers);
    if (end !== 0) throw new Error(`${task} with ${variant.name} ended with ${end}: ${errors}`);
    return JSON.parse(output) as T;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A foreign program that never outlives this process. */
export interface GuardedProcess {
    /** The guard; its exit is the program's exit. */
    readonly child: ChildProcess;
    /** Process id of the program itself. */
    readonly pid: number;
}

/** `guard.ts` beside this file when run from source, `guard.js` when compiled. */
const guard = fileURLToPath(new URL(`./guard${extname(import.meta.url)}`, import.meta.url));

/**
 * Starts a program under a guard that ends it when this process ends, however that happens.
 * @param input written to the program's stdin, which is then closed
 */
export async function spawnGuarded(
    program: string,
    args: readonly string[],
    options: { readonly env: NodeJS.ProcessEnv; readonly input?: string },
): Promise<GuardedProcess> {
    const child = spawn(process.execPath, [guard, program, ...args], {
        stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
        env: options.env,
        // Its own group: Ctrl-C in a terminal reaches the parent, which stops its children in order.
        detached: true,
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    const started = once(child, 'message').then(([message]) => (message as { readonly pid: number }).pid);
    const failed = once(child, 'exit').then(([code]) => {
        throw new Error(`Cannot start ${program} (exit code ${String(code)}).`);
    });
    failed.catch(() => undefined);
    return { child, pid: await Promise.race([started, failed]) };
}

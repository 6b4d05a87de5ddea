// Runs one program and ends it when the process that asked for it is gone, even if that one was killed:
//
//     node guard.ts PROGRAM [ARGUMENT ...]       with an IPC channel to the parent
//
// Tells the parent the program's pid, passes on stdin, stdout, stderr, signals and the exit status.
import { spawn } from 'node:child_process';

const KILL_AFTER_MS = 5_000;

const [program = '', ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: 'inherit' });

process.on('disconnect', endProgram);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
child.on('spawn', () => {
    if (!process.connected) endProgram();
    // The parent may go in this moment; its end is noticed above.
    else process.send?.({ pid: child.pid }, () => undefined);
});
child.on('error', error => {
    process.stderr.write(`Cannot run ${program}: ${error.message}\n`);
    process.exit(127);
});
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128));

function endProgram(): void {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A line of the service's log. */
export interface LogLine {
    readonly level: string;
    readonly msg: string;
    readonly [field: string]: unknown;
}

/** Status codes, the parsed body of `/health/ready`, and the text of `/metrics`. */
export interface HealthAnswers {
    readonly live: number | undefined;
    readonly ready: number | undefined;
    readonly report: {
        readonly status: string;
        readonly dependencies: Readonly<Record<string, { readonly status: string; readonly reason?: string }>>;
    };
    readonly metrics: string;
}

/** One of our services, run from its sources as its own process. */
export class ServiceProcess implements AsyncDisposable {
    readonly child: ChildProcess;
    /** All parsed log lines so far. */
    readonly log: LogLine[] = [];
    /** Everything written to stderr so far. */
    stderr = '';
    /** Exit code, or the signal that ended it; settles when the process is gone and its output is read. */
    readonly exit: Promise<number | NodeJS.Signals>;
    readonly #waiting = new Set<() => void>();

    constructor(child: ChildProcess) {
        this.child = child;
        this.exit = gone(child);
        void this.exit.then(() => this.#wake());
        child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
        if (child.stdout) createInterface(child.stdout).on('line', line => this.#read(line));
    }

    /** Waits for a log line; fails with the whole output when the process ends without it. */
    async logged(msg: string): Promise<LogLine> {
        for (;;) {
            const found = this.log.find(line => line.msg === msg);
            if (found) return found;
            if (this.child.exitCode !== null || this.child.signalCode !== null) {
                const lines = this.log.map(line => JSON.stringify(line)).join('\n');
                throw new Error(`The service ended without saying "${msg}".\n${this.stderr}${lines}`);
            }
            await new Promise<void>(resolve => this.#waiting.add(resolve));
        }
    }

    /** The URL that a line such as `health` or `listening` announced. */
    async url(msg: string): Promise<string> {
        return String((await this.logged(msg))['url']);
    }

    /** What its internal endpoints answer now. */
    async health(): Promise<HealthAnswers> {
        const base = await this.url('health');
        const [live, ready, metrics] = await Promise.all(
            ['/health/live', '/health/ready', '/metrics'].map(path => fetch(base + path)),
        );
        return {
            live: live?.status,
            ready: ready?.status,
            report: (await ready?.json()) as HealthAnswers['report'],
            metrics: (await metrics?.text()) ?? '',
        };
    }

    /** Asks it to stop, as an operator does, and waits until it has. */
    async stop(): Promise<number | NodeJS.Signals> {
        this.child.kill('SIGTERM');
        return this.exit;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.child.kill('SIGKILL');
        await this.exit;
    }

    #read(line: string): void {
        this.log.push(parseLine(line));
        this.#wake();
    }

    #wake(): void {
        for (const resolve of this.#waiting) resolve();
        this.#waiting.clear();
    }
}

/**
 * Starts a service from its main.ts. Its environment is empty but for PATH and what is given, so that a developer's
 * settings never change a test.
 * @param main URL of main.ts
 */
export function startService(main: URL, env: Readonly<Record<string, string>> = {}): ServiceProcess {
    const child = spawn(process.execPath, ['--conditions=@one/source', fileURLToPath(main)], {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { PATH: process.env['PATH'], ...env },
    });
    return new ServiceProcess(child);
}

/** `close` would be the event for this, but it never comes after the IPC channel was closed from this side. */
async function gone(child: ChildProcess): Promise<number | NodeJS.Signals> {
    const streams = [child.stdout, child.stderr].filter(stream => stream !== null);
    const [exit] = await Promise.all([once(child, 'exit'), ...streams.map(stream => once(stream, 'close'))]);
    const [code, signal] = exit as [number, null] | [null, NodeJS.Signals];
    return code ?? signal;
}

function parseLine(line: string): LogLine {
    try {
        return JSON.parse(line) as LogLine;
    } catch {
        return { level: 'none', msg: line };
    }
}

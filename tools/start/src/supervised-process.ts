import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readinessSchema } from '@lama/federation';
import { DEGRADED_MS, LAST_LINES, READY_ANSWER_MS, READY_MS, READY_POLL_MS, STOP_MS } from './limits.ts';
import { readableLine } from './log-lines.ts';
import type { PlannedProcess } from './plan.ts';

/** How a process ended: its exit code or signal, and its last lines of output, readable. */
export interface Ended {
    readonly how: string;
    readonly exitCode: number | null;
    readonly lastLines: readonly string[];
}

/** It can serve its callers; `degraded` with what it lacks. */
export interface Serving {
    readonly state: 'ready' | 'degraded';
    readonly reasons: readonly string[];
}

/** One run of one service: from its start until it is gone. */
export class SupervisedProcess {
    readonly plan: PlannedProcess;
    readonly ended: Promise<Ended>;
    readonly #child: ChildProcess;
    readonly #lastLines: string[] = [];
    #gone = false;

    /** @param onLine called for each line of output; `important` ones are warnings and everything that is no log line */
    constructor(plan: PlannedProcess, onLine: (text: string, important: boolean) => void) {
        this.plan = plan;
        this.#child = spawn(process.execPath, ['--enable-source-maps', plan.entry], {
            // The IPC channel is the life line: a service stops when this process is gone, even if it was killed.
            stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
            env: { ...passedOn(), ...plan.env },
            // Its own group: Ctrl-C in the terminal reaches only this process, which then stops all in order.
            detached: true,
        });
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            if (stream === null) continue;
            createInterface(stream).on('line', line => {
                const { text, important } = readableLine(line);
                this.#lastLines.push(...text.split('\n'));
                this.#lastLines.splice(0, this.#lastLines.length - LAST_LINES);
                onLine(text, important);
            });
        }
        this.ended = this.#watch();
    }

    /**
     * Resolves when it is ready. *Degraded* has to last a while to count: others it uses may still be starting. Resolves
     * with how it ended when it does so before, or is not ready in time.
     */
    async ready(): Promise<Serving | Ended> {
        const start = performance.now();
        while (!this.#gone) {
            const answer = await askReadiness(this.plan.healthUrl, this.#child.pid);
            if (answer?.state === 'ready') return answer;
            const waited = performance.now() - start;
            if (answer?.state === 'degraded' && waited > DEGRADED_MS) return answer;
            if (waited > READY_MS) {
                return { how: `not ready after ${READY_MS / 1000} s`, exitCode: null, lastLines: this.#lastLines };
            }
            await Promise.race([sleep(READY_POLL_MS), this.ended]);
        }
        return this.ended;
    }

    /** Asks it to stop and waits; kills it when it does not. */
    async stop(): Promise<void> {
        if (this.#gone) return;
        this.#child.kill('SIGTERM');
        const late = setTimeout(() => this.kill(), STOP_MS);
        await this.ended;
        clearTimeout(late);
    }

    kill(): void {
        this.#child.kill('SIGKILL');
    }

    #watch(): Promise<Ended> {
        const { promise, resolve } = Promise.withResolvers<Ended>();
        const end = (how: string, exitCode: number | null) => {
            this.#gone = true;
            resolve({ how, exitCode, lastLines: this.#lastLines });
        };
        this.#child.on('error', error => end(`cannot be run: ${error.message}`, null));
        this.#child.on('close', (code, signal) =>
            end(signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`, code),
        );
        return promise;
    }
}

/** What it says of itself; undefined while it does not answer or is not ready. */
async function askReadiness(healthUrl: string, pid: number | undefined): Promise<Serving | undefined> {
    try {
        const response = await fetch(`${healthUrl}/health/ready`, { signal: AbortSignal.timeout(READY_ANSWER_MS) });
        const body = readinessSchema.parse(await response.json());
        const { status, dependencies } = body;
        // Another process may have taken the port in the meantime, even one of ours of another system.
        if (body.pid !== pid) return undefined;
        if (status !== 'ready' && status !== 'degraded') return undefined;
        const down = Object.entries(dependencies).filter(([, dependency]) => dependency.status === 'down');
        return { state: status, reasons: down.map(([name, { reason }]) => `${name}: ${reason ?? 'down'}`) };
    } catch {
        // It is starting: nobody listens yet.
        return undefined;
    }
}

/** What services get of the environment of `npm start`: what every program needs, and what it is documented to pass on. */
const PASSED_ON = [
    ...['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TEMP', 'SystemRoot'],
    ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'LOG_LEVEL', 'LOG_LEVEL_FILE', 'PUBLIC_URL', 'PUBLIC_URL_FILE'],
];

function passedOn(): Record<string, string> {
    const set = PASSED_ON.map(name => [name, process.env[name]] as const);
    return Object.fromEntries(set.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

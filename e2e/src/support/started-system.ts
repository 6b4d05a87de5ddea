import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PROCESSES } from '@lama/federation';
import { eventually, freePortOffset, temporaryFolder, type TemporaryFolder } from '@lama/testing';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What the environment of a test must not pass on: settings of a developer, and those of the runner around it. */
const KEPT_VARIABLES = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'TMPDIR', 'LANG'];

export interface StartOptions {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** Default: a free one. */
    readonly portOffset?: number;
}

/** `npm start` as a person runs it: a process group of its own, as a terminal makes it, and its output as text. */
export class StartedSystem implements AsyncDisposable {
    readonly portOffset: number;
    /** Exit code of `npm start`, or the signal that it passed on to itself after everything had stopped. */
    readonly exit: Promise<number | NodeJS.Signals>;
    readonly #child: ChildProcess;
    readonly #storage: TemporaryFolder;
    #output = '';

    private constructor(child: ChildProcess, portOffset: number, storage: TemporaryFolder) {
        this.#child = child;
        this.portOffset = portOffset;
        this.#storage = storage;
        const { promise, resolve } = Promise.withResolvers<number | NodeJS.Signals>();
        this.exit = promise;
        child.on('close', (code, signal) => resolve(code ?? signal ?? -1));
        for (const stream of [child.stdout, child.stderr]) {
            stream?.setEncoding('utf8').on('data', (chunk: string) => (this.#output += chunk));
        }
    }

    static async start({ args = [], env = {}, portOffset }: StartOptions = {}): Promise<StartedSystem> {
        const offset = portOffset ?? (await freeOffset());
        const storage = await temporaryFolder('storage');
        const kept = KEPT_VARIABLES.flatMap(name =>
            process.env[name] === undefined ? [] : [[name, process.env[name]]],
        );
        const command = [
            'start',
            '--silent',
            '--',
            '--port-offset',
            String(offset),
            '--storage',
            storage.path,
            ...args,
        ];
        const child = spawn('npm', command, {
            cwd: root,
            detached: true,
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...(Object.fromEntries(kept) as NodeJS.ProcessEnv), ...env },
        });
        return new StartedSystem(child, offset, storage);
    }

    /** Starts and waits until the table is there. */
    static async ready(options: StartOptions = {}): Promise<StartedSystem> {
        const system = await StartedSystem.start(options);
        await system.says('Ctrl-C stops everything');
        return system;
    }

    /** Folder that it stores in, unless `--storage` was given. */
    get storage(): string {
        return this.#storage.path;
    }

    get output(): string {
        return this.#output;
    }

    /** Waits until the output contains a text, or the system has ended without saying it. */
    async says(text: string | RegExp, timeoutMs = 80_000): Promise<void> {
        let ended = false;
        void this.exit.then(() => (ended = true));
        await eventually(() => {
            const found = typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output);
            if (!found && !ended) throw new Error(`npm start does not say ${String(text)}. It said:\n${this.#output}`);
        }, timeoutMs);
        const found = typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output);
        if (!found) throw new Error(`npm start ended without saying ${String(text)}. It said:\n${this.#output}`);
    }

    /** Port of the web client. */
    get url(): string {
        return `http://localhost:${(PROCESSES['pairing-service'].listenPort ?? 0) + this.portOffset}`;
    }

    healthUrl(name: keyof typeof PROCESSES): string {
        return `http://127.0.0.1:${PROCESSES[name].healthPort + this.portOffset}`;
    }

    /** Ctrl-C: the terminal sends it to the whole group. */
    interrupt(): void {
        this.#signal('SIGINT');
    }

    /** Ends `npm start` itself without giving it a chance to do anything. */
    kill(): void {
        this.#signal('SIGKILL');
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.#signal('SIGTERM');
        const killer = setTimeout(() => this.#signal('SIGKILL'), 15_000);
        await this.exit;
        clearTimeout(killer);
        await this.#storage[Symbol.asyncDispose]();
    }

    #signal(signal: NodeJS.Signals): void {
        const { pid, exitCode, signalCode } = this.#child;
        if (pid === undefined || exitCode !== null || signalCode !== null) return;
        process.kill(-pid, signal);
    }
}

/** An offset at which all ports of a system are free. */
export function freeOffset(): Promise<number> {
    const ports = Object.values(PROCESSES).flatMap(({ listenPort, healthPort }) =>
        [listenPort ?? [], healthPort].flat(),
    );
    return freePortOffset(ports);
}

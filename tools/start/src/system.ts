import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from './build.ts';
import { STEP_MS } from './limits.ts';
import type { StartOptions } from './options.ts';
import { planProcesses, type PlannedProcess } from './plan.ts';
import { takenPorts } from './ports.ts';
import { provideRedis, type ProvidedRedis } from './provide-redis.ts';
import type { Ended, Serving } from './supervised-process.ts';
import { lockStorage } from './storage-lock.ts';
import { Supervisor } from './supervisor.ts';
import { formatTable, rowsOf } from './table.ts';
import type { Terminal } from './terminal.ts';

/** The whole system on one machine: built, started, watched, stopped. */
export class System {
    /** Exit code; settles when everything has been stopped. */
    readonly stopped: Promise<number>;
    readonly #root: string;
    readonly #options: StartOptions;
    readonly #terminal: Terminal;
    readonly #supervisor: Supervisor;
    readonly #tellStopped: (exitCode: number) => void;
    readonly #startedAt = performance.now();
    readonly #aborted = new AbortController();
    #redis: ProvidedRedis | undefined;
    #lock: AsyncDisposable | undefined;
    /** The step of the start that is under way. */
    #step: Promise<void> | undefined;
    #stopping = false;

    constructor(root: string, options: StartOptions, terminal: Terminal) {
        this.#root = root;
        this.#options = options;
        this.#terminal = terminal;
        const { promise, resolve } = Promise.withResolvers<number>();
        this.stopped = promise;
        this.#tellStopped = resolve;
        this.#supervisor = new Supervisor({
            line: (name, text, important) => {
                if (options.verbose || (important && !this.#stopping)) terminal.say(`  ${name}: ${text}`);
            },
            note: text => terminal.note(text),
            gaveUp: text => {
                terminal.note(text);
                void this.stop(1);
            },
        });
    }

    get isStopping(): boolean {
        return this.#stopping;
    }

    /** Resolves when everything is ready, or when that has failed and everything is being stopped. */
    async start(): Promise<void> {
        const { version } = JSON.parse(readFileSync(join(this.#root, 'package.json'), 'utf8')) as { version: string };
        this.#terminal.say(`LAMA Federation ${version}\n`);
        const steps = [
            () => this.#checkPorts(),
            () => this.#lockStorage(),
            () => this.#build(),
            () => this.#provideRedis(),
            () => this.#startServices(),
        ];
        for (const step of steps) {
            if (this.#stopping) return;
            this.#step = step();
            try {
                await this.#step;
            } catch (error) {
                this.#terminal.complain(messageOf(error));
                this.#step = undefined;
                await this.stop(1);
            }
        }
    }

    /** Stops everything in reverse order; `stopped` tells when. */
    async stop(exitCode: number): Promise<void> {
        if (this.#stopping) return;
        this.#stopping = true;
        this.#terminal.say('\nStopping...');
        this.#aborted.abort();
        await this.#attempt(this.#supervisor.stop());
        await this.#attempt(Promise.race([this.#step, sleep(STEP_MS, undefined, { ref: false })]));
        await this.#attempt(this.#redis?.stop());
        await this.#attempt(this.#lock?.[Symbol.asyncDispose]());
        this.#terminal.say('Stopped.');
        this.#tellStopped(exitCode);
    }

    /** One part of stopping: its failure is told, and the others are stopped all the same. */
    async #attempt(part: Promise<unknown> | PromiseLike<unknown> | undefined): Promise<void> {
        try {
            await part;
        } catch (error) {
            this.#terminal.complain(messageOf(error));
        }
    }

    /** Ends everything at once. */
    kill(): void {
        this.#terminal.complain('Stopping at once.');
        this.#supervisor.kill();
        this.#tellStopped(1);
    }

    async #checkPorts(): Promise<void> {
        const { portOffset } = this.#options;
        const taken = await takenPorts(
            planProcesses(this.#root, portOffset, this.#options.redis ? 'redis://' : undefined),
        );
        if (taken.length === 0) return;
        this.#terminal.complain(taken.join('\n'));
        this.#terminal.complain(
            `Is LAMA Federation running already? Stop what holds the ports, or choose others:` +
                ` npm start -- --port-offset ${portOffset + 100}`,
        );
        this.#fail();
    }

    async #lockStorage(): Promise<void> {
        this.#lock = await lockStorage(this.#options.storage);
    }

    async #build(): Promise<void> {
        const start = performance.now();
        this.#terminal.say('Building what changed...');
        const { ok, output } = await build(this.#root, this.#aborted.signal);
        if (this.#stopping) return;
        if (ok) {
            this.#terminal.say(`Built in ${seconds(start)}.`);
            return;
        }
        this.#terminal.complain(`${output.trimEnd()}\n\nThe build failed; nothing was started.`);
        // Not awaited: stopping waits for this step.
        void this.stop(1);
    }

    async #provideRedis(): Promise<void> {
        if (!this.#options.redis) {
            this.#terminal.say('Running embedded, without Redis, as asked for.');
            return;
        }
        this.#redis = await provideRedis(this.#options, text => this.#terminal.note(text));
        if (this.#redis === undefined) {
            this.#terminal.say(
                'Running embedded: no REDIS_URL, no container engine that can run it, no redis-server in PATH.',
            );
        }
    }

    async #startServices(): Promise<void> {
        const plan = planProcesses(this.#root, this.#options.portOffset, this.#redis?.url);
        const outcome = await this.#supervisor.start(plan);
        if (this.#stopping) return;
        if (outcome.type === 'failed') this.#failService(outcome.name, outcome.ended);
        else this.#showReady(plan, outcome.serving);
    }

    #failService(name: string, { how, lastLines }: Ended): void {
        this.#terminal.complain(
            `\n${name} ${how}. Its last lines:\n${lastLines.map(line => `    ${line}`).join('\n')}`,
        );
        void this.stop(1);
    }

    #showReady(plan: readonly PlannedProcess[], serving: ReadonlyMap<string, Serving>): void {
        const { publicUrl = '' } = plan.find(planned => planned.publicUrl !== undefined) ?? {};
        this.#terminal.say(`\n${formatTable(rowsOf(plan, serving, this.#redis))}\n`);
        this.#terminal.say(`  Open  ${publicUrl}\n`);
        this.#terminal.say(`  Ready after ${seconds(this.#startedAt)}. Ctrl-C stops everything.\n`);
    }

    /** Nothing was started yet that would have to be stopped. */
    #fail(): void {
        this.#stopping = true;
        this.#tellStopped(1);
    }
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function seconds(since: number): string {
    return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

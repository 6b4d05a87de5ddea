import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.ts';
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
            try {
                await step();
            } catch (error) {
                this.#terminal.complain(error instanceof Error ? error.message : String(error));
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
        await this.#supervisor.stop();
        await this.#redis?.stop();
        await this.#lock?.[Symbol.asyncDispose]();
        this.#terminal.say('Stopped.');
        this.#tellStopped(exitCode);
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
        await this.stop(1);
    }

    async #provideRedis(): Promise<void> {
        if (!this.#options.redis) {
            this.#terminal.say('Running embedded, without Redis, as asked for.');
            return;
        }
        this.#redis = await provideRedis(this.#options.storage, this.#options.portOffset, text =>
            this.#terminal.note(text),
        );
        if (this.#redis === undefined) {
            this.#terminal.say(
                'Running embedded: no REDIS_URL, no container engine that can run it, no redis-server in PATH.',
            );
        }
        // A signal that came while Redis was starting found nothing to stop.
        if (this.#stopping) await this.#redis?.stop();
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

function seconds(since: number): string {
    return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

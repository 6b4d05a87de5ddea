import { setTimeout as sleep } from 'node:timers/promises';
import { CrashRule } from './crash-rule.ts';
import type { PlannedProcess } from './plan.ts';
import { SupervisedProcess, type Ended, type Serving } from './supervised-process.ts';

/** What the supervisor tells the person in front of the terminal. */
export interface SupervisorEvents {
    /** A line of a service's output. */
    line(name: string, text: string, important: boolean): void;
    /** Something happened to a service, in words. */
    note(text: string): void;
    /** A service cannot be kept running: everything has to stop. */
    gaveUp(text: string): void;
}

export type StartOutcome =
    | { readonly type: 'serving'; readonly serving: ReadonlyMap<string, Serving> }
    | { readonly type: 'failed'; readonly name: string; readonly ended: Ended };

/** Carries the first failure out of the starts that run at once. */
class StartFailure extends Error {
    readonly service: string;
    readonly ended: Ended;

    constructor(service: string, ended: Ended) {
        super(`${service} ${ended.how}`);
        this.service = service;
        this.ended = ended;
    }
}

/**
 * Keeps a set of services running.
 *
 * 1. A service that ends before everything was ready once stops the start.
 * 2. Later, a service that ends is started again by CrashRule; the others go on.
 * 3. Stopping goes in reverse order of starting, and no service is started after it began.
 */
export class Supervisor {
    readonly #events: SupervisorEvents;
    readonly #running = new Map<string, SupervisedProcess>();
    #settled = false;
    #stopping = false;

    constructor(events: SupervisorEvents) {
        this.#events = events;
    }

    /** Starts all at once; resolves when all serve, or as soon as one of them cannot. */
    async start(plan: readonly PlannedProcess[]): Promise<StartOutcome> {
        const { promise: ended, reject: giveUp } = Promise.withResolvers<never>();
        ended.catch(() => undefined);
        const starts = plan.map(async planned => {
            const running = this.#run(planned);
            // Also one that was ready and ended while others still start (invariant 1).
            void running.ended.then(ended => giveUp(new StartFailure(planned.name, ended)));
            const outcome = await running.ready();
            if ('state' in outcome) return [planned.name, outcome] as const;
            throw new StartFailure(planned.name, outcome);
        });
        try {
            const serving = new Map(await Promise.race([Promise.all(starts), ended]));
            this.#settled = true;
            return { type: 'serving', serving };
        } catch (error) {
            if (!(error instanceof StartFailure)) throw error;
            return { type: 'failed', name: error.service, ended: error.ended };
        }
    }

    async stop(): Promise<void> {
        this.#stopping = true;
        for (const running of [...this.#running.values()].reverse()) await running.stop();
    }

    kill(): void {
        this.#stopping = true;
        for (const running of this.#running.values()) running.kill();
    }

    #run(planned: PlannedProcess, rule = new CrashRule()): SupervisedProcess {
        const running = new SupervisedProcess(planned, (text, important) => {
            this.#events.line(planned.name, text, important);
        });
        this.#running.set(planned.name, running);
        void running.ended.then(ended => this.#onEnd(planned, ended, rule));
        return running;
    }

    async #onEnd(planned: PlannedProcess, ended: Ended, rule: CrashRule): Promise<void> {
        if (this.#stopping || !this.#settled) return;
        const { name } = planned;
        const lines = ended.lastLines.map(line => `    ${line}`).join('\n');
        const decision = rule.crashed(ended.exitCode);
        if (decision.type === 'give-up') {
            this.#events.gaveUp(`${name} ${ended.how} and is not started again: ${decision.because}.\n${lines}`);
            return;
        }
        this.#events.note(
            `${name} ${ended.how}. Its last lines:\n${lines}\n  Starting it again in ${decision.afterMs / 1000} s.`,
        );
        await sleep(decision.afterMs);
        if (this.#isStopping()) return;
        const outcome = await this.#run(planned, rule).ready();
        if ('state' in outcome) this.#events.note(`${name} is ${outcome.state} again.`);
        // Not ready in time: end it, so that its end is treated like every other.
        else this.#running.get(name)?.kill();
    }

    #isStopping(): boolean {
        return this.#stopping;
    }
}

import { DEPENDENCY_CHECK_MS, HEALTH_REUSE_MS } from '../limits.ts';

/** Something outside of the process that it needs. */
export interface Dependency {
    readonly name: string;
    /** `required`: without it the process is not ready. `degrading`: it serves on, with less. */
    readonly kind: 'required' | 'degrading';
    /** Resolves when the dependency works; rejects with an error whose message is the reason. */
    check(): Promise<void>;
}

export interface DependencyReport {
    /** `absent`: not configured, by choice. */
    readonly status: 'up' | 'down' | 'absent';
    /** Why it is down or absent, in words. */
    readonly reason?: string;
}

/** Body of `/health/ready`. Only `ready` and `degraded` are answered with 200 (DESIGN §2, rule 5). */
export interface HealthReport {
    readonly service: string;
    readonly version: string;
    readonly status: 'starting' | 'ready' | 'degraded' | 'not-ready' | 'stopping';
    /** Process id: tells a supervisor whether its own child answers on the port. */
    readonly pid: number;
    readonly uptimeSeconds: number;
    readonly dependencies: Readonly<Record<string, DependencyReport>>;
}

/**
 * Whether a process can serve its callers, and why not.
 *
 * Checks run when somebody asks, all at once, each bounded in time; answers are reused for a second, and questions that
 * arrive meanwhile share one round of checks.
 */
export class Health {
    readonly #service: string;
    readonly #version: string;
    readonly #now: () => number;
    readonly #checked: Dependency[] = [];
    readonly #absent = new Map<string, DependencyReport>();
    readonly #startedAt: number;
    #phase: 'starting' | 'running' | 'stopping' = 'starting';
    #round: { readonly at: number; readonly result: Promise<Record<string, DependencyReport>> } | undefined;

    constructor(service: string, version: string, now: () => number = () => performance.now()) {
        this.#service = service;
        this.#version = version;
        this.#now = now;
        this.#startedAt = now();
    }

    /** Watches a dependency from now on. */
    depend(dependency: Dependency): void {
        this.#checked.push(dependency);
        this.#round = undefined;
    }

    /** States that a dependency is not used, and why; shown, and no reason for alarm. */
    absent(name: string, reason: string): void {
        this.#absent.set(name, { status: 'absent', reason });
    }

    /** Everything is started: readiness depends on the dependencies alone. */
    started(): void {
        this.#phase = 'running';
    }

    /** The process is going to stop: callers should go elsewhere. */
    stopping(): void {
        this.#phase = 'stopping';
    }

    async report(): Promise<HealthReport> {
        const checked = await this.#check();
        return {
            service: this.#service,
            version: this.#version,
            status: this.#status(checked),
            pid: process.pid,
            uptimeSeconds: Math.floor((this.#now() - this.#startedAt) / 1000),
            dependencies: { ...checked, ...Object.fromEntries(this.#absent) },
        };
    }

    #status(checked: Readonly<Record<string, DependencyReport>>): HealthReport['status'] {
        if (this.#phase !== 'running') return this.#phase;
        const down = this.#checked.filter(({ name }) => checked[name]?.status !== 'up');
        if (down.some(({ kind }) => kind === 'required')) return 'not-ready';
        return down.length > 0 ? 'degraded' : 'ready';
    }

    #check(): Promise<Record<string, DependencyReport>> {
        if (this.#round === undefined || this.#now() - this.#round.at >= HEALTH_REUSE_MS) {
            this.#round = { at: this.#now(), result: checkAll(this.#checked) };
        }
        return this.#round.result;
    }
}

async function checkAll(dependencies: readonly Dependency[]): Promise<Record<string, DependencyReport>> {
    const reports = await Promise.all(
        dependencies.map(async dependency => [dependency.name, await checkOne(dependency)] as const),
    );
    return Object.fromEntries(reports);
}

async function checkOne(dependency: Dependency): Promise<DependencyReport> {
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
        () => reject(new Error(`no answer within ${DEPENDENCY_CHECK_MS / 1000} s`)),
        DEPENDENCY_CHECK_MS,
    );
    try {
        await Promise.race([dependency.check(), timeout]);
        return { status: 'up' };
    } catch (error) {
        return { status: 'down', reason: reasonOf(error) };
    } finally {
        clearTimeout(timer);
    }
}

/** The message of an error; of several attempts (`localhost` has two addresses) the first. */
export function reasonOf(error: unknown): string {
    if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
    if (!(error instanceof Error)) return String(error);
    const { code } = error as NodeJS.ErrnoException;
    return error.message || code || error.name;
}

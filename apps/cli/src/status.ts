import { PROCESSES, readinessSchema, type ProcessDescription, type Readiness } from '@lama/federation';

/** A process that answers its health question at all answers within this time. */
const ANSWER_MS = 3_000;

/** How one process is, as far as it can be seen from here. */
export interface ProcessStatus {
    readonly name: string;
    readonly url: string;
    /** `unreachable`: nothing answers there. `unknown`: something answers, but not one of our processes. */
    readonly state: Readiness['status'] | 'unreachable' | 'unknown';
    readonly version?: string;
    /** Why, for each dependency that is not up. */
    readonly reasons: readonly string[];
}

/** Asks all processes of DESIGN §2 at once. */
export function askAll(host: string, portOffset: number): Promise<ProcessStatus[]> {
    return Promise.all(Object.values(PROCESSES).map(process => ask(host, portOffset, process)));
}

async function ask(host: string, portOffset: number, { name, healthPort }: ProcessDescription): Promise<ProcessStatus> {
    const url = `http://${host}:${healthPort + portOffset}`;
    try {
        const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_MS) });
        const body = readinessSchema.safeParse(await response.json().catch(() => undefined));
        if (!body.success || body.data.service !== name) {
            return { name, url, state: 'unknown', reasons: ['something else answers there'] };
        }
        const { status, version, dependencies } = body.data;
        const reasons = Object.entries(dependencies)
            .filter(([, { status }]) => status !== 'up')
            .map(
                ([dependency, { status, reason }]) =>
                    `${dependency} ${status}${reason === undefined ? '' : `: ${reason}`}`,
            );
        return { name, url, state: status, version, reasons };
    } catch (error) {
        return { name, url, state: 'unreachable', reasons: [causeOf(error)] };
    }
}

/** `fetch failed` helps nobody; its cause names the address. */
function causeOf(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    const { cause } = error;
    return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

/** A table for people. */
export function formatStatus(status: readonly ProcessStatus[]): string {
    const width = Math.max(...status.map(({ name }) => name.length));
    const lines = status.map(({ name, state, reasons }) => {
        return `${name.padEnd(width)}  ${state.padEnd(11)}  ${reasons.join('; ')}`.trimEnd();
    });
    return `${lines.join('\n')}\n`;
}

import { isFreePort, listeningProcess } from '@lama/testing';
import type { PlannedProcess } from './plan.ts';

/** The ports of the plan that other processes hold, as one line each: port, who needs it, who has it. */
export async function takenPorts(plan: readonly PlannedProcess[]): Promise<string[]> {
    const wanted = plan.flatMap(({ name, ports }) => ports.map(port => ({ name, port })));
    const taken = await Promise.all(
        wanted.map(async ({ name, port }) => ((await isFreePort(port)) ? undefined : { name, port })),
    );
    return Promise.all(
        taken
            .filter(entry => entry !== undefined)
            .map(async ({ name, port }) => {
                const owner = await listeningProcess(port);
                const who = owner === undefined ? 'another process' : `process ${owner.pid} (${owner.name})`;
                return `Port ${port}, needed by ${name}, is taken by ${who}.`;
            }),
    );
}

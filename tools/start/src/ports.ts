import { createServer } from 'node:net';
import { listeningProcess } from '@lama/testing';
import type { PlannedProcess } from './plan.ts';

/** The ports of the plan that other processes hold, as one line each: port, who needs it, who has it. */
export async function takenPorts(plan: readonly PlannedProcess[]): Promise<string[]> {
    const wanted = plan.flatMap(({ name, ports }) => ports.map(port => ({ name, port })));
    const taken = await Promise.all(
        wanted.map(async ({ name, port }) => ((await isFree(port)) ? undefined : { name, port })),
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

/** Whether nobody listens on a port of the loopback addresses. */
export async function isFree(port: number): Promise<boolean> {
    return (await canBind(port, '127.0.0.1')) && (await canBind(port, '::1'));
}

function canBind(port: number, host: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, ipv6Only: true }, () => server.close(() => resolve(true)));
    return promise;
}

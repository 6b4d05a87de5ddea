import { join } from 'node:path';
import { PROCESSES, type ProcessDescription } from '@lama/federation';

/** One process of ours, ready to be started. */
export interface PlannedProcess {
    readonly name: string;
    readonly entry: string;
    readonly env: Readonly<Record<string, string>>;
    /** Base URL of its `/health`. */
    readonly healthUrl: string;
    /** Ports it will listen on, with the variable that sets each. */
    readonly ports: readonly number[];
    /** What people open, where it is for people. */
    readonly publicUrl?: string;
}

/** Started in this order: those that others ask come first. */
const ORDER = ['archive-node', 'comm-server', 'access-grant-worker', 'pairing-service'] as const;

/** Which processes to start, on which ports, with which settings. */
export function planProcesses(root: string, portOffset: number, redisUrl: string | undefined): PlannedProcess[] {
    return ORDER.map(name => PROCESSES[name])
        .filter(({ needsRedis }) => redisUrl !== undefined || !needsRedis)
        .map(description => plan(root, portOffset, redisUrl, description));
}

function plan(
    root: string,
    offset: number,
    redisUrl: string | undefined,
    description: ProcessDescription,
): PlannedProcess {
    const { name, healthPortVariable } = description;
    const healthPort = description.healthPort + offset;
    const planned = {
        name,
        entry: join(root, 'apps', name, 'dist/main.js'),
        healthUrl: `http://127.0.0.1:${healthPort}`,
        env: {
            NODE_ENV: 'production',
            [healthPortVariable]: String(healthPort),
            ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
        },
    };
    const { listenPort } = description;
    // archive-node does not open its public port yet.
    if (listenPort === undefined || name === 'archive-node') return { ...planned, ports: [healthPort] };
    const publicPort = listenPort + offset;
    const listening = {
        ...planned,
        ports: [healthPort, publicPort],
        env: { ...planned.env, LISTEN_PORT: String(publicPort) },
    };
    if (name !== 'pairing-service') return listening;
    return {
        ...listening,
        publicUrl: `http://localhost:${publicPort}`,
        env: {
            ...listening.env,
            CONTROL_URL: `http://127.0.0.1:${PROCESSES['archive-node'].healthPort + offset}`,
            CLIENT_DIR: join(root, 'apps/web-client/dist/browser'),
        },
    };
}

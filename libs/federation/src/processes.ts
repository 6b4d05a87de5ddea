// The processes of one archive and their default ports (DESIGN §2). Configuration, `npm start` and `one status` read
// this table, so that a port is written in one place.

export type ProcessName = 'archive-node' | 'pairing-service' | 'access-grant-worker' | 'comm-server';

export interface ProcessDescription {
    readonly name: ProcessName;
    /** What it is for, in one line that people read in tables. */
    readonly purpose: string;
    /** Port that peers or browsers use; absent where the process has none. */
    readonly listenPort?: number;
    /** Port of `/health/live`, `/health/ready` and `/metrics`; internal. */
    readonly healthPort: number;
    /** Name of the environment variable that sets `healthPort`. */
    readonly healthPortVariable: 'CONTROL_PORT' | 'HEALTH_PORT';
    /** Whether the process has nothing to do without Redis (its work is embedded in archive-node then). */
    readonly needsRedis: boolean;
}

export const PROCESSES: Readonly<Record<ProcessName, ProcessDescription>> = {
    'archive-node': {
        name: 'archive-node',
        purpose: 'keeps everything, synchronizes',
        listenPort: 8765,
        healthPort: 8766,
        healthPortVariable: 'CONTROL_PORT',
        needsRedis: false,
    },
    'pairing-service': {
        name: 'pairing-service',
        purpose: 'login, invitations, web client',
        listenPort: 8080,
        healthPort: 8769,
        healthPortVariable: 'HEALTH_PORT',
        needsRedis: false,
    },
    'access-grant-worker': {
        name: 'access-grant-worker',
        purpose: 'turns policies into grants',
        healthPort: 8767,
        healthPortVariable: 'HEALTH_PORT',
        needsRedis: true,
    },
    'comm-server': {
        name: 'comm-server',
        purpose: 'relays between peers behind NAT',
        listenPort: 8000,
        healthPort: 8768,
        healthPortVariable: 'HEALTH_PORT',
        needsRedis: false,
    },
};

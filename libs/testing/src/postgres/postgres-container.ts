import { randomBytes } from 'node:crypto';
import type { ContainerRuntimeClient } from 'testcontainers';
import { findContainerEngine, hostOf, newContainer } from '../container/container-engine.ts';
import { eventually } from '../eventually.ts';
import {
    DATABASE,
    postgresUrl,
    ROLE,
    takesSessions,
    type PostgresServer,
    type PostgresStart,
} from './postgres-server.ts';

const IMAGE = 'postgres:18-bookworm';
const POSTGRES_PORT = 5432;
const STOP_MS = 5_000;
/** An engine may have to fetch nothing more, but prepares the data. */
const START_MS = 30_000;

/**
 * Starts PostgreSQL in a container; with an engine of this machine on the loopback address only. Undefined when no engine
 * answers, or when it cannot run the image (`onEngineTrouble` is told why).
 */
export async function startPostgresContainer(
    start: PostgresStart,
    onEngineTrouble: (reason: string) => void,
): Promise<PostgresServer | undefined> {
    const engine = await findContainerEngine();
    if (engine === undefined) return undefined;
    const name = `lama-postgres-${randomBytes(6).toString('hex')}`;
    try {
        return await run(engine, name, start);
    } catch (error) {
        // What was created of it, if anything was.
        await engine.container
            .getById(name)
            .remove({ force: true })
            .catch(() => undefined);
        onEngineTrouble(error instanceof Error ? error.message : String(error));
        return undefined;
    }
}

async function run(engine: ContainerRuntimeClient, name: string, start: PostgresStart): Promise<PostgresServer> {
    const host = hostOf(engine);
    const container = await newContainer(engine, IMAGE)
        .withName(name)
        .withEnvironment({ POSTGRES_USER: ROLE, POSTGRES_PASSWORD: start.password, POSTGRES_DB: DATABASE })
        .withExposedPorts({ container: POSTGRES_PORT, host: start.port })
        .start();
    const handle = engine.container.getById(container.getId());
    await ready();
    return {
        url: postgresUrl(host, start),
        origin: 'container',
        async kill() {
            await handle.kill();
        },
        async restart() {
            await handle.start();
            await ready();
        },
        async stop() {
            await container.stop({ timeout: STOP_MS });
        },
    };

    function ready(): Promise<void> {
        return eventually(async () => {
            if (!(await takesSessions(host, start.port)))
                throw new Error(`PostgreSQL does not answer on port ${start.port}.`);
        }, START_MS);
    }
}

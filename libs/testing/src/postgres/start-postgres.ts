import { randomBytes } from 'node:crypto';
import { freePort } from '../process/free-port.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { findPostgres, POSTGRES_REMEDY } from './postgres-binary.ts';
import { startPostgresContainer } from './postgres-container.ts';
import { startPostgresProcess } from './postgres-process.ts';
import type { PostgresServer } from './postgres-server.ts';

export interface PostgresOptions {
    /** True for tests that end the server or change its settings: TEST_POSTGRES_URL is not used then. */
    readonly own?: boolean;
    /** Called when a container engine answers but cannot run PostgreSQL; a local server is tried then. */
    readonly onEngineTrouble?: (reason: string) => void;
    /** Whether a container engine may be asked. */
    readonly containers?: boolean;
}

/** No PostgreSQL can be had; the message says how to get one. */
export class NoPostgresError extends Error {
    override readonly name = 'NoPostgresError';

    constructor() {
        super(`No container engine can run PostgreSQL and none is installed that runs here. ${POSTGRES_REMEDY}`);
    }
}

/**
 * A PostgreSQL for this process: the database of TEST_POSTGRES_URL, else one in a container when an engine of this machine
 * can, else a local server. Tests share the first: they use a schema of their own and remove it.
 * @throws NoPostgresError when none can be had
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
    const url = process.env['TEST_POSTGRES_URL'];
    if (url && options.own !== true) return given(url);
    const start = { port: await freePort(), password: randomBytes(24).toString('hex') };
    const container =
        options.containers === false
            ? undefined
            : await startPostgresContainer(start, options.onEngineTrouble ?? (() => undefined));
    if (container !== undefined) return container;
    const binary = await findPostgres();
    if (binary === undefined) throw new NoPostgresError();
    const folder = await temporaryFolder('postgres');
    try {
        const server = await startPostgresProcess(binary, folder.path, start);
        return { ...server, stop: () => server.stop().then(() => folder[Symbol.asyncDispose]()) };
    } catch (error) {
        await folder[Symbol.asyncDispose]();
        throw error;
    }
}

function given(url: string): PostgresServer {
    const refuse = () => Promise.reject(new Error('The server of TEST_POSTGRES_URL is not ours to end.'));
    return { url, origin: 'given', kill: refuse, restart: refuse, stop: () => Promise.resolve() };
}

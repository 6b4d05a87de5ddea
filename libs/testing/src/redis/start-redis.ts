import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { freePort } from '../process/free-port.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { findRedisServer, provideRedisServer, REDIS_REMEDY } from './redis-binary.ts';
import { startRedisContainer } from './redis-container.ts';
import { startRedisProcess } from './redis-process.ts';
import type { RedisServer, RedisStart } from './redis-server.ts';

export interface RedisOptions {
    /** Folder for the append-only file; default a temporary one. */
    readonly dataDir?: string;
    /** Default: any free port. */
    readonly port?: number;
    /** Called when the server ends without having been asked to, with the reason in words. */
    readonly onLost?: (reason: string) => void;
    /** Called when a container engine answers but cannot run Redis; a local redis-server is tried then. */
    readonly onEngineTrouble?: (reason: string) => void;
    /** Whether a container engine may be asked. */
    readonly containers?: boolean;
    /** Whether a missing redis-server may be fetched from the system's package registry (tests do, users decide). */
    readonly fetch?: boolean;
}

/** Neither a container engine nor a redis-server is there; the message says how to get one. */
export class NoRedisError extends Error {
    override readonly name = 'NoRedisError';

    constructor() {
        super(`No container engine can run Redis and there is no redis-server. ${REDIS_REMEDY}`);
    }
}

/**
 * Starts a Redis for this process: in a container when an engine of this machine can, else a local redis-server.
 * @throws NoRedisError when neither can be had
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
    const folder = options.dataDir === undefined ? await temporaryFolder('redis') : undefined;
    const forget = async () => folder?.[Symbol.asyncDispose]();
    const start: RedisStart = {
        port: options.port ?? (await freePort()),
        dataDir: options.dataDir ?? folder?.path ?? '',
        password: randomBytes(24).toString('hex'),
        onLost: options.onLost ?? (() => undefined),
    };
    mkdirSync(start.dataDir, { recursive: true });
    try {
        const container = {
            ...start,
            keepData: options.dataDir !== undefined,
            onEngineTrouble: options.onEngineTrouble ?? (() => undefined),
        };
        const server =
            (options.containers === false ? undefined : await startRedisContainer(container)) ??
            (await local(start, options));
        return { ...server, stop: () => server.stop().then(forget) };
    } catch (error) {
        await forget();
        throw error;
    }
}

async function local(start: RedisStart, { fetch = true }: RedisOptions): Promise<RedisServer> {
    const binary = fetch ? await provideRedisServer() : findRedisServer();
    if (binary === undefined) throw new NoRedisError();
    return startRedisProcess(binary, start);
}

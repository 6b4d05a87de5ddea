import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { freePort } from '../process/free-port.ts';
import { spawnGuarded, type GuardedProcess } from '../process/spawn-guarded.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { findRedisServer, provideRedisServer, REDIS_REMEDY, redisEnvironment } from './redis-binary.ts';

const IMAGE = 'redis:7.4-bookworm';
const LAST_LINES = 20;

/** A Redis of our own, with the settings that BullMQ needs: append-only file, no eviction. */
export interface RedisServer {
    /** Connection URL with password; a secret. */
    readonly url: string;
    readonly port: number;
    readonly origin: 'container' | 'process';
    /** Ends it as a power cut would; the data folder stays. */
    kill(): Promise<void>;
    /** Starts it again on the same port with the same data. */
    restart(): Promise<void>;
    /** Ends it in order and, unless the data folder was given, forgets its data. */
    stop(): Promise<void>;
}

export interface RedisOptions {
    /** Folder for the append-only file; default a temporary one. */
    readonly dataDir?: string;
    /** Default: any free port. */
    readonly port?: number;
    /** Called when the server ends without having been asked to, with the reason in words. */
    readonly onLost?: (reason: string) => void;
    /** Whether a missing redis-server may be fetched from the system's package registry (tests do, users decide). */
    readonly fetch?: boolean;
}

/** Neither a container engine nor a redis-server is there; the message says how to get one. */
export class NoRedisError extends Error {
    override readonly name = 'NoRedisError';

    constructor() {
        super(`No container engine answers and there is no redis-server. ${REDIS_REMEDY}`);
    }
}

/**
 * Starts a Redis for this process: in a container when an engine answers, else a local redis-server.
 * @throws NoRedisError when neither can be had
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
    const port = options.port ?? (await freePort());
    const folder = options.dataDir === undefined ? await temporaryFolder('redis') : undefined;
    const dataDir = options.dataDir ?? folder?.path ?? '';
    mkdirSync(dataDir, { recursive: true });
    const password = randomBytes(24).toString('hex');
    const forget = async () => folder?.[Symbol.asyncDispose]();
    try {
        const server =
            (await startContainer(dataDir, port, password, options)) ??
            (await startProcess(dataDir, port, password, options));
        return { ...server, stop: () => server.stop().then(forget) };
    } catch (error) {
        await forget();
        throw error;
    }
}

function configuration(
    settings: { readonly bind: string; readonly port: number; readonly dir: string },
    password: string,
): string {
    return [
        `bind ${settings.bind}`,
        `port ${settings.port}`,
        `dir "${settings.dir}"`,
        `requirepass ${password}`,
        'appendonly yes',
        'appendfsync everysec',
        'save ""',
        'maxmemory-policy noeviction',
        '',
    ].join('\n');
}

async function startContainer(
    dataDir: string,
    port: number,
    password: string,
    { onLost }: RedisOptions,
): Promise<RedisServer | undefined> {
    const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
    const runtime = await getContainerRuntimeClient().catch(() => undefined);
    if (runtime === undefined) return undefined;
    const config = '/usr/local/etc/redis.conf';
    const container = await new GenericContainer(IMAGE)
        .withCopyContentToContainer([
            { content: configuration({ bind: '0.0.0.0', port: 6379, dir: '/data' }, password), target: config },
        ])
        .withBindMounts([{ source: dataDir, target: '/data' }])
        .withExposedPorts({ container: 6379, host: port })
        .withCommand(['redis-server', config])
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
        .start();
    const handle = runtime.container.getById(container.getId());
    let asked = false;
    const watch = () => {
        asked = false;
        // The engine's own connection may break when it stops; there is nobody left to tell then.
        void handle.wait().then(
            () => {
                if (!asked) onLost?.('the Redis container ended');
            },
            () => undefined,
        );
    };
    watch();
    return {
        url: `redis://:${password}@${container.getHost()}:${port}`,
        port,
        origin: 'container',
        async kill() {
            asked = true;
            await handle.kill();
        },
        async restart() {
            await handle.start();
            watch();
        },
        async stop() {
            asked = true;
            await container.stop();
        },
    };
}

async function startProcess(
    dataDir: string,
    port: number,
    password: string,
    options: RedisOptions,
): Promise<RedisServer> {
    const binary = options.fetch === false ? findRedisServer() : provideRedisServer();
    if (binary === undefined) throw new NoRedisError();
    const { program } = binary;
    const input = configuration({ bind: '127.0.0.1', port, dir: dataDir }, password);
    const env = redisEnvironment(binary);
    let asked = false;
    let current = await start();
    return {
        url: `redis://:${password}@127.0.0.1:${port}`,
        port,
        origin: 'process',
        async kill() {
            asked = true;
            await ended(() => process.kill(current.pid, 'SIGKILL'));
        },
        async restart() {
            current = await start();
        },
        async stop() {
            asked = true;
            await ended(() => current.child.kill('SIGTERM'));
        },
    };

    async function start(): Promise<GuardedProcess> {
        const redis = await spawnGuarded(program, ['-'], { env, input });
        await accepting(redis, port);
        asked = false;
        redis.child.once('exit', code => {
            if (!asked) options.onLost?.(`redis-server ended with code ${String(code)}`);
        });
        return redis;
    }

    async function ended(end: () => void): Promise<void> {
        if (current.child.exitCode !== null || current.child.signalCode !== null) return;
        const exit = once(current.child, 'exit');
        end();
        await exit;
    }
}

/** Resolves when the server takes connections; fails with its last lines when it ends before. */
async function accepting({ child }: GuardedProcess, port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let output = '';
    const read = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-8_000);
        if (output.includes('Ready to accept connections')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => {
        const tail = output.trim().split('\n').slice(-LAST_LINES).join('\n');
        reject(new Error(`redis-server on port ${port} ended at once:\n${tail}`));
    });
    await promise;
    child.stdout?.off('data', read).resume();
    child.stderr?.off('data', read).resume();
}

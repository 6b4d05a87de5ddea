import { randomBytes } from 'node:crypto';
import { Wait, type ContainerRuntimeClient } from 'testcontainers';
import { findContainerEngine, hostOf, isLocal, newContainer } from '../container/container-engine.ts';
import { eventually } from '../eventually.ts';
import { answersPing, redisConfiguration, type RedisServer, type RedisStart } from './redis-server.ts';

const IMAGE = 'redis:7.4-bookworm';
/** Time for Redis to write what it has. */
const STOP_MS = 5_000;
const CONFIG = '/usr/local/etc/redis.conf';
const REDIS_PORT = 6379;

export interface RedisContainerStart extends RedisStart {
    /** Whether the data has to be in `dataDir`; else it stays in the container. */
    readonly keepData: boolean;
    readonly onEngineTrouble: (reason: string) => void;
}

/**
 * Starts Redis in a container; with an engine of this machine on the loopback address only. Undefined when no engine
 * answers, or when it cannot run the image (`onEngineTrouble` is told why).
 */
export async function startRedisContainer(start: RedisContainerStart): Promise<RedisServer | undefined> {
    const engine = await findContainerEngine();
    if (engine === undefined) return undefined;
    // An engine elsewhere cannot mount a folder of this machine.
    if (start.keepData && !isLocal(engine)) return undefined;
    const name = `lama-redis-${randomBytes(6).toString('hex')}`;
    try {
        return await run(engine, name, start);
    } catch (error) {
        // What was created of it, if anything was.
        await engine.container
            .getById(name)
            .remove({ force: true })
            .catch(() => undefined);
        start.onEngineTrouble(error instanceof Error ? error.message : String(error));
        return undefined;
    }
}

async function run(engine: ContainerRuntimeClient, name: string, start: RedisContainerStart): Promise<RedisServer> {
    const { dataDir, keepData, port, password, onLost } = start;
    const host = hostOf(engine);
    const configuration = redisConfiguration({ bind: '0.0.0.0', port: REDIS_PORT, dir: '/data' }, password);
    const image = newContainer(engine, IMAGE);
    image
        .withName(name)
        .withCopyContentToContainer([{ content: configuration, target: CONFIG, mode: 0o444 }])
        .withExposedPorts({ container: REDIS_PORT, host: port })
        .withCommand(['redis-server', CONFIG])
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/));
    if (keepData) {
        image
            .withBindMounts([{ source: dataDir, target: '/data' }])
            // Its files belong to whoever started this, so that a local server can go on with them.
            .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`);
    }
    const container = await image.start();
    const handle = engine.container.getById(container.getId());
    let asked = false;
    watch();
    return {
        url: `redis://:${password}@${host}:${port}`,
        port,
        origin: 'container',
        async kill() {
            asked = true;
            await handle.kill();
        },
        async restart() {
            await handle.start();
            await eventually(async () => {
                if (!(await answersPing(host, port, password)))
                    throw new Error(`Redis does not answer on port ${port}.`);
            });
            watch();
        },
        async stop() {
            asked = true;
            await container.stop({ timeout: STOP_MS });
        },
    };

    function watch(): void {
        asked = false;
        void handle.wait().then(
            () => {
                if (!asked) onLost('the Redis container ended');
            },
            () => {
                // The connection to the engine broke: there is nobody left to ask.
            },
        );
    }
}

import { once } from 'node:events';
import { spawnGuarded, type GuardedProcess } from '../process/spawn-guarded.ts';
import { redisEnvironment, type RedisBinary } from './redis-binary.ts';
import { redisConfiguration, type RedisServer, type RedisStart } from './redis-server.ts';

const LAST_LINES = 20;
const KEPT_OUTPUT = 8_000;

/** Starts a redis-server program on 127.0.0.1; it never outlives this process. */
export async function startRedisProcess(binary: RedisBinary, start: RedisStart): Promise<RedisServer> {
    const { dataDir, port, password, onLost } = start;
    const input = redisConfiguration({ bind: '127.0.0.1', port, dir: dataDir }, password);
    const env = redisEnvironment(binary);
    let asked = false;
    let current = await launch();
    return {
        url: `redis://:${password}@127.0.0.1:${port}`,
        port,
        origin: 'process',
        async kill() {
            asked = true;
            await ended(() => process.kill(current.pid, 'SIGKILL'));
        },
        async restart() {
            current = await launch();
        },
        async stop() {
            asked = true;
            await ended(() => current.child.kill('SIGTERM'));
        },
    };

    async function launch(): Promise<GuardedProcess> {
        const redis = await spawnGuarded(binary.program, ['-'], { env, input });
        await accepting(redis, port);
        asked = false;
        redis.child.once('exit', code => {
            if (!asked) onLost(`redis-server ended with code ${String(code)}`);
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
        output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
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

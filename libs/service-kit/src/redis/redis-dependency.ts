import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { reasonOf, type Dependency, type Health } from '../health/health.ts';
import { REDIS_ANSWER_MS, REDIS_CONNECT_MS, REDIS_RETRY_MS } from '../limits.ts';
import type { Logger } from '../log/logger.ts';

/**
 * What `/health/ready` says about Redis. Its connection is its own: queues need other settings (a blocking command may
 * take longer than a health question).
 */
export type RedisDependency = Dependency & AsyncDisposable;

/**
 * Connects, and keeps trying with growing pauses. Resolves when the first attempt has succeeded or failed, so that what
 * a service says of itself is true from the start. Redis may be away: callers get an error at once instead of waiting
 * in a queue. The log has one line when it is lost and one when it is back.
 */
export async function openRedis(url: URL, kind: Dependency['kind'], logger: Logger): Promise<RedisDependency> {
    let reason = 'not connected yet';
    let lost = false;
    const connection = new Redis(url.href, {
        enableOfflineQueue: false,
        connectTimeout: REDIS_CONNECT_MS,
        // A Redis that is frozen, or something else behind its port, takes connections and says nothing.
        commandTimeout: REDIS_ANSWER_MS,
        maxRetriesPerRequest: 0,
        retryStrategy: attempt => Math.min(50 * 2 ** Math.min(attempt, 10), REDIS_RETRY_MS),
    });
    connection.on('ready', () => {
        if (lost) logger.info('redis is back');
        lost = false;
    });
    connection.on('error', (error: Error) => {
        reason = reasonOf(error);
        if (!lost) logger.warn({ reason }, 'redis is lost');
        lost = true;
    });
    const first = new Promise<void>(resolve => connection.once('ready', resolve).once('close', resolve));
    await Promise.race([first, sleep(REDIS_CONNECT_MS + REDIS_ANSWER_MS, undefined, { ref: false })]);
    return {
        name: 'redis',
        kind,
        async check() {
            if (connection.status !== 'ready') throw new Error(reason);
            await connection.ping();
        },
        [Symbol.asyncDispose]() {
            connection.disconnect();
            return Promise.resolve();
        },
    };
}

/** Parts of a service context that `dependOnRedis` needs. */
interface Context {
    readonly logger: Logger;
    readonly health: Health;
    readonly use: <T extends AsyncDisposable>(name: string, part: T) => T;
}

/**
 * For a process that serves on without Redis, with less: shown as *degraded* when Redis is lost, as *absent* when there
 * is none by choice.
 * @param embedded what that choice means, in words
 * @returns undefined where `url` is
 */
export async function dependOnRedis(
    { logger, health, use }: Context,
    url: URL | undefined,
    embedded: string,
): Promise<RedisDependency | undefined> {
    if (url === undefined) {
        health.absent('redis', `REDIS_URL is not set: ${embedded}`);
        return undefined;
    }
    const redis = use('redis', await openRedis(url, 'degrading', logger));
    health.depend(redis);
    return redis;
}

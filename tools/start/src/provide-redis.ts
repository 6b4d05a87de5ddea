import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readConfig, redisSettings } from '@lama/service-kit';
import { isFreePort, NoRedisError, startRedis, type RedisServer } from '@lama/testing';
import { CrashRule } from './crash-rule.ts';
import { REDIS_ANSWER_MS } from './limits.ts';
import type { StartOptions } from './options.ts';

const REDIS_PORT = 6379;

/** The Redis of this run. */
export interface ProvidedRedis {
    readonly url: string;
    /** Without password, for people. */
    readonly shownUrl: string;
    /** Where it comes from, in words. */
    readonly origin: string;
    stop(): Promise<void>;
}

/**
 * A Redis, if one can be had: the one of `REDIS_URL`, else a container when an engine answers, else a local
 * redis-server. Ours is started again when it crashes. Undefined: run embedded.
 * @throws ConfigError when REDIS_URL cannot be used, RedisAwayError when nobody answers there
 * @param onTrouble told in words when ours crashed and what happens now
 */
export async function provideRedis(
    { storage, portOffset, containers }: StartOptions,
    onTrouble: (text: string) => void,
): Promise<ProvidedRedis | undefined> {
    const { REDIS_URL } = readConfig(redisSettings);
    if (REDIS_URL !== undefined) {
        await ensureAnswers(REDIS_URL);
        const { href } = REDIS_URL;
        return { url: href, shownUrl: withoutPassword(href), origin: 'REDIS_URL', stop: () => Promise.resolve() };
    }
    const rule = new CrashRule();
    const wanted = REDIS_PORT + portOffset;
    let server: RedisServer;
    let stopped = false;
    try {
        server = await startRedis({
            dataDir: join(storage, 'redis'),
            ...((await isFreePort(wanted)) ? { port: wanted } : {}),
            containers,
            fetch: false,
            onLost,
            onEngineTrouble: reason => onTrouble(`A container engine answers but cannot run Redis: ${reason}`),
        });
    } catch (error) {
        if (error instanceof NoRedisError) return undefined;
        throw error;
    }
    return {
        url: server.url,
        shownUrl: withoutPassword(server.url),
        origin: server.origin === 'container' ? 'container' : 'local redis-server',
        async stop() {
            stopped = true;
            await server.stop();
        },
    };

    function onLost(reason: string): void {
        if (stopped) return;
        const decision = rule.crashed(null);
        if (decision.type === 'give-up') {
            onTrouble(
                `redis: ${reason}; it is not started again because ${decision.because}. The services go on, degraded.`,
            );
            return;
        }
        onTrouble(
            `redis: ${reason}; starting it again in ${decision.afterMs / 1000} s. Nothing it acknowledged is lost.`,
        );
        setTimeout(() => {
            if (stopped) return;
            server.restart().then(
                () => onTrouble('redis: running again'),
                (error: unknown) => onLost(error instanceof Error ? error.message : String(error)),
            );
        }, decision.afterMs);
    }
}

function withoutPassword(url: string): string {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
}

/** Nobody answers at the address of REDIS_URL. */
class RedisAwayError extends Error {
    override readonly name = 'RedisAwayError';
}

/** Services would wait a minute for a Redis that is not there; a person wants to know at once. */
async function ensureAnswers({ hostname, port }: URL): Promise<void> {
    const number = Number(port) || REDIS_PORT;
    const socket = connect(number, hostname.replace(/^\[|\]$/g, ''));
    try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(REDIS_ANSWER_MS) });
    } catch (error) {
        throw new RedisAwayError(
            `REDIS_URL: nobody answers at ${hostname} port ${number}. Start that Redis, or run without REDIS_URL.`,
            { cause: error },
        );
    } finally {
        socket.destroy();
    }
}

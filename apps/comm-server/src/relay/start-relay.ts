import { randomBytes } from 'node:crypto';
import { PortTakenError, type ConfigOf, type ServiceContext } from '@lama/service-kit';
import { cryptoReady } from '@refinio/one.core';
import { AddressGuard, listenRelay, listenWs, RelayServer, type SocketListener } from '@refinio/one.models/node';
import type { settings } from '../config.ts';
import { EVENTS } from '../events.ts';
import { OTHER_FILES } from '../limits.ts';
import { RedisDirectory } from '../redis/redis-directory.ts';
import { openFilesLimit } from './open-files.ts';
import { logRefusals } from './refusals.ts';
import { registerRelayMetrics } from './relay-metrics.ts';

type Context = ServiceContext<typeof settings>;
type Config = ConfigOf<typeof settings>;

/** Builds the relay and opens it: first to other replicas, then to everybody, and then it is announced to the replicas. */
export async function startRelay({ config, logger, health, metrics, use }: Context): Promise<void> {
    await cryptoReady();
    const guard = new AddressGuard(addressLimits(config));
    const directory = createDirectory();
    const server = use(
        'relay',
        new RelayServer({
            limits: keyLimits(config),
            ...(directory === undefined ? {} : { directory }),
            onRelayed: ({ targetPublicKey, frames, bytes, ms }) =>
                logger.debug({ target: short(targetPublicKey), frames, bytes, ms: Math.round(ms) }, EVENTS.relayed),
        }),
    );
    const counted = { accepted: 0, full: 0 };
    const refused = () => ({ ...guard.refused, full: counted.full, ...server.statistics.refused });
    registerRelayMetrics(metrics, () => ({
        ...{ relay: server.statistics, refused: refused(), accepted: counted.accepted },
        replicaFailures: directory?.failures ?? 0,
    }));
    use('log', logRefusals(logger, refused));
    warnOfFewFiles();
    if (directory !== undefined) {
        const { LISTEN_HOST: hosts, MAX_SOCKETS: maxSockets } = config;
        const { token, port } = directory;
        const onSocket = server.acceptReplica.bind(server);
        const listener = await bound(
            'RELAY_INTERNAL_URL',
            port,
            listenWs({ hosts, port, token, maxSockets, onSocket }),
        );
        logger.info({ url: use('replicas', listener).url }, EVENTS.replicas);
    }
    logger.info({ url: use('listener', await listen()).url }, EVENTS.listening);
    if (directory !== undefined) {
        health.depend(directory);
        await use('directory', directory).start();
    }

    function createDirectory(): RedisDirectory | undefined {
        const { REDIS_URL: redis, RELAY_INTERNAL_URL: internal } = config;
        if (redis !== undefined && internal === undefined) logger.info(EVENTS.notShared);
        if (redis === undefined && internal !== undefined) logger.warn(EVENTS.noDirectory);
        if (redis === undefined || internal === undefined) return undefined;
        return new RedisDirectory({
            ...{ redis, internal, token: randomBytes(32).toString('hex') },
            onFailure: (replica, reason) => logger.debug({ replica, reason }, EVENTS.replicaAway),
        });
    }

    function listen(): Promise<SocketListener> {
        let isWarned = false;
        const { LISTEN_HOST: hosts, LISTEN_PORT: port, MAX_SOCKETS: maxSockets } = config;
        const listener = listenRelay({
            ...{ server, guard, hosts, port, maxSockets, trustedProxies: config.TRUSTED_PROXIES ?? [] },
            onSocket: ({ isForwarded }) => {
                counted.accepted++;
                if (isForwarded && !isWarned) logger.warn(EVENTS.unknownProxy);
                isWarned ||= isForwarded;
            },
            onFull: () => counted.full++,
        });
        return bound('LISTEN_PORT', port, listener);
    }

    function warnOfFewFiles(): void {
        const limit = openFilesLimit() ?? Number.POSITIVE_INFINITY;
        if (limit < config.MAX_SOCKETS + OTHER_FILES)
            logger.warn({ limit, maxSockets: config.MAX_SOCKETS }, EVENTS.fewFiles);
    }
}

function addressLimits(config: Config) {
    const { MAX_SOCKETS_PER_ADDRESS: sockets, SOCKETS_PER_MINUTE: perMinute } = config;
    return { sockets, socketRate: { burst: sockets, perMinute } };
}

function keyLimits({ REQUESTS_PER_MINUTE: perMinute }: Config) {
    const burst = Math.floor(perMinute / 5);
    return {
        requestsPerKey: { burst, perMinute },
        // Each request takes a spare connection, for which another one is registered; and lines break.
        registrationsPerKey: { burst: 2 * burst, perMinute: 2 * perMinute },
    };
}

/** @throws PortTakenError */
async function bound(variable: string, port: number, listening: Promise<SocketListener>): Promise<SocketListener> {
    try {
        return await listening;
    } catch (error) {
        if (!(error instanceof Error && error.message.includes('EADDRINUSE'))) throw error;
        throw new PortTakenError(
            `Port ${port} is taken by another process. Stop that process, or set ${variable} to a free port.`,
            { cause: error },
        );
    }
}

/** The first characters of a key: enough for people to tell two of them apart. */
function short(key: string): string {
    return key.slice(0, 8);
}

import { PROCESSES } from '@lama/federation';
import { commonSettings, integer, port, url } from '@lama/service-kit';
import { ADDRESS_LIMITS, RELAY_LIMITS } from '@refinio/one.models/node';
import { internalUrl } from './relay/internal-url.ts';
import { networks } from './relay/networks.ts';

const { listenPort, healthPort } = PROCESSES['comm-server'];

/** All variables that this process reads. */
export const settings = {
    ...commonSettings,
    LISTEN_PORT: port({ about: 'Public port: the relay.', fallback: String(listenPort) }),
    HEALTH_PORT: port({ about: 'Internal port of /health and /metrics.', fallback: String(healthPort) }),
    REDIS_URL: url({
        about: 'Redis in which replicas find what is registered at others. Not set: this is the only one.',
        schemes: ['redis', 'rediss'],
        example: 'redis://localhost:6379',
    }),
    RELAY_INTERNAL_URL: internalUrl('Where other replicas reach this one; its port is opened. Not set: they do not.'),
    TRUSTED_PROXIES: networks('Proxies whose X-Forwarded-For says where a connection comes from. Not set: none.'),
    MAX_SOCKETS: integer({
        about: 'Connections that are open at once, on each address of LISTEN_HOST.',
        min: 1,
        max: 1_000_000,
        fallback: '10000',
    }),
    MAX_SOCKETS_PER_ADDRESS: integer({
        about: 'Connections that one client address, or IPv6 network of 64 bits, has open at once.',
        min: 1,
        max: 1_000_000,
        fallback: String(ADDRESS_LIMITS.sockets),
    }),
    SOCKETS_PER_MINUTE: integer({
        about: 'Connections that one client address opens in a minute, besides MAX_SOCKETS_PER_ADDRESS at once.',
        min: 1,
        max: 1_000_000,
        fallback: String(ADDRESS_LIMITS.socketRate.perMinute),
    }),
    REQUESTS_PER_MINUTE: integer({
        about: 'Connections to one registered key in a minute, a fifth of it at once; it is registered twice as often.',
        min: 5,
        max: 1_000_000,
        fallback: String(RELAY_LIMITS.requestsPerKey.perMinute),
    }),
};

import { PROCESSES } from '@lama/federation';
import { commonSettings, port, url } from '@lama/service-kit';

/** All variables that this process reads. */
export const settings = {
    ...commonSettings,
    HEALTH_PORT: port({
        about: 'Internal port of /health and /metrics.',
        fallback: String(PROCESSES['access-grant-worker'].healthPort),
    }),
    REDIS_URL: url({
        about: 'Redis that holds the queues. Without Redis this process is not needed: archive-node does its work.',
        schemes: ['redis', 'rediss'],
        example: 'redis://localhost:6379',
        required: true,
    }),
};

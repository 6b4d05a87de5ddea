import { choice, hosts, url } from './settings.ts';

/** What every service reads. */
export const commonSettings = {
    LISTEN_HOST: hosts({
        about: 'Addresses to listen on. Beyond loopback only where something in front of the service limits access.',
        fallback: '127.0.0.1,::1',
    }),
    LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], {
        about: 'Least important log lines to write.',
        fallback: 'info',
    }),
};

/** For services that use Redis where there is one. */
export const redisSettings = {
    REDIS_URL: url({
        about: 'Redis for queues and invitations. Not set: the service runs embedded.',
        schemes: ['redis', 'rediss'],
        example: 'redis://localhost:6379',
    }),
};

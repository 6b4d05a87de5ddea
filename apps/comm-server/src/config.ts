import { PROCESSES } from '@lama/federation';
import { commonSettings, port, redisSettings } from '@lama/service-kit';

/** All variables that this process reads. */
export const settings = {
    ...commonSettings,
    ...redisSettings,
    HEALTH_PORT: port({
        about: 'Internal port of /health and /metrics.',
        fallback: String(PROCESSES['comm-server'].healthPort),
    }),
};

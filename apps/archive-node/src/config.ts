import { PROCESSES } from '@lama/federation';
import { commonSettings, port, redisSettings } from '@lama/service-kit';

/** All variables that this process reads. */
export const settings = {
    ...commonSettings,
    ...redisSettings,
    CONTROL_PORT: port({
        about: 'Internal port of /health, /metrics and the control API.',
        fallback: String(PROCESSES['archive-node'].healthPort),
    }),
};

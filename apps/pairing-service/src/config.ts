import { PROCESSES } from '@lama/federation';
import { commonSettings, directory, port, redisSettings, url } from '@lama/service-kit';

/** All variables that this process reads. */
export const settings = {
    ...commonSettings,
    ...redisSettings,
    LISTEN_PORT: port({
        about: 'Public port: HTTP API and web client.',
        fallback: String(PROCESSES['pairing-service'].listenPort),
    }),
    HEALTH_PORT: port({
        about: 'Internal port of /health and /metrics.',
        fallback: String(PROCESSES['pairing-service'].healthPort),
    }),
    CONTROL_URL: url({
        about: 'Internal address of archive-node.',
        schemes: ['http', 'https'],
        fallback: `http://127.0.0.1:${PROCESSES['archive-node'].healthPort}`,
    }),
    PUBLIC_URL: url({
        about: 'Address under which people reach this installation. Not set: local use.',
        schemes: ['http', 'https'],
        example: 'https://lama.example.org',
    }),
    CLIENT_DIR: directory({
        about: 'Folder of the built web client. Not set: only the API is served.',
        example: 'apps/web-client/dist/browser',
    }),
};

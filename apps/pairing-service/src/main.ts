import { createHttpServer, dependOnRedis, listen, runService } from '@lama/service-kit';
import { addSecurityHeaders } from './client/security-headers.ts';
import { serveClient } from './client/serve-client.ts';
import { settings } from './config.ts';
import { ArchiveProbe } from './status/archive-probe.ts';
import { addStatusRoute } from './status/status-route.ts';

await runService({
    main: import.meta.url,
    settings,
    health: { portVariable: 'HEALTH_PORT', port: config => config.HEALTH_PORT },
    async start(context) {
        const { config, version, logger, health, use } = context;
        await dependOnRedis(context, config.REDIS_URL, 'invitations live in the store of the archive');
        const archive = new ArchiveProbe(config.CONTROL_URL);
        health.depend(archive);
        const app = createHttpServer(logger);
        await addSecurityHeaders(app, config.PUBLIC_URL);
        addStatusRoute(app, version, archive);
        if (config.CLIENT_DIR !== undefined) await serveClient(app, config.CLIENT_DIR);
        const { LISTEN_HOST: hosts, LISTEN_PORT: port } = config;
        const { url } = use('http', await listen(app, { hosts, port, portVariable: 'LISTEN_PORT' }));
        logger.info({ url }, 'listening');
    },
});

import { openRedis, runService } from '@lama/service-kit';
import { settings } from './config.ts';

await runService({
    main: import.meta.url,
    settings,
    health: { portVariable: 'HEALTH_PORT', port: config => config.HEALTH_PORT },
    async start({ config, logger, health, use }) {
        health.depend(use('redis', await openRedis(config.REDIS_URL, 'required', logger)));
    },
});

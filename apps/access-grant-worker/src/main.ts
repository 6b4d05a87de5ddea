import { openRedis, runService } from '@lama/service-kit';
import { settings } from './config.ts';

await runService({
    main: import.meta.url,
    settings,
    health: { portVariable: 'HEALTH_PORT', port: config => config.HEALTH_PORT },
    start({ config, logger, health, use }) {
        health.depend(use('redis', openRedis(config.REDIS_URL, 'required', logger)));
        return Promise.resolve();
    },
});

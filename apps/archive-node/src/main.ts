import { dependOnRedis, runService } from '@lama/service-kit';
import { settings } from './config.ts';

await runService({
    main: import.meta.url,
    settings,
    health: { portVariable: 'CONTROL_PORT', port: config => config.CONTROL_PORT },
    start(context) {
        dependOnRedis(context, context.config.REDIS_URL, 'grants are evaluated in this process');
        return Promise.resolve();
    },
});

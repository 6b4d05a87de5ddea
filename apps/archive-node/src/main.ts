import { dependOnRedis, runService } from '@lama/service-kit';
import { settings } from './config.ts';

await runService({
    main: import.meta.url,
    settings,
    health: { portVariable: 'CONTROL_PORT', port: config => config.CONTROL_PORT },
    async start(context) {
        await dependOnRedis(context, context.config.REDIS_URL, 'grants are evaluated in this process');
    },
});

import { dependOnRedis, runService } from '@lama/service-kit';
import { settings } from './config.ts';
import { startRelay } from './relay/start-relay.ts';

await runService({
    main: import.meta.url,
    settings,
    health: { portVariable: 'HEALTH_PORT', port: config => config.HEALTH_PORT },
    async start(context) {
        await dependOnRedis(context, context.config.REDIS_URL, 'registrations are not shared with other replicas');
        await startRelay(context);
    },
});

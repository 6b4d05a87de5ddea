// A service that the tests of this library run as a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { commonSettings, redisSettings } from '../config/common-settings.ts';
import { choice, port } from '../config/settings.ts';
import { dependOnRedis } from '../redis/redis-dependency.ts';
import { runService } from './run-service.ts';

const settings = {
    ...commonSettings,
    ...redisSettings,
    HEALTH_PORT: port({ about: 'Port of /health and /metrics.', required: true }),
    TROUBLE: choice(['none', 'start', 'later', 'hang', 'stop'], { about: 'What goes wrong.', fallback: 'none' }),
};

await runService({
    main: new URL('../main.ts', import.meta.url).href,
    settings,
    health: { portVariable: 'HEALTH_PORT', port: config => config.HEALTH_PORT },
    async start(context) {
        const { config, logger, use } = context;
        await dependOnRedis(context, config.REDIS_URL, 'embedded');
        for (const name of ['first', 'second']) {
            use(name, {
                async [Symbol.asyncDispose]() {
                    if (config.TROUBLE === 'hang' && name === 'second') await sleep(60_000);
                    if (config.TROUBLE === 'stop' && name === 'second') throw new Error('no wish to stop');
                    logger.info(`${name} is gone`);
                },
            });
        }
        if (config.TROUBLE === 'start') throw new Error('cannot be built');
        if (config.TROUBLE === 'later') setTimeout(() => void Promise.reject(new Error('nobody caught this')), 10);
    },
});

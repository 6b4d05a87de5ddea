import { expect, test } from '@jest/globals';
import { eventually } from './eventually.ts';
import { startService } from './process/start-service.ts';
import { startRedis } from './redis/start-redis.ts';

/**
 * Acceptance of a service that works without Redis (DESIGN §2, rules 2 and 5): absent by choice it is ready, lost it is
 * degraded. To be called at the top of a Jest test file.
 * @param portVariable the variable that sets its internal port
 */
export function testServiceWithOptionalRedis(name: string, main: URL, portVariable: string): void {
    test(`${name} without Redis is ready, and says what that means`, async () => {
        await using service = startService(main, { [portVariable]: '0' });
        await service.logged('ready');
        expect(await service.health()).toMatchObject({
            live: 200,
            ready: 200,
            report: {
                status: 'ready',
                dependencies: { redis: { status: 'absent', reason: expect.stringMatching(/^REDIS_URL is not set: /) } },
            },
            metrics: expect.stringContaining(`one_ready{service="${name}"} 1`),
        });
        expect(await service.stop()).toBe(0);
    });

    test(`${name} serves on, degraded, while Redis is away`, async () => {
        const redis = await startRedis();
        try {
            await using service = startService(main, { [portVariable]: '0', REDIS_URL: redis.url });
            await service.logged('ready');
            expect(await service.health()).toMatchObject({ report: { status: 'ready' } });
            await redis.kill();
            await eventually(async () => {
                expect(await service.health()).toMatchObject({ ready: 200, report: { status: 'degraded' } });
            });
        } finally {
            await redis.stop();
        }
    });
}

import { expect, test } from '@jest/globals';
import { eventually, startRedis, startService } from '@lama/testing';

const main = new URL('./main.ts', import.meta.url);

test('without Redis it is ready, and says what that means', async () => {
    await using service = startService(main, { CONTROL_PORT: '0' });
    await service.logged('ready');
    expect(await service.health()).toMatchObject({
        live: 200,
        ready: 200,
        report: {
            status: 'ready',
            dependencies: { redis: { status: 'absent', reason: expect.stringMatching(/^REDIS_URL is not set: /) } },
        },
        metrics: expect.stringContaining('one_ready{service="archive-node"} 1'),
    });
    expect(await service.stop()).toBe(0);
});

test('it serves on, degraded, while Redis is away', async () => {
    const redis = await startRedis();
    try {
        await using service = startService(main, { CONTROL_PORT: '0', REDIS_URL: redis.url });
        await eventually(async () => expect(await service.health()).toMatchObject({ report: { status: 'ready' } }));
        await redis.kill();
        await eventually(async () =>
            expect(await service.health()).toMatchObject({ ready: 200, report: { status: 'degraded' } }),
        );
    } finally {
        await redis.stop();
    }
});

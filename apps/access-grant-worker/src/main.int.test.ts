import { expect, test } from '@jest/globals';
import { eventually, startRedis, startService } from '@lama/testing';

const main = new URL('./main.ts', import.meta.url);

test('with Redis it is ready; without it, it is not, and says why', async () => {
    const redis = await startRedis();
    try {
        await using service = startService(main, { HEALTH_PORT: '0', REDIS_URL: redis.url });
        await eventually(async () => expect(await service.health()).toMatchObject({ live: 200, ready: 200 }));
        await redis.kill();
        await eventually(async () =>
            expect(await service.health()).toMatchObject({
                live: 200,
                ready: 503,
                report: {
                    status: 'not-ready',
                    dependencies: { redis: { status: 'down', reason: expect.stringContaining('ECONNREFUSED') } },
                },
                metrics: expect.stringContaining('one_ready{service="access-grant-worker"} 0'),
            }),
        );
        expect(await service.stop()).toBe(0);
    } finally {
        await redis.stop();
    }
});

test('it starts before Redis does and becomes ready with it', async () => {
    const redis = await startRedis();
    try {
        await redis.kill();
        await using service = startService(main, { HEALTH_PORT: '0', REDIS_URL: redis.url });
        await service.logged('ready');
        expect(await service.health()).toMatchObject({ ready: 503 });
        await redis.restart();
        await eventually(async () => expect(await service.health()).toMatchObject({ ready: 200 }));
    } finally {
        await redis.stop();
    }
});

test('a missing REDIS_URL is named, with an example', async () => {
    await using service = startService(main);
    expect(await service.exit).toBe(78);
    expect(service.stderr).toContain(
        'REDIS_URL is missing: expected a URL that starts with redis:// or rediss://, for example REDIS_URL=redis://localhost:6379',
    );
});

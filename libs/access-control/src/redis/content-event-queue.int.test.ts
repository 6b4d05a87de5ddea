import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort, startRedis, type RedisServer } from '@lama/testing';
import type { ContentEvent } from '../jobs/content-event.ts';
import { ContentEventQueue } from './content-event-queue.ts';

let redis: RedisServer;
beforeAll(async () => {
    redis = await startRedis();
});
afterAll(() => redis.stop());

const events: ContentEvent[] = [1, 2, 3].map(seq => ({
    instanceId: 'ab'.repeat(32),
    epoch: '0123456789abcdef0123456789abcdef',
    seq,
    kind: 'ChatMessage',
    at: 1_700_000_000_000 + seq,
}));

test('an event that is added again is still one job', async () => {
    await using queue = await ContentEventQueue.open(redis.url);
    await queue.add(events);
    await queue.add(events.slice(1));
    expect(await queue.waiting()).toBe(3);
});

test('without Redis it says why, and leaves nothing behind that tries again', async () => {
    const port = await freePort();
    await expect(ContentEventQueue.open(`redis://127.0.0.1:${port}`)).rejects.toThrow(/ECONNREFUSED/);
});

test('an invalid event is refused and none of its batch is queued', async () => {
    await using queue = await ContentEventQueue.open(redis.url);
    const before = await queue.waiting();
    const [first] = events as [ContentEvent];
    await expect(
        queue.add([
            { ...first, seq: 9 },
            { ...first, seq: -1 },
        ]),
    ).rejects.toThrow(/seq/);
    expect(await queue.waiting()).toBe(before);
});

import { expect, test } from '@jest/globals';
import { Slots } from './slots.ts';

test('so many run at once, in the order of the calls, whatever becomes of them', async () => {
    const slots = new Slots(2);
    const [started, ends]: [number[], (() => void)[]] = [[], []];
    const results = [0, 1, 2, 3].map(n =>
        slots.run(async () => {
            started.push(n);
            await new Promise<void>(resolve => (ends[n] = resolve));
            if (n === 1) throw new Error('failed');
            return n;
        }),
    );
    const outcomes = Promise.allSettled(results);
    await Promise.resolve();
    expect(started).toEqual([0, 1]);
    ends[1]?.();
    await results[1]?.catch(() => undefined);
    expect(started).toEqual([0, 1, 2]);
    ends[2]?.();
    await results[2];
    for (const end of ends) end();
    await results[3]?.finally(() => undefined);
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});

test('any number may wait', async () => {
    const slots = new Slots(32);
    let done = 0;
    const task = (): Promise<number> => Promise.resolve(++done);
    await Promise.all(Array.from({ length: 400_000 }, () => slots.run(task)));
    expect(done).toBe(400_000);
}, 6_000);

import { expect, test } from '@jest/globals';
import { RateTable } from './rate-table.ts';

function table(options: { maxNames?: number } = {}) {
    const clock = { ms: 1_000 };
    return { clock, rates: new RateTable({ burst: 3, perMinute: 60 }, { ...options, now: () => clock.ms }) };
}

const taken = (rates: RateTable, name: string, times: number): number =>
    Array.from({ length: times }, () => rates.take(name)).filter(Boolean).length;

test('a burst is let through, then as many as the minute has', () => {
    const { clock, rates } = table();
    expect(taken(rates, 'a', 10)).toBe(3);
    clock.ms += 999;
    expect(rates.allows('a')).toBe(false);
    clock.ms += 1;
    expect(rates.allows('a')).toBe(true);
    expect(taken(rates, 'a', 10)).toBe(1);
    clock.ms += 60_000;
    expect(taken(rates, 'a', 10)).toBe(3);
});

test('in the long run it is the rate, whatever the steps of the clock are', () => {
    const { clock, rates } = table();
    let count = 0;
    for (let i = 0; i < 6_000; i++) {
        clock.ms += 37;
        count += taken(rates, 'a', 2);
    }
    expect(count).toBeGreaterThanOrEqual(222);
    expect(count).toBeLessThanOrEqual(225);
});

test('names do not take from each other', () => {
    const { rates } = table();
    expect(taken(rates, 'a', 5)).toBe(3);
    expect(taken(rates, 'b', 5)).toBe(3);
});

test('a name is forgotten when it would begin anew anyway', () => {
    const { clock, rates } = table();
    for (let i = 0; i < 1_000; i++) rates.take(`name ${i}`);
    expect(rates.size).toBe(1_000);
    clock.ms += 1_000;
    rates.take('another');
    expect(rates.size).toBe(1);
});

test('of too many names the one counted longest ago begins anew', () => {
    const { rates } = table({ maxNames: 2 });
    for (const name of ['a', 'b', 'a', 'a', 'c']) rates.take(name);
    expect(rates.size).toBe(2);
    expect([rates.allows('a'), taken(rates, 'b', 5)]).toEqual([false, 3]);
});

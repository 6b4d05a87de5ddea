import { describe, expect, jest, test } from '@jest/globals';
import { Health } from './health.ts';

const works = () => Promise.resolve();
const fails = (reason: string) => () => Promise.reject(new Error(reason));

describe('readiness', () => {
    test('follows the phase before the dependencies', async () => {
        const health = new Health('sample', '1.0.0');
        health.depend({ name: 'storage', kind: 'required', check: works });
        expect((await health.report()).status).toBe('starting');
        health.started();
        expect((await health.report()).status).toBe('ready');
        health.stopping();
        expect((await health.report()).status).toBe('stopping');
    });

    test.each([
        ['required', 'not-ready'],
        ['degrading', 'degraded'],
    ] as const)('a %s dependency that is down makes it %s, with the reason', async (kind, status) => {
        const health = new Health('sample', '1.0.0');
        health.depend({ name: 'storage', kind: 'required', check: works });
        health.depend({ name: 'other', kind, check: fails('disk is full') });
        health.started();
        expect(await health.report()).toMatchObject({
            status,
            dependencies: { storage: { status: 'up' }, other: { status: 'down', reason: 'disk is full' } },
        });
    });

    test('what is absent by choice does no harm', async () => {
        const health = new Health('sample', '1.0.0');
        health.absent('redis', 'embedded');
        health.started();
        expect(await health.report()).toMatchObject({ status: 'ready', dependencies: { redis: { status: 'absent' } } });
    });

    test('the reason of several failed attempts is the first', async () => {
        const health = new Health('sample', '1.0.0');
        const attempts = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('other')]);
        health.depend({ name: 'relay', kind: 'degrading', check: () => Promise.reject(attempts) });
        expect((await health.report()).dependencies['relay']?.reason).toBe('connect ECONNREFUSED ::1:1');
    });

    test('a dependency that does not answer is down after 2 s', async () => {
        jest.useFakeTimers();
        try {
            const health = new Health('sample', '1.0.0');
            health.depend({ name: 'silent', kind: 'required', check: () => new Promise(() => undefined) });
            const report = health.report();
            await jest.advanceTimersByTimeAsync(2_000);
            expect((await report).dependencies['silent']).toEqual({ status: 'down', reason: 'no answer within 2 s' });
        } finally {
            jest.useRealTimers();
        }
    });

    test('questions within a second share one round of checks', async () => {
        let now = 0;
        const check = jest.fn(works);
        const health = new Health('sample', '1.0.0', () => now);
        health.depend({ name: 'storage', kind: 'required', check });
        await Promise.all([health.report(), health.report()]);
        now = 999;
        await health.report();
        expect(check).toHaveBeenCalledTimes(1);
        now = 1_000;
        await health.report();
        expect(check).toHaveBeenCalledTimes(2);
    });
});

import { describe, expect, test } from '@jest/globals';
import { CrashRule } from './crash-rule.ts';
import { readableLine } from './log-lines.ts';
import { readOptions } from './options.ts';
import { planProcesses } from './plan.ts';
import { formatTable, rowsOf } from './table.ts';

describe('options', () => {
    test('have defaults', () => {
        expect(readOptions('/house', [])).toEqual({
            portOffset: 0,
            storage: '/house/one-core-storage',
            redis: true,
            containers: true,
            verbose: false,
        });
    });

    test('two systems side by side never share a folder', () => {
        expect(readOptions('/house', ['--port-offset', '100'])).toMatchObject({
            portOffset: 100,
            storage: '/house/one-core-storage/offset-100',
        });
        expect(readOptions('/house', ['--storage', '/data'])).toMatchObject({ storage: '/data' });
    });

    test.each([
        [['--port-offset', 'x'], '--port-offset is "x": expected a whole number from 0 to 50000.'],
        [['--port-offset', '50001'], 'expected a whole number from 0 to 50000.'],
        [['--fast'], "Unknown option '--fast'"],
    ])('%j gets a sentence', (args, text) => {
        expect(readOptions('/house', args)).toEqual({ exitCode: 2, text: expect.stringContaining(text) });
    });

    test('help is no mistake', () => {
        expect(readOptions('/house', ['--help'])).toMatchObject({
            exitCode: 0,
            text: expect.stringContaining('--embedded'),
        });
    });
});

describe('the plan', () => {
    test('gives every process its ports, shifted, and the addresses of the others', () => {
        const plan = planProcesses('/house', 100, 'redis://localhost:6479');
        expect(plan.map(({ name, ports }) => [name, ports])).toEqual([
            ['archive-node', [8866]],
            ['comm-server', [8868, 8100]],
            ['access-grant-worker', [8867]],
            ['pairing-service', [8869, 8180]],
        ]);
        expect(plan.at(-1)).toMatchObject({
            publicUrl: 'http://localhost:8180',
            env: { LISTEN_PORT: '8180', CONTROL_URL: 'http://127.0.0.1:8866', REDIS_URL: 'redis://localhost:6479' },
        });
    });

    test('without Redis leaves out what only works with it, and the table says where that work is done', () => {
        const plan = planProcesses('/house', 0, undefined);
        expect(plan.map(({ name }) => name)).not.toContain('access-grant-worker');
        const serving = new Map([['archive-node', { state: 'degraded', reasons: ['relay: down'] } as const]]);
        const table = formatTable(rowsOf(plan, serving, undefined));
        expect(table).toMatch(/^ {2}access-grant-worker +- +embedded in archive-node$/m);
        expect(table).toMatch(/^ {2}archive-node +http:\S+ +degraded, relay: down$/m);
    });
});

describe('the crash rule', () => {
    test('doubles the pause, forgets after a quiet minute, and gives up after five crashes within one', () => {
        let now = 0;
        const rule = new CrashRule(() => now);
        expect(rule.crashed(1)).toEqual({ type: 'restart', afterMs: 1_000 });
        now += 5_000;
        expect(rule.crashed(null)).toEqual({ type: 'restart', afterMs: 2_000 });
        now += 60_001;
        expect(rule.crashed(1)).toEqual({ type: 'restart', afterMs: 1_000 });
        for (let crash = 0; crash < 4; crash++) expect(rule.crashed(1).type).toBe('restart');
        expect(rule.crashed(1)).toEqual({ type: 'give-up', because: 'it crashed 6 times within a minute' });
    });

    test('never restarts a wrong configuration', () => {
        expect(new CrashRule().crashed(78).type).toBe('give-up');
    });
});

describe('log lines', () => {
    test('are made readable', () => {
        const line = JSON.stringify({
            level: 'warn',
            time: 't',
            service: 's',
            version: '1',
            msg: 'redis is lost',
            reason: 'x',
        });
        expect(readableLine(line)).toEqual({ text: 'warn  redis is lost reason="x"', important: true });
        expect(readableLine('{"level":"info","msg":"ready"}')).toEqual({ text: 'info  ready', important: false });
    });

    test('of an error show where it happened', () => {
        const { text } = readableLine(
            JSON.stringify({ level: 'fatal', msg: 'm', err: { stack: 'Error: x\n    at y' } }),
        );
        expect(text).toBe('fatal m\nError: x\n    at y');
    });

    test.each(['plain text', '7', 'null', '{}'])('%j, which is none, is shown as it is', line => {
        expect(readableLine(line)).toEqual({ text: line, important: true });
    });
});

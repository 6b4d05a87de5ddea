import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { measureSuite } from './measure.ts';
import { formatReport } from './report.ts';
import { suites } from './suites.ts';

describe('the report', () => {
    const measurement = { name: 'hash', nsPerCall: 1_000, bytes: 300, bytesAllocated: 2_048 };

    test.each([
        [2_000, '2.00x faster'],
        [1_100, 'same'],
        [500, '2.00x slower'],
    ])('compares with a baseline of %d ns', (before, words) => {
        const report = formatReport('core', [measurement], { machine: 'm', nsPerCall: { hash: before } });
        expect(report.split('\n').at(-1)).toMatch(/^\| hash \| 1,000,000 \| +300 \| +2,048 \| +/);
        expect(report).toContain(words);
    });

    test('says what has no baseline yet', () => {
        expect(formatReport('core', [measurement], undefined)).toContain('new');
    });
});

test.each(suites)('the baseline of $name is of its benchmarks', ({ name, benchmarks }) => {
    const text = readFileSync(new URL(`../baselines/${name}.json`, import.meta.url), 'utf8');
    const { nsPerCall } = JSON.parse(text) as { nsPerCall: Record<string, number> };
    expect(Object.keys(nsPerCall)).toEqual(benchmarks.map(benchmark => benchmark.name));
});

test.each(suites)('suite $name runs', async suite => {
    const names = new Set(suite.benchmarks.map(({ name }) => name));
    expect(names.size).toBe(suite.benchmarks.length);
    const measurements = await measureSuite(suite, 0.01);
    expect(measurements.every(({ nsPerCall }) => nsPerCall > 0)).toBe(true);
});

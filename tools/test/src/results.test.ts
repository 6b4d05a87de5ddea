import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryFolder } from '@lama/testing';
import { clearResults, collectResults, summarize, type TestResults } from './results.ts';

const result = (project: string, passed: number, failed = 0, notRun = 0): TestResults => ({
    project,
    suite: 'jest',
    passed,
    failed,
    notRun,
    ms: 1_000,
});

describe('the closing line', () => {
    test('adds up all projects', () => {
        const summary = summarize([{ id: 'one-core:test', ok: true }], [result('one-core', 7), result('cli', 2)]);
        expect(summary).toMatchObject({ closingLine: '9 passed, 0 failed', failed: 0, troubles: [] });
        expect(summary.table).toContain('one-core  jest       7 passed  1.0 s');
    });

    test('counts a failed task without tests as a failure, and names it', () => {
        const summary = summarize([{ id: 'one-core:lint', ok: false }], [result('one-core', 7)]);
        expect(summary).toMatchObject({ closingLine: '7 passed, 1 failed', troubles: ['  failed: one-core:lint'] });
    });

    test('does not count a failed test twice', () => {
        const summary = summarize([{ id: 'one-core:test', ok: false }], [result('one-core', 7, 2)]);
        expect(summary).toMatchObject({ closingLine: '7 passed, 2 failed', troubles: [] });
    });

    test('counts a test run that broke down, though another project has failed tests', () => {
        const tasks = ['one-core:test', 'cli:test'].map(id => ({ id, ok: false }));
        expect(summarize(tasks, [result('one-core', 7, 2)]).closingLine).toBe('7 passed, 3 failed');
    });

    test('counts a failed lint of a project that also has failed tests', () => {
        const tasks = ['one-core:test', 'one-core:lint'].map(id => ({ id, ok: false }));
        expect(summarize(tasks, [result('one-core', 7, 2)]).closingLine).toBe('7 passed, 3 failed');
    });

    test('shows skipped tests', () => {
        expect(summarize([], [result('one-core', 7, 0, 1)]).closingLine).toBe('7 passed, 0 failed, 1 skipped');
    });
});

test('results of earlier runs do not count', async () => {
    await using root = await temporaryFolder();
    const folder = join(root.path, 'libs/sample/test-results');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'jest.json');
    await writeFile(
        file,
        JSON.stringify({
            project: 'sample',
            passed: 3,
            failed: 1,
            notRun: 0,
            files: [
                { file: 'a.test.ts', ms: 5 },
                { file: 'b', ms: 7 },
            ],
        }),
    );
    expect(await collectResults(root.path)).toEqual([
        { project: 'sample', suite: 'jest', passed: 3, failed: 1, notRun: 0, ms: 12 },
    ]);
    await clearResults(root.path);
    expect(await collectResults(root.path)).toEqual([]);
    await expect(readFile(file)).rejects.toThrow('ENOENT');
});

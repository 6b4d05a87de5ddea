import { glob, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Task } from './run-nx.ts';

/** What a test runner wrote about one run; part of the cached outputs of its task. */
export interface TestResults {
    /** Name of the Nx project. */
    readonly project: string;
    /** `jest`, `e2e`, `faults`: the file's name. */
    readonly suite: string;
    readonly passed: number;
    readonly failed: number;
    readonly notRun: number;
    readonly ms: number;
}

export interface Summary {
    readonly table: string;
    /** Failed tasks that no failed test explains, one sentence each. */
    readonly troubles: readonly string[];
    readonly failed: number;
    /** `N passed, N failed`, alone on its line. */
    readonly closingLine: string;
}

const RESULTS = '{apps,libs,tools}/*/test-results/*.json';
const ROOT_RESULTS = '{e2e,bench}/test-results/*.json';

/** Removes the results of earlier runs: what is there afterwards is from this run, or restored from Nx's cache. */
export async function clearResults(root: string): Promise<void> {
    for await (const file of glob([RESULTS, ROOT_RESULTS], { cwd: root })) await rm(join(root, file));
}

export async function collectResults(root: string): Promise<TestResults[]> {
    const results: TestResults[] = [];
    for await (const file of glob([RESULTS, ROOT_RESULTS], { cwd: root })) {
        const { project, passed, failed, notRun, files } = JSON.parse(await readFile(join(root, file), 'utf8')) as Omit<
            TestResults,
            'suite' | 'ms'
        > & { readonly files: readonly { readonly ms: number }[] };
        const ms = files.reduce((sum, each) => sum + each.ms, 0);
        results.push({ project, suite: basename(file, '.json'), passed, failed, notRun, ms });
    }
    return results.sort((a, b) => (a.project < b.project ? -1 : 1));
}

/**
 * The closing of a run. A failed task counts as one failure unless failed tests of the same number of tasks explain it:
 * lint, types and builds have no tests, and a test run that broke down has no results.
 */
export function summarize(tasks: readonly Task[], results: readonly TestResults[]): Summary {
    const sum = (field: 'passed' | 'failed' | 'notRun') => results.reduce((total, result) => total + result[field], 0);
    const explained = new Set(results.filter(({ failed }) => failed > 0).map(({ project }) => project));
    const unexplained = tasks.filter(({ id, ok }) => !ok && !(isTestTask(id) && explained.has(id.split(':')[0] ?? '')));
    const failed = sum('failed') + unexplained.length;
    const skipped = sum('notRun') > 0 ? `, ${sum('notRun')} skipped` : '';
    const width = Math.max(...results.map(({ project }) => project.length), 0);
    return {
        table: results
            .map(result => {
                const { project, suite, passed, ms } = result;
                const bad = result.failed > 0 ? `  ${result.failed} failed` : '';
                return `  ${project.padEnd(width)}  ${suite.padEnd(6)}  ${String(passed).padStart(4)} passed  ${(ms / 1000).toFixed(1)} s${bad}`;
            })
            .join('\n'),
        troubles: unexplained.map(({ id }) => `  failed: ${id}`),
        failed,
        closingLine: `${sum('passed')} passed, ${failed} failed${skipped}`,
    };
}

function isTestTask(id: string): boolean {
    return ['test', 'e2e', 'faults'].includes(id.split(':')[1] ?? '');
}

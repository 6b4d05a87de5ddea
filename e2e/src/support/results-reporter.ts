import { mkdirSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';

/** Writes what `npm test` needs for its closing line, in the form that the other projects write. */
export default class ResultsReporter implements Reporter {
    readonly #files = new Map<string, number>();
    #name = 'e2e';
    #passed = 0;
    #failed = 0;
    #notRun = 0;

    onBegin(config: FullConfig, suite: Suite): void {
        this.#name = suite.suites[0]?.project()?.name ?? config.projects[0]?.name ?? this.#name;
    }

    onTestEnd(test: TestCase, result: TestResult): void {
        if (result.status === 'skipped') this.#notRun++;
        else if (test.outcome() === 'expected') this.#passed++;
        else this.#failed++;
        const file = relative(process.cwd(), test.location.file);
        this.#files.set(file, (this.#files.get(file) ?? 0) + result.duration);
    }

    /** An error outside of all tests, for example a file that cannot be loaded. */
    onError(): void {
        this.#failed++;
    }

    onEnd(): void {
        const file = resolve('test-results', `${this.#name}.json`);
        mkdirSync(resolve('test-results'), { recursive: true });
        const summary = {
            project: 'e2e',
            passed: this.#passed,
            failed: this.#failed,
            notRun: this.#notRun,
            files: [...this.#files].map(([name, ms]) => ({ file: name, ms })),
        };
        writeFileSync(file, `${JSON.stringify(summary, undefined, 4)}\n`);
    }
}

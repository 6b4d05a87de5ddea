import { defineConfig } from '@playwright/test';

/** One worker: each test starts a whole system, and two of them on two cores only wait for each other. */
export default defineConfig({
    workers: 1,
    forbidOnly: true,
    timeout: 90_000,
    expect: { timeout: 15_000 },
    use: { screenshot: 'only-on-failure' },
    reporter: [['list'], ['./src/support/results-reporter.ts']],
    projects: [
        { name: 'e2e', testDir: 'src', testMatch: '**/*.e2e.ts' },
        { name: 'faults', testDir: 'faults', testMatch: '**/*.e2e.ts' },
    ],
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Writes what `npm test` needs for its closing line; part of the cached outputs, so that a cached run counts too. */
export default class ResultsReporter {
    #rootDir;
    #outputFile;

    constructor(globalConfig, { outputFile }) {
        this.#rootDir = globalConfig.rootDir;
        this.#outputFile = outputFile;
    }

    onRunComplete(_contexts, results) {
        const file = join(this.#rootDir, this.#outputFile);
        mkdirSync(dirname(file), { recursive: true });
        const summary = {
            // Set by Nx; a run by hand has the folder's name.
            project: process.env.NX_TASK_TARGET_PROJECT ?? basename(this.#rootDir),
            passed: results.numPassedTests,
            failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
            notRun: results.numPendingTests + results.numTodoTests,
            files: results.testResults
                .map(result => ({
                    file: result.testFilePath.slice(this.#rootDir.length + 1),
                    ms: result.perfStats.end - result.perfStats.start,
                }))
                .sort((a, b) => (a.file < b.file ? -1 : 1)),
        };
        writeFileSync(file, `${JSON.stringify(summary, undefined, 4)}\n`);
    }
}

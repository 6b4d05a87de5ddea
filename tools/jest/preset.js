// Jest for every project: native ES modules, types stripped by Node itself (no compiler in between, so coverage and
// stack traces show the source as it stands), and one result file a run for the closing line of `npm test`.
const here = import.meta.dirname;

/** @type {import('jest').Config} */
export default {
    testMatch: ['<rootDir>/src/**/*.test.ts'],
    extensionsToTreatAsEsm: ['.ts'],
    transform: { '\\.ts$': `${here}/strip-types.js` },
    testEnvironmentOptions: { customExportConditions: ['@one/source', 'node', 'node-addons'] },
    setupFilesAfterEnv: [`${here}/setup-properties.js`],
    reporters: ['default', [`${here}/results-reporter.js`, { outputFile: 'test-results/jest.json' }]],
    coverageProvider: 'v8',
    testTimeout: 30_000,
};

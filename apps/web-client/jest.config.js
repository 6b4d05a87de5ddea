// The one project that needs a compiler in its tests: Angular's templates. The rest is as in tools/jest/preset.js.
import presets from 'jest-preset-angular/presets/index.js';
import house from '../../jest.preset.js';

const angular = presets.createEsmPreset({ tsconfig: '<rootDir>/tsconfig.json' });

/** @type {import('jest').Config} */
export default {
    ...angular,
    testMatch: house.testMatch,
    reporters: house.reporters,
    coverageProvider: house.coverageProvider,
    testTimeout: house.testTimeout,
    setupFilesAfterEnv: ['<rootDir>/jest.setup.js'],
    // TypeScript rewrites `./x.ts` to `./x.js`; Jest looks at the sources.
    moduleNameMapper: { ...angular.moduleNameMapper, '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
    testEnvironmentOptions: { customExportConditions: ['@one/source', 'browser'] },
};

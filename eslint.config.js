// One linter configuration for the whole house. The layers of ARCHITECTURE.md are rules here, not advice.
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import angular from 'angular-eslint';
import tseslint from 'typescript-eslint';

/** Who may import whom (by tags in package.json): only downwards. */
const layers = {
    'scope:app': [
        'scope:federation',
        'scope:access-control',
        'scope:one-models',
        'scope:one-core',
        'scope:service-kit',
    ],
    'scope:federation': ['scope:access-control', 'scope:one-models', 'scope:one-core'],
    'scope:access-control': ['scope:one-models', 'scope:one-core'],
    'scope:one-models': ['scope:one-core'],
    'scope:one-core': [],
    'scope:service-kit': ['scope:one-core'],
    'scope:testing': [],
    'scope:tool': [
        'scope:service-kit',
        'scope:federation',
        'scope:access-control',
        'scope:one-models',
        'scope:one-core',
        'scope:testing',
        'scope:tool',
    ],
    'scope:e2e': ['scope:federation', 'scope:access-control', 'scope:one-models', 'scope:one-core', 'scope:testing'],
    'scope:bench': ['scope:federation', 'scope:access-control', 'scope:one-models', 'scope:one-core', 'scope:testing'],
};
const platforms = {
    'platform:any': ['platform:any'],
    'platform:browser': ['platform:any', 'platform:browser'],
    'platform:node': ['platform:any', 'platform:node'],
};

/** @param {string[]} also scopes that tests may use besides those of their layer */
const boundaries = (...also) => [
    'error',
    {
        allow: ['#platform/*'],
        depConstraints: [
            ...Object.entries(layers).map(([sourceTag, below]) => ({
                sourceTag,
                onlyDependOnLibsWithTags: [...below, ...also],
            })),
            ...Object.entries(platforms).map(([sourceTag, tags]) => ({
                sourceTag,
                onlyDependOnLibsWithTags: also.length > 0 ? [...tags, 'platform:node'] : tags,
            })),
        ],
    },
];

/** Folders of the projects that a browser may load, by their tags. */
const forBrowsers = globSync('{apps,libs}/*/package.json', { cwd: import.meta.dirname })
    .map(file => ({ file, tags: JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')).nx.tags }))
    .filter(({ tags }) => tags.includes('platform:any') || tags.includes('platform:browser'))
    .map(({ file }) => file.replaceAll('\\', '/').replace('/package.json', '/src/**/*.ts'));

/** Parts of Node and of servers that must not reach a browser. */
const serverPackages = ['bullmq', 'ioredis', 'pg', 'ws', 'fastify', 'pino', 'prom-client'];
const nodeOnly = {
    paths: [...builtinModules, ...serverPackages],
    patterns: ['node:*', '@lama/*/redis', ...serverPackages.map(name => `${name}/*`)],
};
const nodeGlobals = ['process', 'Buffer', 'global', '__dirname', 'require', 'setImmediate'];

export default tseslint.config(
    { ignores: ['**/dist/**', '**/test-results/**', '**/.angular/**', '**/files/**', '**/node_modules/**'] },
    eslint.configs.recommended,
    {
        files: ['**/*.ts'],
        extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        plugins: { '@nx': nx },
        rules: {
            '@nx/enforce-module-boundaries': boundaries(),
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
            '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
            '@typescript-eslint/no-unused-vars': [
                'error',
                { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
            ],
            '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
            // An empty environment variable or message counts as none: `||` is meant there.
            '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
            // Does not know Promise.withResolvers<void>().
            '@typescript-eslint/no-invalid-void-type': 'off',
            // A fixture that uses no other fixture still has to destructure.
            'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }],
            'no-console': 'error',
            'no-restricted-properties': [
                'error',
                { property: 'pathname', message: 'Percent-encoded: fileURLToPath() gives the path of a file.' },
            ],
            eqeqeq: 'error',
        },
    },
    {
        files: ['**/*.test.ts'],
        rules: {
            '@nx/enforce-module-boundaries': boundaries('scope:testing'),
            '@typescript-eslint/no-unsafe-assignment': 'off',
            // A test runner awaits what a test returns, and matchers are built from anything.
            '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: ['test', 'describe'] }],
        },
    },
    {
        files: forBrowsers,
        ignores: [
            '**/*.test.ts',
            '**/platform/node/**',
            '**/storage/file/**',
            '**/storage/embedded/**',
            '**/storage/postgres/**',
            '**/redis/**',
        ],
        rules: { 'no-restricted-imports': ['error', nodeOnly], 'no-restricted-globals': ['error', ...nodeGlobals] },
    },
    {
        files: ['apps/web-client/src/**/*.ts'],
        extends: [angular.configs.tsRecommended],
        processor: angular.processInlineTemplates,
    },
    {
        files: ['apps/web-client/src/**/*.html'],
        extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
    },
    {
        files: ['**/*.js', '**/*.mjs'],
        languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
    },
);

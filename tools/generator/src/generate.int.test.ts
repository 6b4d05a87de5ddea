import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { flushChanges, FsTree } from 'nx/src/generators/tree';
import { findDrift } from './drift.ts';
import { libraryGenerator } from './library/library-generator.ts';
import { temporaryWorkspace, type TemporaryWorkspace } from './temporary-workspace.ts';

/** All of this takes 25 s on two free cores. */
const TIMEOUT_MS = 120_000;

// The longest name there may be: lines that fit for `log` do not fit for it.
const LONG_NAME = 'a-name-of-forty-characters-is-the-limit1';
const LIBRARIES = ['grant-log', LONG_NAME, 'test-clock'];
const FOLDERS = [...LIBRARIES.map(name => `libs/${name}`), 'apps/echo'];

let workspace: TemporaryWorkspace;
let library: string;
let service: string;

beforeAll(async () => {
    workspace = await temporaryWorkspace();
    await neighbour(workspace.root);
    // The variants are written in this process; the references of all of them follow when the command line is used.
    const tree = new FsTree(workspace.root, false);
    await libraryGenerator(tree, { name: LONG_NAME, scope: 'scope:service-kit', platform: 'browser' });
    await libraryGenerator(tree, { name: 'test-clock', scope: 'testing', platform: 'node' });
    flushChanges(workspace.root, tree.listChanges());

    library = await generate('library', 'grant-log', '--description=Who was granted what, `when` & "why"');
    service = await generate('service', 'echo');
}, TIMEOUT_MS);

afterAll(async () => {
    await workspace[Symbol.asyncDispose]();
});

/** Uses the command line as a person does. What follows makes no sense when it fails, so this throws then. */
async function generate(generator: string, ...args: string[]): Promise<string> {
    const { exitCode, output } = await workspace.run('nx', ['g', `@lama/generator:${generator}`, ...args]);
    if (exitCode !== 0) throw new Error(`nx g ended with ${exitCode}:\n${output}`);
    return output;
}

/** A service that has the port which would be the next free one. */
async function neighbour(root: string): Promise<void> {
    await mkdir(join(root, 'apps/neighbour/src'), { recursive: true });
    const config = `export const settings = { HEALTH_PORT: port({ about: 'Port.', fallback: '8770' }) };\n`;
    await writeFile(join(root, 'apps/neighbour/src/config.ts'), config);
}

const text = (path: string): Promise<string> => readFile(join(workspace.root, path), 'utf8');

test('the command line says what was written and what to do next', () => {
    expect(library).toContain('CREATE libs/grant-log/src/index.ts');
    expect(library).toContain('npm install && npm run lock');
    expect(library).toContain('add "@lama/grant-log": "*" to the dependencies of whoever imports it');
    expect(library).not.toContain('out of sync');
    expect(service).toContain('CREATE apps/echo/src/main.ts');
    expect(service).toContain('starts it on health port 8771');
    expect(service).toContain('say what it is for in apps/echo/package.json and README.md');
});

test('a description reaches package.json and README.md as it was typed, as a sentence', async () => {
    const sentence = 'Who was granted what, `when` & "why".';
    expect(JSON.parse(await text('libs/grant-log/package.json'))).toMatchObject({ description: sentence });
    expect(await text('libs/grant-log/README.md')).toContain(`\n${sentence}\n`);
});

test(
    'references lead to what is depended on, and from the root',
    async () => {
        expect(JSON.parse(await text('apps/echo/tsconfig.json'))).toMatchObject({
            references: expect.arrayContaining([{ path: '../../libs/service-kit' }, { path: '../../libs/testing' }]),
        });
        expect(JSON.parse(await text('tsconfig.json'))).toMatchObject({
            references: expect.arrayContaining(FOLDERS.map(folder => ({ path: `./${folder}` }))),
        });
        expect(await workspace.run('nx', ['sync:check'])).toMatchObject({ exitCode: 0 });
    },
    TIMEOUT_MS,
);

test.each(FOLDERS)('%s has the shape of the others', folder => {
    expect(findDrift(folder, new FsTree(workspace.root, false))).toEqual([]);
});

describe('judged by the tools of the house, a generated project', () => {
    test(
        'compiles',
        async () => {
            const compiled = await workspace.run('tsc', ['--build', ...FOLDERS]);
            expect(compiled).toEqual({ exitCode: 0, output: '' });
            expect(await text('libs/grant-log/dist/index.d.ts')).toContain('InvalidGrantLogError');
        },
        TIMEOUT_MS,
    );

    test(
        'satisfies the linter, its layers included',
        async () => {
            expect(await workspace.run('eslint', FOLDERS)).toEqual({ exitCode: 0, output: '' });
        },
        TIMEOUT_MS,
    );

    test(
        'is formatted, and so are the references',
        async () => {
            const files = [...FOLDERS, 'tsconfig.json'];
            expect(await workspace.run('prettier', ['--check', ...files])).toMatchObject({ exitCode: 0 });
        },
        TIMEOUT_MS,
    );

    test(
        'passes its own tests: errors are what they should be, the service starts, answers and stops',
        async () => {
            const options = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' };
            const tested = await workspace.run('jest', ['--projects', ...FOLDERS], options);
            expect(tested.output).toContain(`Tests:       ${FOLDERS.length} passed, ${FOLDERS.length} total`);
            expect(tested.exitCode).toBe(0);
        },
        TIMEOUT_MS,
    );
});

test(
    'a refusal on the command line is one sentence and exit code 1',
    async () => {
        const { exitCode, output } = await workspace.run('nx', [
            'g',
            '@lama/generator:service',
            'other',
            '--port=8771',
        ]);
        expect(output).toContain(
            'Port 8771 is taken by echo. Choose another one, for example --port=8772, or leave --port out.',
        );
        expect(output).not.toContain('stacktrace');
        expect(exitCode).toBe(1);
    },
    TIMEOUT_MS,
);

test(
    'when the references cannot be updated, what has been written and what to repair is said',
    async () => {
        await rm(join(workspace.root, 'tsconfig.json'));
        const { exitCode, output } = await workspace.run('nx', ['g', '@lama/generator:library', 'half-done']);
        expect(output).toContain('CREATE libs/half-done/src/index.ts');
        expect(output).toContain('The files are written, but TypeScript does not know them yet: npx nx sync failed.');
        expect(output).toContain('Missing root "tsconfig.json"');
        expect(exitCode).toBe(1);
    },
    TIMEOUT_MS,
);

import { describe, expect, test } from '@jest/globals';
import { FsTree } from 'nx/src/generators/tree';
import { libraryGenerator, type LibraryOptions } from './library/library-generator.ts';
import { GeneratorRefusal } from './refusal.ts';
import { serviceGenerator, type ServiceOptions } from './service/service-generator.ts';
import { REPOSITORY } from './temporary-workspace.ts';
import { ensureFreePort, takenPorts } from './workspace/ports.ts';

/** What happens in this very workspace; the tree is never written to disk. */
async function refusal(
    generate: (tree: FsTree) => Promise<unknown>,
    prepare?: (tree: FsTree) => void,
): Promise<object> {
    const tree = new FsTree(REPOSITORY, false);
    prepare?.(tree);
    const before = tree.listChanges().length;
    const error: unknown = await generate(tree).catch((reason: unknown) => reason);
    expect(tree.listChanges()).toHaveLength(before);
    if (!(error instanceof GeneratorRefusal)) throw new Error('expected a refusal', { cause: error });
    return { code: error.code, message: error.message };
}
const ofLibrary = (options: LibraryOptions, prepare?: (tree: FsTree) => void): Promise<object> =>
    refusal(tree => libraryGenerator(tree, options), prepare);
const ofService = (options: ServiceOptions): Promise<object> => refusal(tree => serviceGenerator(tree, options));

describe('a name', () => {
    test.each([
        ['Foo_Bar', 'foo-bar'],
        ['fooBar', 'foo-bar'],
        ['1st', 'st'],
        ['-a', 'a'],
        ['a--b', 'a-b'],
        ['../escape', 'escape'],
        ['a/b', 'a-b'],
        ['', 'grant-log'],
        ['ä', 'grant-log'],
        ['a'.repeat(41), 'a'.repeat(40)],
    ])('%j is refused, and %s is proposed', async (name, proposal) => {
        const expected = {
            code: 'NAME_INVALID',
            message: expect.stringMatching(new RegExp(`^${JSON.stringify(name)} .* for example "${proposal}"\\.$`)),
        };
        expect(await ofLibrary({ name })).toEqual(expected);
        expect(await ofService({ name })).toEqual(expected);
    });

    test.each([
        ['one-core', 'libs/one-core'],
        ['archive-node', 'apps/archive-node'],
        ['checks', 'tools/checks'],
        ['bench', 'bench'],
        // The project in Nx is called test-runner, the package @lama/test.
        ['test', 'tools/test'],
        ['test-runner', 'tools/test'],
        ['workspace', '.'],
    ])('%s is refused because %s has it', async (name, folder) => {
        const message = `The name "${name}" is taken by ${folder}. Choose another name.`;
        expect(await ofLibrary({ name })).toEqual({ code: 'NAME_TAKEN', message });
        expect(await ofService({ name })).toEqual({ code: 'NAME_TAKEN', message });
    });

    test('is refused where a folder without a package has it', async () => {
        const leftover = (tree: FsTree): void => tree.write('apps/left-over/dist/main.js', '');
        expect(await ofLibrary({ name: 'left-over' }, leftover)).toMatchObject({
            message: 'The name "left-over" is taken by apps/left-over. Choose another name.',
        });
    });
});

describe('a layer', () => {
    test.each(['fun', 'app', 'tool', 'scope:e2e', ''])('that is none for libraries is refused: %j', async scope => {
        expect(await ofLibrary({ name: 'grant-log', scope })).toEqual({
            code: 'SCOPE_UNKNOWN',
            message: expect.stringMatching(
                /^There is no scope "[a-z0-9]*" for libraries\. Choose one of federation, .*one-core.*eslint\.config\.js first\.$/,
            ),
        });
    });

    test('of another platform is refused', async () => {
        expect(await ofLibrary({ name: 'grant-log', platform: 'deno' })).toEqual({
            code: 'PLATFORM_UNKNOWN',
            message: 'There is no platform "deno". Choose one of any, browser, node.',
        });
    });

    test('cannot be chosen when eslint.config.js is not understood', async () => {
        const rewritten = (tree: FsTree): void =>
            tree.write('eslint.config.js', 'export { default } from "elsewhere";');
        expect(await ofLibrary({ name: 'grant-log' }, rewritten)).toEqual({
            code: 'LAYERS_UNREADABLE',
            message: expect.stringContaining('tools/generator/src/workspace/layers.ts'),
        });
    });
});

describe('a health port', () => {
    test.each([0, 80, 65_536, -1, 87.5, '', 'abc', '0x2000'])('%j is refused', async port => {
        expect(await ofService({ name: 'echo', port })).toEqual({
            code: 'PORT_INVALID',
            message: expect.stringMatching(
                /^".*" cannot be a health port: expected a whole number from 1024 to 65535, for example --port=\d{4}\.$/,
            ),
        });
    });

    test.each([
        [8765, 'archive-node'],
        [8766, 'archive-node'],
        [8767, 'access-grant-worker'],
        [8768, 'comm-server'],
        [8769, 'pairing-service'],
        [8080, 'pairing-service'],
        [4200, 'the development server of web-client'],
        [6379, 'Redis'],
    ])('%d is refused because it belongs to %s', async (port, holder) => {
        expect(await ofService({ name: 'echo', port })).toEqual({
            code: 'PORT_TAKEN',
            message: expect.stringMatching(
                new RegExp(
                    `^Port ${port} is taken by ${holder}\\. Choose another one, for example --port=\\d{4}, or leave`,
                ),
            ),
        });
    });

    test('the one that is proposed is free', () => {
        const files = new FsTree(REPOSITORY, false);
        expect(takenPorts(files).has(ensureFreePort(undefined, files))).toBe(false);
    });
});

test('a description longer than a line of a table is refused', async () => {
    expect(await ofLibrary({ name: 'grant-log', description: 'a'.repeat(201) })).toEqual({
        code: 'DESCRIPTION_INVALID',
        message: expect.stringMatching(
            /^The description has 201 characters: expected one sentence of at most 200, for/,
        ),
    });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FsTree } from 'nx/src/generators/tree';
import { checkedProjects, EXCEPTIONS, findDrift } from './drift.ts';
import { libraryGenerator } from './library/library-generator.ts';
import { serviceGenerator } from './service/service-generator.ts';
import { REPOSITORY } from './temporary-workspace.ts';

const repository = new FsTree(REPOSITORY, false);

test.each(checkedProjects(repository))('%s has the shape that the generator would write today', folder => {
    expect(findDrift(folder, repository)).toEqual([]);
});

test('no library and no service is left out', () => {
    expect(checkedProjects(repository)).toEqual(
        expect.arrayContaining(['libs/one-core', 'libs/testing', 'apps/archive-node', 'apps/web-client']),
    );
});

test.each(Object.entries(EXCEPTIONS))(
    'the exception for %s is for something that exists, and says why',
    (folder, { why }) => {
        expect(existsSync(join(REPOSITORY, folder, 'package.json'))).toBe(true);
        expect(why).not.toBe('');
    },
);

describe('a difference is found and named:', () => {
    /** A generated library and service, changed; the tree is never written to disk. */
    async function driftOf(path: string, change: (text: string) => string | undefined): Promise<readonly string[]> {
        const tree = new FsTree(REPOSITORY, false);
        await libraryGenerator(tree, { name: 'grant-log' });
        await serviceGenerator(tree, { name: 'echo' });
        const text = change(tree.read(path, 'utf8') ?? '');
        if (text === undefined) tree.delete(path);
        else tree.write(path, text);
        return findDrift(path.split('/', 2).join('/'), tree);
    }
    const manifest =
        (change: (fields: Record<string, unknown>) => object) =>
        (text: string): string =>
            JSON.stringify(change(JSON.parse(text) as Record<string, unknown>));
    const same = (text: string): string => text;
    const gone = (): undefined => undefined;

    test('none in what was just generated', async () => {
        expect(await driftOf('libs/grant-log/package.json', same)).toEqual([]);
        expect(await driftOf('apps/echo/package.json', same)).toEqual([]);
    });

    test.each([
        [
            'another Jest configuration',
            'libs/grant-log/jest.config.js',
            () => 'export default {};\n',
            'jest.config.js is',
        ],
        ['another TypeScript base', 'apps/echo/tsconfig.json', () => '{}', 'tsconfig.json: "extends" is undefined'],
        ['no README', 'libs/grant-log/README.md', gone, 'README.md is missing'],
        ['no entry point', 'libs/grant-log/src/index.ts', gone, 'src/index.ts is missing'],
        ['no configuration', 'apps/echo/src/config.ts', gone, 'src/config.ts is missing'],
        ['no test that starts it', 'apps/echo/src/main.int.test.ts', gone, 'src/main.int.test.ts is missing'],
        [
            'a start of its own',
            'apps/echo/src/main.ts',
            () => 'export {};\n',
            'src/main.ts does not start by runService',
        ],
        [
            'another order of fields',
            'libs/grant-log/package.json',
            manifest(({ name, ...fields }) => ({ ...fields, name })),
            'package.json: the order of fields is version, description',
        ],
        [
            'an unknown field',
            'libs/grant-log/package.json',
            manifest(fields => ({ ...fields, main: 'index.js' })),
            'package.json: no place is defined for main',
        ],
        [
            'compiled files before sources',
            'libs/grant-log/package.json',
            manifest(fields => ({
                ...fields,
                exports: {
                    '.': { default: './dist/index.js', types: './dist/index.d.ts', '@one/source': './src/index.ts' },
                },
            })),
            'package.json: "exports" of "." is',
        ],
        [
            'another entry point of another form',
            'libs/grant-log/package.json',
            manifest(fields => ({
                ...fields,
                exports: { ...(fields['exports'] as object), './redis': './src/redis/index.ts' },
            })),
            'package.json: "exports" of "./redis" is "./src/redis/index.ts"',
        ],
        [
            'an unknown layer',
            'libs/grant-log/package.json',
            manifest(fields => ({ ...fields, nx: { name: 'grant-log', tags: ['scope:fun', 'platform:any'] } })),
            'package.json: "nx.tags" are ["scope:fun","platform:any"], expected a scope (federation,',
        ],
        [
            'a service in the layer of a library',
            'apps/echo/package.json',
            manifest(fields => ({ ...fields, nx: { name: 'echo', tags: ['scope:federation', 'platform:node'] } })),
            'package.json: "nx.tags" are ["scope:federation","platform:node"], expected a scope (app)',
        ],
        [
            'another name in Nx',
            'apps/echo/package.json',
            manifest(fields => ({ ...fields, nx: { name: 'echoes', tags: ['scope:app', 'platform:node'] } })),
            'package.json: "nx.name" is "echoes", expected "echo"',
        ],
        [
            'another licence',
            'libs/grant-log/package.json',
            manifest(fields => ({ ...fields, license: 'MIT' })),
            'package.json: "license" is "MIT", expected "Apache-2.0"',
        ],
        [
            'a service without the kit',
            'apps/echo/package.json',
            manifest(fields => ({ ...fields, dependencies: {} })),
            'package.json: "dependencies" on @lama/service-kit is undefined, expected "*"',
        ],
    ])('%s', async (_what, path, change, sentence) => {
        const folder = path.split('/', 2).join('/');
        expect(await driftOf(path, change)).toEqual([expect.stringContaining(`${folder}/${sentence}`)]);
    });
});

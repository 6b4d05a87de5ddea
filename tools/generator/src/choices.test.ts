import { expect, test } from '@jest/globals';
import { FsTree } from 'nx/src/generators/tree';
import { libraryGenerator, type LibraryOptions } from './library/library-generator.ts';
import { serviceGenerator } from './service/service-generator.ts';
import { REPOSITORY } from './temporary-workspace.ts';

/** Reads what was generated in this very workspace; the tree is never written to disk. */
type Generated = (path: string) => string;

function reader(tree: FsTree, folder: string): Generated {
    return path => tree.read(`${folder}/${path}`, 'utf8') ?? '';
}

async function library(options: Omit<LibraryOptions, 'name'>): Promise<Generated> {
    const tree = new FsTree(REPOSITORY, false);
    await libraryGenerator(tree, { name: 'grant-log', ...options });
    return reader(tree, 'libs/grant-log');
}

test('a library belongs to the top layer and runs everywhere unless somebody says otherwise', async () => {
    const text = await library({});
    expect(text('package.json')).toMatch(/"scope:federation",\s*"platform:any"/);
    expect(JSON.parse(text('tsconfig.json'))).toEqual({ extends: '../../tsconfig.base.json' });
    expect(text('README.md')).toContain('# @lama/grant-log\n\nThe grant-log library.\n');
});

test.each([
    ['  Who  was\ngranted what ', 'Who was granted what.'],
    ['Who was granted what?', 'Who was granted what?'],
    [' ', 'The grant-log library.'],
])('the description %j becomes the sentence %j', async (description, sentence) => {
    const text = await library({ description });
    expect(JSON.parse(text('package.json'))).toMatchObject({ description: sentence });
    expect(text('README.md')).toContain(`# @lama/grant-log\n\n${sentence}\n`);
});

test('the chosen layer and platform are the tags; both may be written as tags', async () => {
    const text = await library({ scope: 'scope:service-kit', platform: 'platform:node' });
    expect(text('package.json')).toMatch(/"scope:service-kit",\s*"platform:node"/);
    expect(text('README.md')).toContain('**Who may import it**: `scope:app`, `scope:tool` (');
    expect(text('README.md')).toContain('**Where it runs**: in Node only.');
});

test('a library for the browser knows the DOM and not Node', async () => {
    const text = await library({ platform: 'browser' });
    expect(JSON.parse(text('tsconfig.json'))).toMatchObject({
        compilerOptions: { lib: expect.arrayContaining(['dom']), types: [] },
    });
});

test('errors extend OneError in the layers above one-core, and depend on it', async () => {
    const text = await library({ scope: 'federation' });
    expect(text('src/errors.ts')).toContain('class InvalidGrantLogError extends OneError {');
    expect(JSON.parse(text('package.json'))).toMatchObject({ dependencies: { '@refinio/one.core': '*' } });
});

test.each(['one-core', 'testing'])('errors of the layer %s extend Error: it may not import one-core', async scope => {
    const text = await library({ scope });
    expect(text('src/errors.ts')).toContain('class InvalidGrantLogError extends Error {');
    expect(JSON.parse(text('package.json'))).not.toHaveProperty('dependencies');
});

test.each([9000, '9000'])('the chosen port is the default of HEALTH_PORT: %j', async port => {
    const tree = new FsTree(REPOSITORY, false);
    await serviceGenerator(tree, { name: 'echo', port });
    const text = reader(tree, 'apps/echo');
    expect(text('src/config.ts')).toContain("fallback: '9000'");
    expect(text('README.md')).toContain('| 9000 ');
});

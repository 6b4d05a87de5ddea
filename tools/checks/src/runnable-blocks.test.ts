import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BlockError, matchesOutput, runBlock, runnableBlocks } from './runnable-blocks.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const documents: string[] = [];
for await (const file of glob(['*.md', 'docs/**/*.md', '{apps,libs,tools}/*/README.md', '{e2e,bench}/README.md'], {
    cwd: root,
})) {
    documents.push(file);
}
const blocks = documents
    .sort()
    .flatMap(file =>
        runnableBlocks(readFileSync(join(root, file), 'utf8')).map(block => ({ file, line: block.line, block })),
    );

test('there is documentation to check', () => {
    expect(documents).toContain('README.md');
    expect(blocks.length).toBeGreaterThan(3);
});

describe('the documentation is true', () => {
    test.each(blocks)(
        '$file:$line',
        async ({ block }) => {
            const { exitCode, stdout, stderr } = await runBlock(root, block);
            expect({ exitCode, stderr: exitCode === 0 ? '' : stderr + stdout }).toEqual({ exitCode: 0, stderr: '' });
            if (block.output !== undefined && !matchesOutput(stdout, block.output)) expect(stdout).toBe(block.output);
        },
        150_000,
    );
});

describe('runnable blocks', () => {
    const fence = '```';

    test('are found with the output that follows', () => {
        const text = `# Title\n\n${fence}bash run\necho a\n${fence}\n\n${fence}text output\na\n${fence}\n\n${fence}ts\nnot run\n${fence}\n`;
        expect(runnableBlocks(text)).toEqual([{ language: 'bash', code: 'echo a', line: 3, output: 'a' }]);
    });

    test('of another language are a mistake', () => {
        expect(() => runnableBlocks(`${fence}python run\n1\n${fence}\n`)).toThrow(BlockError);
    });

    test('are run, and fail when one of their lines fails', async () => {
        const bash = { language: 'bash', line: 1, output: undefined } as const;
        expect(await runBlock(root, { ...bash, code: 'pwd' })).toMatchObject({
            exitCode: 0,
            stdout: `${root.replace(/\/$/, '')}\n`,
        });
        expect(await runBlock(root, { ...bash, code: 'false\necho never' })).toMatchObject({ exitCode: 1, stdout: '' });
    });

    test('leave no process behind', async () => {
        // The process in the background holds the output open: without its end this takes longer than a test may.
        const block = { language: 'bash', code: 'sleep 60 & echo started', line: 1, output: undefined } as const;
        expect(await runBlock(root, block)).toMatchObject({ exitCode: 0, stdout: 'started\n' });
    });

    test('in TypeScript can use the libraries', async () => {
        const code = `import { isHash } from '@refinio/one.core';\nconst text: string = 'x';\nprocess.stdout.write(String(isHash(text)));`;
        expect(await runBlock(root, { language: 'ts', code, line: 1, output: undefined })).toEqual({
            exitCode: 0,
            stdout: 'false',
            stderr: '',
        });
    });

    test.each([
        ['a\nb\n', 'a\nb', true],
        ['a  \nb', 'a\nb', true],
        ['a\nx\ny\nb\n', 'a\n...\nb', true],
        ['a\nb\n', 'a\n...\nb', true],
        ['a\nb\nc\n', 'a\nb', false],
        ['axb\n', 'a.b', false],
    ])('output %j is compared with %j', (actual, shown, same) => {
        expect(matchesOutput(actual, shown)).toBe(same);
    });
});

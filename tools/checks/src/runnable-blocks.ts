// Code blocks of the documentation that are run by the tests. In Markdown:
//
//   ```bash run        run by bash -euo pipefail in the root of the workspace
//   ```ts run          run by Node, with the libraries of the workspace
//   ```text output     right after one of them: what it prints; a line `...` stands for any lines
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fromMarkdown } from 'mdast-util-from-markdown';

const TIMEOUT_MS = 120_000;

/** Warnings about the settings of whoever runs the tests are not part of what a document shows. */
const QUIET_NPM = { npm_config_loglevel: 'silent' };

/** A block marked as runnable, and what it should print where the document says so. */
export interface RunnableBlock {
    readonly language: 'bash' | 'ts';
    readonly code: string;
    /** Line in the document, from 1. */
    readonly line: number;
    readonly output: string | undefined;
}

/** A block is marked in a way that nothing can be done with. */
export class BlockError extends Error {
    override readonly name = 'BlockError';
}

/** The runnable blocks of a Markdown text, in order. @throws BlockError for a mark that is not understood */
export function runnableBlocks(markdown: string): RunnableBlock[] {
    const nodes = fromMarkdown(markdown).children;
    return nodes.flatMap((node, index) => {
        if (node.type !== 'code' || node.meta !== 'run') return [];
        const line = node.position?.start.line ?? 0;
        if (node.lang !== 'bash' && node.lang !== 'ts') {
            throw new BlockError(`Line ${line}: "${node.lang ?? ''} run" cannot be run; use bash or ts.`);
        }
        const next = nodes[index + 1];
        const output = next?.type === 'code' && next.meta === 'output' ? next.value : undefined;
        return [{ language: node.lang, code: node.value, line, output }];
    });
}

/** Runs a block in the root of the workspace. */
export function runBlock(
    root: string,
    { language, code }: RunnableBlock,
): { readonly exitCode: number; readonly stdout: string; readonly stderr: string } {
    const [program, args] =
        language === 'bash'
            ? (['bash', ['-euo', 'pipefail', '-c', code]] as const)
            : ([
                  process.execPath,
                  ['--conditions=@one/source', '--input-type=module-typescript', '--eval', code],
              ] as const);
    const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    const { status, stdout, stderr, error } = spawnSync(program, args, {
        cwd: root,
        encoding: 'utf8',
        timeout: TIMEOUT_MS,
        env: {
            ...process.env,
            PATH: path,
            NODE_OPTIONS: '--no-warnings',
            FORCE_COLOR: '0',
            NX_TUI: 'false',
            ...QUIET_NPM,
        },
    });
    return { exitCode: status ?? -1, stdout, stderr: stderr + (error?.message ?? '') };
}

/** Whether a text is what the document shows. Trailing white space does not count; a line `...` stands for any lines. */
export function matchesOutput(actual: string, shown: string): boolean {
    const lines = shown
        .trimEnd()
        .split('\n')
        .map(line => line.trimEnd());
    const pattern = lines.map(line => (line.trim() === '...' ? '(?:[^\\n]*\\n)*?' : `${escape(line)}\\n`)).join('');
    const normalized = actual
        .trimEnd()
        .split('\n')
        .map(line => `${line.trimEnd()}\n`)
        .join('');
    return new RegExp(`^${pattern}$`).test(normalized);
}

function escape(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

// Code blocks of the documentation that are run by the tests. In Markdown:
//
//   ```bash run        run by bash -euo pipefail in the root of the workspace
//   ```ts run          run by Node, with the libraries of the workspace
//   ```text output     right after one of them: what it prints; a line `...` stands for any lines
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** What a block did. */
export interface BlockResult {
    /** 128 when it was ended by a signal or took too long. */
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** Runs a block in the root of the workspace. Processes that it leaves behind are ended with it. */
export async function runBlock(root: string, { language, code }: RunnableBlock): Promise<BlockResult> {
    const [program, args] =
        language === 'bash'
            ? (['bash', ['-euo', 'pipefail', '-c', code]] as const)
            : ([
                  process.execPath,
                  ['--conditions=@one/source', '--input-type=module-typescript', '--eval', code],
              ] as const);
    const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    const child = spawn(program, args, {
        cwd: root,
        // A group of its own, so that what it started can be ended with it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
            ...process.env,
            PATH: path,
            NODE_OPTIONS: '--no-warnings',
            FORCE_COLOR: '0',
            NX_TUI: 'false',
            ...QUIET_NPM,
        },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const late = setTimeout(() => endGroup(child.pid), TIMEOUT_MS);
    const closed = once(child, 'close');
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    clearTimeout(late);
    endGroup(child.pid);
    await closed;
    return { exitCode: exitCode ?? 128, stdout, stderr };
}

function endGroup(pid: number | undefined): void {
    if (pid === undefined) return;
    try {
        process.kill(-pid, 'SIGKILL');
    } catch {
        // Nobody of the group is left.
    }
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

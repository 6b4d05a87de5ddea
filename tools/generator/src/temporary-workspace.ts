// A workspace of its own on disk for the tests: our configuration and our projects from their sources, without a
// build, and the installed packages by links. What a generator writes there is judged by the real tools.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

/** Root of the workspace this file belongs to. */
export const REPOSITORY = join(import.meta.dirname, '../../..');

const ROOT_FILES = [
    '.editorconfig',
    '.gitignore',
    '.prettierignore',
    '.prettierrc.json',
    'eslint.config.js',
    'jest.preset.js',
    'nx.json',
    'package.json',
    'package-lock.json',
    'tsconfig.base.json',
    'tsconfig.json',
];
/** All that package.json names: projects depend on one another by name, so leaving one out breaks the project graph. */
const FOLDERS = ['apps', 'libs', 'tools', 'e2e', 'bench'];
const NOT_COPIED = new Set(['node_modules', 'dist', 'test-results', 'test-vectors', '.angular']);

export interface Outcome {
    readonly exitCode: number;
    /** stdout and stderr. */
    readonly output: string;
}

export interface TemporaryWorkspace extends AsyncDisposable {
    readonly root: string;
    /** Runs a program of node_modules/.bin in the root. Its environment is that of a fresh shell, not of this test. */
    run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
}

export async function temporaryWorkspace(): Promise<TemporaryWorkspace> {
    const root = await mkdtemp(join(tmpdir(), 'lama-generator-'));
    for (const path of [...ROOT_FILES, ...FOLDERS]) {
        await cp(join(REPOSITORY, path), join(root, path), {
            recursive: true,
            filter: source => !NOT_COPIED.has(basename(source)),
        });
    }
    await linkPackages(root);
    return {
        root,
        run: (program, args, env) => run(root, program, args, env),
        [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
    };
}

/** Links every installed package to the real one, and every package of the workspace to its copy. */
async function linkPackages(root: string): Promise<void> {
    const from = join(REPOSITORY, 'node_modules');
    const to = join(root, 'node_modules');
    await mkdir(to);
    for (const entry of await readdir(from, { withFileTypes: true })) {
        const { name } = entry;
        if (name === '@lama' || name === '@refinio') {
            await mkdir(join(to, name));
            for (const ours of await readdir(join(from, name))) {
                await symlink(await readlink(join(from, name, ours)), join(to, name, ours));
            }
        } else if (!entry.isFile() && (name === '.bin' || !name.startsWith('.'))) {
            await symlink(join(from, name), join(to, name), 'junction');
        }
    }
}

function run(root: string, program: string, args: readonly string[], env = {}): Promise<Outcome> {
    const bin = join(root, 'node_modules/.bin');
    const options = {
        cwd: root,
        env: {
            PATH: [bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
            HOME: process.env['HOME'],
            // An answer that says "out of sync" is a failure only where nobody is asked.
            CI: 'true',
            NO_COLOR: '1',
            NX_DAEMON: 'false',
            NX_ISOLATE_PLUGINS: 'false',
            ...env,
        },
    };
    return new Promise(resolve => {
        const child = execFile(join(bin, program), args, options, (_error, stdout, stderr) => {
            resolve({ exitCode: child.exitCode ?? 1, output: stdout + stderr });
        });
    });
}

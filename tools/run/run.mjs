// Runs a command of this workspace on the right Node, installing first what the lock file asks for.
//
//     node tools/run/run.mjs COMMAND [ARGUMENT ...]
//
// This file is the only one that must run on whatever Node a machine happens to have (20 or newer): it has no
// dependencies and no types. Everything else runs on the Node that npm installs from the lock file.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainInstallFailure } from './explain-install-failure.mjs';

const REQUIRED_NODE = 26;
/** npm's own patience is over a minute: too long before a person learns that there is no network. */
const PATIENCE = ['--fetch-retries=2', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=10000'];
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const at = (...path) => join(root, ...path);
const json = file => JSON.parse(readFileSync(at(file), 'utf8'));

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail('Usage: node tools/run/run.mjs COMMAND [ARGUMENT ...]', 2);

const stale = staleReason();
if (stale !== undefined) await install(stale);
const node = pinnedNode();
const path = [dirname(node), at('node_modules/.bin'), process.env.PATH].join(delimiter);
const child = spawn(command === 'node' ? node : command, args, {
    stdio: 'inherit',
    shell: command !== 'node' && process.platform === 'win32',
    env: { NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false', ...process.env, PATH: path },
});
// The terminal sends Ctrl-C to the whole group; the child decides how to stop, this process only waits for it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
process.on('SIGHUP', () => child.kill('SIGHUP'));
child.on('error', error => fail(`Cannot run "${command}": ${error.message}`, 127));
child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
});

/** Why node_modules does not match the lock file (a package's path, or "missing"), or undefined when it does. */
function staleReason() {
    if (!existsSync(at('node_modules/.package-lock.json'))) return 'missing';
    const have = json('node_modules/.package-lock.json').packages;
    return Object.entries(json('package-lock.json').packages).find(([location, want]) => {
        if (want.link) return !existsSync(at(location));
        if (!location.includes('node_modules/')) return false;
        if (have[location]) return have[location].version !== want.version || !existsSync(at(location));
        return !want.optional && !want.devOptional && !want.peer;
    })?.[0];
}

/** Installs exactly the lock file. Output is npm's own; a failure ends in one sentence that says what to do. */
async function install(reason) {
    const because = reason === 'missing' ? 'first run here' : `${reason} differs from the lock file`;
    process.stderr.write(`Installing packages (${because}; one to two minutes)...\n`);
    const flags = ['ci', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', ...PATIENCE];
    const npm = process.env.npm_execpath;
    const [program, argv] = npm ? [process.execPath, [npm, ...flags]] : ['npm', flags];
    const started = Date.now();
    const { code, output } = await new Promise(resolve => {
        const installer = spawn(program, argv, {
            cwd: root,
            stdio: ['ignore', 'ignore', 'pipe'],
            shell: program === 'npm' && process.platform === 'win32',
        });
        let tail = '';
        installer.stderr.on('data', chunk => (tail = (tail + chunk).slice(-20_000)));
        installer.on('error', error => resolve({ code: 127, output: error.message }));
        installer.on('close', exit => resolve({ code: exit ?? 1, output: tail }));
    });
    if (code !== 0) fail(explainInstallFailure(output), code);
    process.stderr.write(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

/** The Node binary that npm installed for this platform, else the running one if it is new enough. */
function pinnedNode() {
    const binary = process.platform === 'win32' ? 'node.exe' : 'node';
    const pinned = Object.keys(json('package.json').optionalDependencies)
        .map(name => at('node_modules', name, 'bin', binary))
        .find(file => existsSync(file) && spawnSync(file, ['-v']).status === 0);
    if (pinned) return pinned;
    if (Number.parseInt(process.versions.node) >= REQUIRED_NODE) return process.execPath;
    return fail(
        `Node ${REQUIRED_NODE} is needed and npm has none that runs on ${process.platform}-${process.arch}` +
            ` (this is Node ${process.versions.node}).\n` +
            `Install Node ${REQUIRED_NODE} or newer, and on a minimal Linux the package libatomic1, then try again.`,
        1,
    );
}

function fail(message, code) {
    process.stderr.write(`${message}\n`);
    process.exit(code);
}

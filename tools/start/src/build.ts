import { spawn } from 'node:child_process';

/** Projects that `npm start` needs built: everything it starts, and the web client. */
const PROJECTS = ['archive-node', 'pairing-service', 'access-grant-worker', 'comm-server', 'web-client'];

/** Builds what changed since the last time; quiet unless it fails. Aborting ends the build. */
export async function build(
    root: string,
    signal: AbortSignal,
): Promise<{ readonly ok: boolean; readonly output: string }> {
    const args = ['run-many', '-t', 'build', '-p', PROJECTS.join(','), '--outputStyle=static'];
    const child = spawn('nx', args, {
        cwd: root,
        signal,
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: process.platform === 'win32',
        env: { ...process.env, NX_TUI: 'false', FORCE_COLOR: '0' },
    });
    const { promise, resolve } = Promise.withResolvers<{ ok: boolean; output: string }>();
    let output = '';
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-40_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', error => resolve({ ok: false, output: error.message }));
    child.on('close', code => resolve({ ok: code === 0, output }));
    return promise;
}

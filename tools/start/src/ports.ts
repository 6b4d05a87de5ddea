import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import type { PlannedProcess } from './plan.ts';

/** The ports of the plan that other processes hold, as one line each: port, who needs it, who has it. */
export async function takenPorts(plan: readonly PlannedProcess[]): Promise<string[]> {
    const wanted = plan.flatMap(({ name, ports }) => ports.map(port => ({ name, port })));
    const taken = await Promise.all(wanted.map(async ({ name, port }) => ((await isFree(port)) ? undefined : { name, port })));
    return Promise.all(
        taken
            .filter(entry => entry !== undefined)
            .map(async ({ name, port }) => {
                const owner = await portOwner(port);
                return `Port ${port}, needed by ${name}, is taken by ${owner ?? 'another process'}.`;
            }),
    );
}

/** Whether nobody listens on a port of the loopback addresses. */
export async function isFree(port: number): Promise<boolean> {
    return (await canBind(port, '127.0.0.1')) && (await canBind(port, '::1'));
}

function canBind(port: number, host: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, ipv6Only: true }, () => server.close(() => resolve(true)));
    return promise;
}

/** Who listens on a port, as `process 4711 (node)`; undefined where the system does not tell. */
async function portOwner(port: number): Promise<string | undefined> {
    return process.platform === 'linux' ? ownerFromProc(port) : ownerFromLsof(port);
}

/** Linux: the listening socket's inode in /proc/net/tcp, then the process that has it open. */
async function ownerFromProc(port: number): Promise<string | undefined> {
    const hexPort = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(file => readFile(file, 'utf8').catch(() => '')));
    const listening = tables
        .flatMap(table => table.split('\n'))
        .map(line => line.trim().split(/\s+/))
        .filter(fields => fields[1]?.endsWith(hexPort) && fields[3] === '0A');
    const sockets = new Set(listening.map(fields => `socket:[${fields[9]}]`));
    for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
        const handles = await readdir(`/proc/${pid}/fd`).catch(() => []);
        for (const handle of handles) {
            const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => '');
            if (!sockets.has(target)) continue;
            const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'unknown')).trim();
            return `process ${pid} (${name})`;
        }
    }
    return undefined;
}

async function ownerFromLsof(port: number): Promise<string | undefined> {
    try {
        const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
        const [, pid, name] = /^p(\d+)\nc(.*)$/m.exec(stdout) ?? [];
        return pid === undefined ? undefined : `process ${pid} (${name})`;
    } catch {
        return undefined;
    }
}

import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process that listens on a port. */
export interface ListeningProcess {
    readonly pid: number;
    readonly name: string;
}

/** Who listens on a TCP port of this machine; undefined where nobody does or the system does not tell. */
export function listeningProcess(port: number): Promise<ListeningProcess | undefined> {
    return process.platform === 'linux' ? fromProc(port) : fromLsof(port);
}

/** Linux: the listening socket's inode in /proc/net/tcp, then the process that has it open. */
async function fromProc(port: number): Promise<ListeningProcess | undefined> {
    const sockets = await listeningSockets(port);
    for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
        const handles = await readdir(`/proc/${pid}/fd`).catch(() => []);
        for (const handle of handles) {
            const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => '');
            if (!sockets.has(target)) continue;
            const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'unknown')).trim();
            return { pid: Number(pid), name };
        }
    }
    return undefined;
}

async function listeningSockets(port: number): Promise<Set<string>> {
    const hexPort = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const files = ['/proc/net/tcp', '/proc/net/tcp6'];
    const tables = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => '')));
    const rows = tables.flatMap(table => table.split('\n')).map(line => line.trim().split(/\s+/));
    const LISTEN = '0A';
    return new Set(
        rows
            .filter(([, address, , state]) => address?.endsWith(hexPort) === true && state === LISTEN)
            .map(fields => `socket:[${fields[9] ?? ''}]`),
    );
}

async function fromLsof(port: number): Promise<ListeningProcess | undefined> {
    try {
        const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
        const [, pid, name] = /^p(\d+)\nc(.*)$/m.exec(stdout) ?? [];
        return pid === undefined ? undefined : { pid: Number(pid), name: name ?? 'unknown' };
    } catch {
        // No lsof, or nobody listens: both mean that there is nothing to tell.
        return undefined;
    }
}

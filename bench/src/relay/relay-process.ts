import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../../apps/comm-server/', import.meta.url);
/** For all clients of a benchmark come from one address. */
const WITHOUT_LIMITS = {
    ...{ MAX_SOCKETS: '1000000', MAX_SOCKETS_PER_ADDRESS: '1000000' },
    ...{ SOCKETS_PER_MINUTE: '1000000', REQUESTS_PER_MINUTE: '1000000' },
};

/** What it says of itself. */
export interface RelayState {
    readonly memoryMB: number;
    /** Since its start. */
    readonly cpuSeconds: number;
    readonly spares: number;
    readonly bytes: number;
}

/** A communication server of ours, as its own process. */
export class RelayProcess {
    readonly #child: ChildProcess;
    readonly url: string;
    readonly #healthUrl: string;

    private constructor(child: ChildProcess, url: string, healthUrl: string) {
        this.#child = child;
        this.url = url;
        this.#healthUrl = healthUrl;
    }

    /** @param isBuilt as `npm start` runs it; else from its sources */
    static async start(isBuilt: boolean): Promise<RelayProcess> {
        const args = isBuilt ? ['dist/main.js'] : ['--conditions=@one/source', 'src/main.ts'];
        const child = spawn(process.execPath, args, {
            cwd: fileURLToPath(FOLDER),
            stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
            env: {
                PATH: process.env['PATH'],
                LISTEN_HOST: '127.0.0.1',
                LISTEN_PORT: '0',
                HEALTH_PORT: '0',
                ...WITHOUT_LIMITS,
            },
        });
        const urls = new Map<string, string>();
        const { stdout } = child;
        if (stdout === null) throw new Error('The relay has no output.');
        for await (const line of createInterface(stdout)) {
            const { msg = '', url = '' } = JSON.parse(line) as { readonly msg?: string; readonly url?: string };
            urls.set(msg, url);
            if (msg === 'ready') break;
        }
        stdout.resume();
        return new RelayProcess(child, urls.get('listening') ?? '', urls.get('health') ?? '');
    }

    async state(): Promise<RelayState> {
        const text = await (await fetch(`${this.#healthUrl}/metrics`)).text();
        const read = (name: string): number =>
            Number(
                text
                    .split('\n')
                    .find(line => line.startsWith(name))
                    ?.split(' ')
                    .at(-1),
            );
        return {
            memoryMB: read('process_resident_memory_bytes') / 2 ** 20,
            cpuSeconds: read('process_cpu_seconds_total'),
            spares: read('one_relay_sockets{state="spare"'),
            bytes: read('one_relay_bytes_total'),
        };
    }

    async stop(): Promise<void> {
        this.#child.kill('SIGTERM');
        await once(this.#child, 'exit');
    }
}

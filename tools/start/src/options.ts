import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm start -- …` was asked for. */
export interface StartOptions {
    /** Added to every port, so that several systems run side by side. */
    readonly portOffset: number;
    /** Folder for everything that is stored, absolute. */
    readonly storage: string;
    /** Whether a Redis may be used or started; `--embedded` says no. */
    readonly redis: boolean;
    /** Whether a container engine may be asked for a Redis; `--no-containers` says no. */
    readonly containers: boolean;
    /** Shows every log line of every service instead of warnings only. */
    readonly verbose: boolean;
}

const MAX_PORT_OFFSET = 50_000;

export const USAGE = `npm start [-- OPTION ...]

  --port-offset N   add N to every port (0 to ${MAX_PORT_OFFSET})
  --storage FOLDER  where to store (default one-core-storage; with an offset one-core-storage/offset-N)
  --embedded        run without Redis, on the store of the archive alone
  --no-containers   do not ask a container engine for a Redis
  --verbose         show every log line of the services, not only warnings
  --help            this text

REDIS_URL names a Redis that runs already. LOG_LEVEL and PUBLIC_URL are passed on to the services.
`;

/** Reads the arguments (folders count from `root`); the text to print instead of starting when they cannot be used or ask for help. */
export function readOptions(
    root: string,
    args: readonly string[],
): StartOptions | { readonly exitCode: number; readonly text: string } {
    try {
        const { values } = parseArgs({
            args: [...args],
            options: {
                'port-offset': { type: 'string', default: '0' },
                storage: { type: 'string' },
                embedded: { type: 'boolean', default: false },
                'no-containers': { type: 'boolean', default: false },
                verbose: { type: 'boolean', default: false },
                help: { type: 'boolean', default: false },
            },
        });
        if (values.help) return { exitCode: 0, text: USAGE };
        const offset = values['port-offset'];
        if (!/^\d{1,5}$/.test(offset) || Number(offset) > MAX_PORT_OFFSET) {
            const text = `--port-offset is "${offset}": expected a whole number from 0 to ${MAX_PORT_OFFSET}.\n`;
            return { exitCode: 2, text };
        }
        const portOffset = Number(offset);
        // Two systems side by side must never write to the same folder.
        const fallback = portOffset === 0 ? 'one-core-storage' : `one-core-storage/offset-${portOffset}`;
        return {
            portOffset,
            storage: resolve(root, values.storage ?? fallback),
            redis: !values.embedded,
            containers: !values['no-containers'],
            verbose: values.verbose,
        };
    } catch (error) {
        return { exitCode: 2, text: `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}` };
    }
}

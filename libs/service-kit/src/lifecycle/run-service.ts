import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OneError } from '@refinio/one.core';
import closeWithGrace from 'close-with-grace';
import { commonSettings } from '../config/common-settings.ts';
import { describeSettings } from '../config/describe-settings.ts';
import { ConfigError, readConfig } from '../config/read-config.ts';
import type { ConfigOf, Settings } from '../config/settings.ts';
import { Health } from '../health/health.ts';
import { createHttpServer } from '../http/http-server.ts';
import { addInternalRoutes } from '../http/internal-routes.ts';
import { listen } from '../http/listen.ts';
import { STOP_DEADLINE_MS, STOP_MARGIN_MS } from '../limits.ts';
import { createLogger, type Logger } from '../log/logger.ts';
import { createMetrics, type Metrics } from '../metrics.ts';

/** `EX_CONFIG` of sysexits.h: starting again without a change of the configuration is pointless. */
const EXIT_CONFIG = 78;

/** `EX_USAGE` of sysexits.h. */
const EXIT_USAGE = 64;

/** What a service builds its parts from. */
export interface ServiceContext<S extends Settings> {
    readonly config: ConfigOf<S>;
    readonly version: string;
    readonly logger: Logger;
    readonly health: Health;
    readonly metrics: Metrics;
    /** Hands a part over: it is disposed when the service stops, in reverse order. Returns the part. */
    readonly use: <T extends AsyncDisposable>(name: string, part: T) => T;
}

export interface ServiceDefinition<S extends Settings> {
    /** `import.meta.url` of main.ts; name and version are read from the package.json one folder up. */
    readonly main: string;
    /** All variables the service reads, `commonSettings` among them. */
    readonly settings: S & typeof commonSettings;
    /** The setting that holds the port of `/health` and `/metrics`. */
    readonly health: { readonly portVariable: keyof S & string; port(config: ConfigOf<S>): number };
    /** Builds and starts all parts; resolves when the service can do its work. */
    start(context: ServiceContext<S>): Promise<void>;
}

/**
 * Runs a process: configuration, logger, health endpoints, then the service; stops it on SIGTERM, SIGINT, an error
 * nobody caught, or when the process that started it (over an IPC channel) is gone. Within 10 s in every case.
 * Exit codes: 0 stopped, 1 failed, 64 arguments, 78 the configuration has mistakes.
 */
export async function runService<S extends Settings>(definition: ServiceDefinition<S>): Promise<void> {
    const { name, version } = readPackage(definition.main);
    answerArguments(name, version, definition.settings);
    const config = readConfigOrExit<S>(name, definition.settings);
    const { LISTEN_HOST, LOG_LEVEL } = readConfig(commonSettings);
    const logger = createLogger({ service: name, version, level: LOG_LEVEL });
    const health = new Health(name, version);
    const parts = new Parts(logger);

    let ending = false;
    const grace = closeWithGrace(
        { delay: STOP_DEADLINE_MS, skip: ['beforeExit'], logger: { error: message => logger.error(String(message)) } },
        async ({ signal, err }) => {
            ending = true;
            health.stopping();
            if (err) logger.fatal({ err }, 'an error that nobody caught');
            logger.info({ signal }, 'stopping');
            await parts.stop();
            logger.info('stopped');
        },
    );
    // A signal and the end of the starter often come together; one stop is enough.
    process.once('disconnect', () => {
        if (!ending) grace.close();
    });

    try {
        const metrics = createMetrics(name, health);
        const app = createHttpServer(logger);
        addInternalRoutes(app, health, metrics);
        const port = definition.health.port(config);
        const { portVariable } = definition.health;
        const internal = parts.use('health', await listen(app, { hosts: LISTEN_HOST, port, portVariable }));
        logger.info({ url: internal.url }, 'health');
        await definition.start({ config, version, logger, health, metrics, use: (part, it) => parts.use(part, it) });
        health.started();
        logger.info('ready');
    } catch (error) {
        if (error instanceof OneError) logger.fatal({ reason: error.code }, error.message);
        else logger.fatal({ err: error }, 'cannot start');
        ending = true;
        await Promise.race([parts.stop(), sleep(STOP_DEADLINE_MS)]);
        process.exit(1);
    }
}

/** What has been started, in order. */
class Parts {
    readonly #logger: Logger;
    readonly #started: { readonly name: string; readonly part: AsyncDisposable }[] = [];

    constructor(logger: Logger) {
        this.#logger = logger;
    }

    use<T extends AsyncDisposable>(name: string, part: T): T {
        this.#started.push({ name, part });
        return part;
    }

    /** Disposes in reverse order. A part that fails or hangs is named in the log; the others are still stopped. */
    async stop(): Promise<void> {
        let current = '';
        const late = setTimeout(() => {
            this.#logger.error({ part: current }, 'this part does not stop');
        }, STOP_DEADLINE_MS - STOP_MARGIN_MS);
        for (const { name, part } of this.#started.splice(0).reverse()) {
            current = name;
            try {
                await part[Symbol.asyncDispose]();
            } catch (error) {
                this.#logger.error({ err: error, part: name }, 'this part failed to stop');
            }
        }
        clearTimeout(late);
    }
}

function readPackage(main: string): { readonly name: string; readonly version: string } {
    const { name, version } = JSON.parse(readFileSync(new URL('../package.json', main), 'utf8')) as {
        readonly name: string;
        readonly version: string;
    };
    return { name: name.replace(/^@[^/]*\//, ''), version };
}

/** Services are configured by variables; the one argument they know is `--help`, which lists them. */
function answerArguments(name: string, version: string, settings: Settings): void {
    const args = process.argv.slice(2);
    if (args.length === 0) return;
    if (args[0] === '--help') {
        process.stdout.write(
            `${name} ${version} reads these variables; each may be a file instead: NAME_FILE=path.\n\n`,
        );
        process.stdout.write(`${describeSettings(settings)}\n`);
        process.exit(0);
    }
    process.stderr.write(`${name} takes no arguments; its variables are listed by --help.\n`);
    process.exit(EXIT_USAGE);
}

/** Before there is a logger: mistakes are for the person who started the process, so plain text on stderr. */
function readConfigOrExit<S extends Settings>(name: string, settings: S): ConfigOf<S> {
    try {
        return readConfig(settings);
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        process.stderr.write(`${name} cannot start. ${error.message}\n`);
        process.exit(EXIT_CONFIG);
    }
}

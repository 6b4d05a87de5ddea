import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';

/** A structured logger; child loggers are passed to the parts of a service. One event per line, as JSON on stdout. */
export type Logger = PinoLogger;

/** Names under which secrets travel. They are cut out even where a part logs an object it should not have logged. */
const SECRET_FIELDS = [
    'password',
    'secret',
    'archiveSecret',
    'deviceSecret',
    'setupCode',
    'token',
    'authorization',
    'cookie',
];

/**
 * The logger of a process.
 * @param destination where the lines go; stdout unless a test listens
 */
export function createLogger(
    { service, version, level }: { readonly service: string; readonly version: string; readonly level: string },
    destination?: DestinationStream,
): Logger {
    const options = {
        level,
        base: { service, version },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label: string) => ({ level: label }) },
        redact: {
            paths: SECRET_FIELDS.flatMap(name => [name, `*.${name}`, `*.*.${name}`]),
            censor: '[secret]',
        },
    };
    // Synchronous: with an asynchronous destination a fatal line overtakes those before it, and an exit loses lines.
    return pino(options, destination ?? pino.destination({ dest: 1, sync: true }));
}

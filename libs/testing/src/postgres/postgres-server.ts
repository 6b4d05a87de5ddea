import { connect } from 'node:net';

/** A PostgreSQL for tests, with an empty database and a role that may do everything. */
export interface PostgresServer {
    /** Connection URL with user and password; a secret. */
    readonly url: string;
    /** `given`: somebody else's, by TEST_POSTGRES_URL. */
    readonly origin: 'given' | 'container' | 'process';
    /** Ends all of its processes as a power cut would; the data stays. */
    kill(): Promise<void>;
    /** Starts it again on the same port with the same data. */
    restart(): Promise<void>;
    /** Ends it, cutting all connections, and forgets its data. */
    stop(): Promise<void>;
}

/** What a PostgreSQL of our own is started with. */
export interface PostgresStart {
    readonly port: number;
    readonly password: string;
}

export const [ROLE, DATABASE] = ['postgres', 'postgres'] as const;

export function postgresUrl(host: string, { port, password }: PostgresStart): string {
    return `postgres://${ROLE}:${password}@${host}:${port}/${DATABASE}`;
}

const PROTOCOL_3 = 3 << 16;
/** The server asks for the password: it has started. */
const AUTHENTICATION = 'R';
const ANSWER_MS = 2_000;

/** Whether the server lets sessions begin. It listens before, while it repairs its data. */
export function takesSessions(host: string, port: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect(port, host, () => socket.write(startupMessage()));
    socket.once('data', (answer: Buffer) => resolve(answer.toString('latin1', 0, 1) === AUTHENTICATION));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.setTimeout(ANSWER_MS, () => resolve(false));
    return promise.finally(() => socket.destroy());
}

function startupMessage(): Buffer {
    const parameters = Buffer.from(['user', ROLE, 'database', DATABASE, '', ''].join('\0'));
    const head = Buffer.alloc(8);
    head.writeInt32BE(head.length + parameters.length, 0);
    head.writeInt32BE(PROTOCOL_3, 4);
    return Buffer.concat([head, parameters]);
}

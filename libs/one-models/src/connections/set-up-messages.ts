// Messages of the set-up (spec 50 §3.5): JSON objects with a member `command`; further members are ignored. The next message must be the
// expected one.
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';

type Members = Readonly<Record<string, unknown>>;

export function sendCommand(connection: Connection, command: string, members: Members = {}): void {
    connection.send(JSON.stringify({ command, ...members }));
}

/**
 * @param parse the message, or undefined if it has another shape
 * @throws ConnectionError `SETUP_MESSAGE_REFUSED`, `CONNECTION_CLOSED`
 */
export async function readCommand<T>(
    connection: Connection,
    command: string,
    parse: (members: Members) => T | undefined,
): Promise<T> {
    const members = parseObject(await readText(connection));
    const { command: got } = members;
    if (got === undefined) throw refused("Received message without a 'command' member.");
    if (got !== command) throw refused(`Received unexpected type '${shown(got)}'. Expected type '${command}'.`);
    const parsed = parse(members);
    if (parsed === undefined) throw refused(`Received data does not match the data expected for command '${command}'`);
    return parsed;
}

/** @throws ConnectionError `SETUP_MESSAGE_REFUSED`, `CONNECTION_CLOSED` */
export async function readText(connection: Connection): Promise<string> {
    const message = await connection.read();
    if (typeof message !== 'string') throw refused('Received message that is not a string message.');
    return message;
}

/** @throws ConnectionError `SETUP_MESSAGE_REFUSED`, `CONNECTION_CLOSED` */
export async function readBytes(connection: Connection): Promise<Uint8Array> {
    const message = await connection.read();
    if (typeof message === 'string') throw refused('Received message that is not a binary message.');
    return message;
}

export function isObject(value: unknown): value is Members {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function refused(text: string): ConnectionError {
    return new ConnectionError('SETUP_MESSAGE_REFUSED', text);
}

function parseObject(text: string): Members {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch {
        // The text of the parser would repeat what the peer has sent.
        throw refused('Received message that does not conform to JSON: it cannot be parsed');
    }
    return isObject(value) ? value : {};
}

/** What a peer may see of its own. */
function shown(value: unknown): string {
    return typeof value === 'string' ? value.slice(0, 40) : typeof value;
}

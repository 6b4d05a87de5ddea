import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { PeerError } from './peer-error.ts';
import { describeError } from './describe-error.ts';
import { parseTagged, stringifyTagged } from './tagged-json.ts';

/** A command: the members of the request line in, the `result` of the answer out. */
export type Answer = (args: Readonly<Record<string, unknown>>) => unknown;

interface Request {
    readonly id: number;
    readonly cmd: string;
    readonly args: Readonly<Record<string, unknown>>;
}

/**
 * Answers each request line with one answer line; requests overlap, answers carry the same id. Reads until the input ends,
 * which aborts `end`, or that is aborted. Resolves when all answers are written.
 */
export async function serveLines(
    input: Readable,
    output: Writable,
    commands: Readonly<Record<string, Answer>>,
    end: AbortController,
): Promise<void> {
    const pending = new Set<Promise<void>>();
    for await (const line of createInterface({ input, signal: end.signal })) {
        const answering = answer(line, commands).then(text => void output.write(`${text}\n`));
        pending.add(answering);
        void answering.finally(() => pending.delete(answering));
    }
    end.abort();
    await Promise.all(pending);
}

async function answer(line: string, commands: Readonly<Record<string, Answer>>): Promise<string> {
    let id: number | null = null;
    try {
        const request = parseRequest(line);
        id = request.id;
        const command = Object.hasOwn(commands, request.cmd) ? commands[request.cmd] : undefined;
        if (command === undefined) {
            const known = Object.keys(commands).join(', ');
            throw new PeerError('PEER_BAD_REQUEST', `There is no command "${request.cmd}". Known: ${known}.`);
        }
        return stringifyTagged({ id, ok: true, result: await command(request.args) });
    } catch (error) {
        return stringifyTagged({ id, ok: false, error: describeError(error) });
    }
}

function parseRequest(line: string): Request {
    const request = parseTagged(line);
    if (typeof request !== 'object' || request === null || !('id' in request) || !('cmd' in request)) {
        throw badRequest('A request needs "id" and "cmd", for example {"id": 1, "cmd": "ping"}.');
    }
    const { id, cmd, ...args } = request;
    if (typeof id !== 'number' || typeof cmd !== 'string') {
        throw badRequest('"id" must be a number and "cmd" a text, for example {"id": 1, "cmd": "ping"}.');
    }
    return { id, cmd, args };
}

function badRequest(message: string): PeerError {
    return new PeerError('PEER_BAD_REQUEST', message);
}

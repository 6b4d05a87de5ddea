import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { OneError } from '@refinio/one.core';
import { parseTagged, stringifyTagged } from './tagged-json.ts';

/** A command: the members of the request line in, the `result` of the answer out. */
export type Command = (args: Readonly<Record<string, unknown>>) => unknown;

interface Request {
    readonly id: number;
    readonly cmd: string;
    readonly args: Readonly<Record<string, unknown>>;
}

/** A line that cannot be answered as asked. */
class BadRequestError extends OneError {
    readonly code = 'PEER_BAD_REQUEST';
}

/**
 * Answers each request line with one answer line; requests overlap, answers carry the same id. Resolves when the input
 * ends or the signal comes, and all answers are written.
 */
export async function serveLines(
    input: Readable,
    output: Writable,
    commands: Readonly<Record<string, Command>>,
    signal: AbortSignal,
): Promise<void> {
    const pending = new Set<Promise<void>>();
    for await (const line of createInterface({ input, signal })) {
        const answering = answer(line, commands).then(text => void output.write(`${text}\n`));
        pending.add(answering);
        void answering.finally(() => pending.delete(answering));
    }
    await Promise.all(pending);
}

async function answer(line: string, commands: Readonly<Record<string, Command>>): Promise<string> {
    let id: number | null = null;
    try {
        const request = parseRequest(line);
        id = request.id;
        const command = Object.hasOwn(commands, request.cmd) ? commands[request.cmd] : undefined;
        if (command === undefined) {
            const known = Object.keys(commands).join(', ');
            throw new BadRequestError(`There is no command "${request.cmd}". Known: ${known}.`);
        }
        return stringifyTagged({ id, ok: true, result: await command(request.args) });
    } catch (error) {
        return stringifyTagged({ id, ok: false, error: describe(error) });
    }
}

function parseRequest(line: string): Request {
    const request = parseTagged(line);
    if (typeof request !== 'object' || request === null || !('id' in request) || !('cmd' in request)) {
        throw new BadRequestError('A request needs "id" and "cmd", for example {"id": 1, "cmd": "ping"}.');
    }
    const { id, cmd, ...args } = request;
    if (typeof id !== 'number' || typeof cmd !== 'string') {
        throw new BadRequestError('"id" must be a number and "cmd" a text, for example {"id": 1, "cmd": "ping"}.');
    }
    return { id, cmd, args };
}

function describe(error: unknown): { readonly name: string; readonly code: string; readonly message: string } {
    if (error instanceof OneError) return { name: error.name, code: error.code, message: error.message };
    if (error instanceof Error) return { name: error.name, code: 'UNEXPECTED', message: error.message };
    return { name: 'Error', code: 'UNEXPECTED', message: String(error) };
}

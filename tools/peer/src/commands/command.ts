import * as z from 'zod';
import type { Peer } from '../peer.ts';
import { PeerError } from '../peer-error.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** One command: what the help says of it, and what it does with the members of a request line. */
export interface Command {
    /** Names of the arguments; those with a question mark may be left out. */
    readonly usage: string;
    readonly result: string;
    readonly about: string | undefined;
    /** @throws PeerError `PEER_BAD_REQUEST` naming the argument; what the command fails with */
    readonly run: (peer: Peer, name: string, args: Arguments) => unknown;
}

interface Definition<Shape extends z.ZodRawShape> {
    readonly args: Shape;
    /** As the help shows it. */
    readonly result: string;
    readonly about?: string;
    readonly run: (peer: Peer, args: z.output<z.ZodObject<Shape>>) => unknown;
}

export type Commands = Readonly<Record<string, Command>>;

export function command<Shape extends z.ZodRawShape>({ args, result, about, run }: Definition<Shape>): Command {
    const schema = z.strictObject(args);
    const names = Object.entries(args).map(([name, type]) =>
        z.safeParse(type, undefined).success ? `${name}?` : name,
    );
    const parse = (name: string, given: Arguments): z.output<z.ZodObject<Shape>> => {
        const parsed = schema.safeParse(given);
        if (parsed.success) return parsed.data;
        const mistakes = parsed.error.issues.map(issue => describeIssue(issue, given));
        const known = names.length === 0 ? 'It has no arguments' : `It has: ${names.join(', ')}`;
        throw new PeerError('PEER_BAD_REQUEST', `${name}: ${mistakes.join('; ')}. ${known}.`);
    };
    return { usage: names.join(' '), result, about, run: (peer, name, given) => run(peer, parse(name, given)) };
}

/** An argument does not fit another one. */
export function badRequest(message: string): PeerError {
    return new PeerError('PEER_BAD_REQUEST', message);
}

function describeIssue(issue: z.core.$ZodIssue, given: Arguments): string {
    if (issue.code === 'unrecognized_keys')
        return `there is no argument ${issue.keys.map(key => JSON.stringify(key)).join(', ')}`;
    const [name, ...inside] = issue.path.map(String);
    const place = [name, ...inside.map(each => `[${each}]`)].join('');
    const isMissing = name !== undefined && given[name] === undefined;
    return isMissing ? `"${place}" is missing: it is ${issue.message}` : `"${place}" has to be ${issue.message}`;
}

import type { Writable } from 'node:stream';
import { stringifyTagged } from './tagged-json.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Writes the event lines of a peer. `ready` is its first line: what happens earlier is told after it. */
export class EventLines {
    readonly #output: Writable;
    #early: string[] | undefined = [];

    constructor(output: Writable) {
        this.#output = output;
    }

    emit(event: string, fields: Fields): void {
        const line = lineOf(event, fields);
        if (this.#early === undefined) this.#output.write(line);
        else this.#early.push(line);
    }

    ready(info: Fields): void {
        this.#output.write([lineOf('ready', info), ...(this.#early ?? [])].join(''));
        this.#early = undefined;
    }
}

function lineOf(event: string, fields: Fields): string {
    return `${stringifyTagged({ event, at: Date.now(), ...fields })}\n`;
}

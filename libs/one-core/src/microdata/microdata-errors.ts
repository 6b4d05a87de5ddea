import { OneError } from '../errors.ts';
import { SHOWN_CHARACTERS } from '../limits.ts';
import { shown } from '../shown.ts';

/**
 * A value cannot be written as its recipe demands; nothing was written. `path` like `rule[2].itemtype`, entries of maps by
 * their number; `code` as in spec 10. The message shows names, never values.
 */
export class ObjectRefusedError extends OneError {
    readonly code: string;
    readonly type: string | undefined;
    readonly path: string;

    constructor(type: string | undefined, { code, path, reason }: Refusal) {
        const place = [type === undefined ? '' : shown(type).slice(1, -1), path].filter(part => part !== '').join('.');
        super(`Cannot write ${place || 'the value'}: ${reason} (${code}).`);
        this.code = code;
        this.type = type;
        this.path = path;
    }
}

/** A text is not the microdata that was asked for; nothing of it may be used. `offset` counts UTF-16 units. */
export class MicrodataError extends OneError {
    readonly code: string;
    readonly offset: number;
    readonly #text: string;

    constructor(code: string, reason: string, text: string, offset: number, options?: ErrorOptions) {
        super(`Microdata is refused at character ${offset}: ${reason} (${code}).`, options);
        this.code = code;
        this.offset = offset;
        this.#text = text.slice(offset, offset + SHOWN_CHARACTERS);
    }

    /** The text at the offset, for a developer's eyes: it may be what a person has written, so no log shows it. */
    excerpt(): string {
        return this.#text;
    }
}

/** Thrown inside of the writer; on its way up every level adds its segment to the path. Never leaves this folder. */
export class Refusal extends Error {
    readonly code: string;
    readonly reason: string;
    path = '';

    constructor(code: string, reason: string) {
        super(reason);
        this.code = code;
        this.reason = reason;
    }

    /** Puts a segment in front: `name` or `[index]`. */
    static at(error: unknown, segment: string): unknown {
        if (error instanceof Refusal) error.path = joined(segment, error.path);
        return error;
    }
}

function joined(segment: string, path: string): string {
    return path === '' || path.startsWith('[') ? segment + path : `${segment}.${path}`;
}

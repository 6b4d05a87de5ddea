import { SHOWN_CHARACTERS } from './limits.ts';

/** A name or value from elsewhere as it may stand in a message: quoted, on one line, shortened. */
export function shown(value: unknown): string {
    if (typeof value !== 'string') return value === null ? 'null' : typeof value;
    return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
}

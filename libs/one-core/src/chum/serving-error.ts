import { OneError } from '../errors.ts';
import { ERROR_TEXT_UNITS } from './request-limits.ts';

/** What a peer is told with its code and nothing else about it. */
export class ServingError extends Error {
    readonly code: string | undefined;

    constructor(message: string, code?: string) {
        super(message);
        this.code = code;
    }
}

/** Names as deployed peers give them; nothing about what nobody meant to tell. */
export function sentError(error: unknown): { name: string; message: string; code: string | undefined } {
    if (error instanceof ServingError) return { name: 'TypeError', message: error.message, code: error.code };
    if (!(error instanceof OneError)) return { name: 'Error', message: 'The request failed.', code: undefined };
    const { code, message } = error;
    return { name: 'Error', message: `${code}: ${message}`.slice(0, ERROR_TEXT_UNITS), code };
}

import { DatabaseError } from 'pg';
import type { StorageErrorCode } from '../storage-errors.ts';

/** What a failure of the server, or of the way to it, means for a store. */
interface Meaning {
    readonly code: StorageErrorCode;
    /** Before the name of the database. */
    readonly what: string;
    readonly remedy: string;
}

/** By SQLSTATE, or by its class, the first two characters. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
    '23': {
        code: 'STORAGE_DAMAGED',
        what: 'Something has an entry already that was to be new in',
        remedy: 'Restore the store from a backup; nothing was stored',
    },
    '25006': {
        code: 'STORAGE_READ_ONLY',
        what: 'Cannot write to',
        remedy: 'Give the URL of the primary server, or allow the role to write (default_transaction_read_only)',
    },
    '28': {
        code: 'STORAGE_UNAVAILABLE',
        what: 'Nobody is let in with this user and password to',
        remedy: 'Correct them in the URL, or allow them in pg_hba.conf of the server',
    },
    '3D000': {
        code: 'STORAGE_NOT_FOUND',
        what: 'The server does not have',
        remedy: 'Create it (CREATE DATABASE), or correct the URL',
    },
    '42501': {
        code: 'STORAGE_UNAVAILABLE',
        what: 'The role lacks rights in',
        remedy: 'Grant it CREATE on the database, or create the schema for it (CREATE SCHEMA … AUTHORIZATION …); nothing was stored',
    },
    '42P01': {
        code: 'STORAGE_INCOMPLETE',
        what: 'A table is missing in',
        remedy: 'Restore the schema from a backup; nothing was stored',
    },
    '53100': {
        code: 'STORAGE_FULL',
        what: 'The disk is full of',
        remedy: 'Make room on its server; nothing was stored',
    },
    '53300': {
        code: 'STORAGE_UNAVAILABLE',
        what: 'No session is free in',
        remedy: 'Raise its max_connections, or end other sessions',
    },
    '57P': {
        code: 'STORAGE_UNAVAILABLE',
        what: 'A stop or a start is under way of',
        remedy: 'Try again when it runs',
    },
    XX001: {
        code: 'STORAGE_DAMAGED',
        what: 'The server finds damaged data in',
        remedy: 'Restore it from a backup; nothing was stored',
    },
};
const REFUSED: Meaning = {
    code: 'STORAGE_UNAVAILABLE',
    what: 'The server refuses what it was asked in',
    remedy: 'Nothing was stored; its log says more',
};
const UNREACHABLE: Meaning = {
    code: 'STORAGE_UNAVAILABLE',
    what: 'Cannot reach',
    remedy: 'Start it, or correct its URL',
};

/** Names of the classes of SQLSTATE whose errors say something about a session and not about a statement. */
const OF_THE_SESSION = ['08', '57P'];
/** The server itself does not know: 40003 and 08007. */
const UNKNOWN_OUTCOME = ['40003', '08007'];
const SERIALIZATION_FAILURE = ['40001', '40P01'];
const [UNDEFINED_TABLE, UNDEFINED_SCHEMA, NOT_SUPPORTED] = ['42P01', '3F000', '0A000'];

export function meaningOf(error: unknown): Meaning {
    const state = stateOf(error);
    if (state === undefined) return UNREACHABLE;
    return MEANINGS[state] ?? MEANINGS[state.slice(0, 3)] ?? MEANINGS[state.slice(0, 2)] ?? REFUSED;
}

/** What the server or the network said, which may name the user. Nothing of a refused login: the remedy says enough. */
export function saidBy(error: unknown): string {
    if (stateOf(error)?.startsWith('28') === true) return 'access denied';
    if (typeof error !== 'object' || error === null) return 'unknown';
    if ('message' in error && typeof error.message === 'string' && error.message !== '') return error.message;
    // An attempt on several addresses says nothing but a code.
    return 'code' in error ? String(error.code) : 'unknown';
}

/** Whether the statement did not count, provided that the session still answers. */
export function isDefinite(error: unknown): boolean {
    const state = stateOf(error);
    return state !== undefined && !UNKNOWN_OUTCOME.includes(state) && !isOfSession(error);
}

/** Whether another session may succeed. */
export function isOfSession(error: unknown): boolean {
    const state = stateOf(error);
    return state === undefined || OF_THE_SESSION.some(start => state.startsWith(start));
}

/** Two transactions were in each other's way; the server asks to repeat this one. */
export function isToRepeat(error: unknown): boolean {
    return SERIALIZATION_FAILURE.includes(stateOf(error) ?? '');
}

export function isMissingTable(error: unknown): boolean {
    return [UNDEFINED_TABLE, UNDEFINED_SCHEMA].includes(stateOf(error) ?? '');
}

export function isNotSupported(error: unknown): boolean {
    return stateOf(error) === NOT_SUPPORTED;
}

/** The SQLSTATE; undefined if it is no answer of a server. */
function stateOf(error: unknown): string | undefined {
    return error instanceof DatabaseError ? error.code : undefined;
}

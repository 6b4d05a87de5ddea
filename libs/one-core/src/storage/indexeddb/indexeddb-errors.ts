import { StorageError } from '../storage-errors.ts';

/** Why a store cannot be opened. */
export function openingError(name: string, cause: unknown): StorageError {
    switch (nameOf(cause)) {
        case 'VersionError':
            return new StorageError(
                'STORAGE_NEWER',
                `The store "${name}" of this browser was written by a newer version; reload the page to get that one`,
                { cause },
            );
        case 'QuotaExceededError':
            return fullError(name, cause);
        // A sandboxed frame, blocked site data, and the private mode of some browsers.
        case 'SecurityError':
        case 'InvalidStateError':
            return unavailableError(name, 'leave the private mode, or allow this page to store site data', cause);
        default:
            return new StorageError(
                'STORAGE_UNAVAILABLE',
                `The browser cannot open the store "${name}" now${detailOf(cause)}; start the browser again, and look ` +
                    'after the disk if that does not help',
                { cause },
            );
    }
}

/** What the error of a request or of a transaction means; errors that are no failures of the engine stay as they are. */
export function transactionError(name: string, cause: unknown, doing: 'read' | 'write'): unknown {
    switch (nameOf(cause)) {
        case 'QuotaExceededError':
            return fullError(name, cause);
        // The file of a large value is gone.
        case 'NotReadableError':
            return damagedError(name, detailOf(cause), cause);
        case 'AbortError':
        case 'InvalidStateError':
            return brokenError(name, cause);
        case 'TimeoutError':
        case 'UnknownError':
            if (doing === 'write') return brokenError(name, cause);
            return new StorageError(
                'STORAGE_UNAVAILABLE',
                `The browser cannot read the store "${name}" now${detailOf(cause)}; try it again, and if that does not ` +
                    'help, open the store again',
                { cause },
            );
        default:
            return cause;
    }
}

export function damagedError(name: string, detail: string, cause?: unknown): StorageError {
    return new StorageError(
        'STORAGE_DAMAGED',
        `A value of the store "${name}" of this browser is damaged${detail}; restore it from a backup`,
        { cause },
    );
}

export function unavailableError(name: string, remedy: string, cause?: unknown): StorageError {
    return new StorageError(
        'STORAGE_UNAVAILABLE',
        `This page may store nothing in this browser, so that the store "${name}" cannot be opened; ${remedy}`,
        { cause },
    );
}

function brokenError(name: string, cause: unknown): StorageError {
    return new StorageError(
        'STORAGE_BROKEN',
        `The browser fails to work on the store "${name}"${detailOf(cause)}; open it again to see whether the last ` +
            'commits count',
        { cause },
    );
}

function fullError(name: string, cause: unknown): StorageError {
    return new StorageError(
        'STORAGE_FULL',
        `The browser gives no more space to the store "${name}". Nothing was stored; free space on the device, or let ` +
            'the browser keep the data of this page persistently',
        { cause },
    );
}

function nameOf(error: unknown): string | undefined {
    return error instanceof Error ? error.name : undefined;
}

function detailOf(error: unknown): string {
    return error instanceof Error && error.message !== '' ? `: ${error.message.replace(/\.$/, '')}` : '';
}

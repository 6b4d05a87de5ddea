import { StorageError } from '../storage-errors.ts';

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
    return (
        typeof error === 'object' &&
        error !== null &&
        'code' in error &&
        typeof error.code === 'string' &&
        codes.includes(error.code)
    );
}

/** What a failure of the file system means for whoever runs the store; others are passed on. */
export function storageErrorOf(error: unknown, folder: string): unknown {
    if (hasCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG') || says(error, /no space left|quota exceeded|file too large/i))
        return new StorageError(
            'STORAGE_FULL',
            `There is no space left for the store in "${folder}". Make room and try again; what was stored before is intact`,
            { cause: error },
        );
    if (hasCode(error, 'EROFS', 'EACCES', 'EPERM') || says(error, /read-only file system|permission denied/i))
        return new StorageError(
            'STORAGE_READ_ONLY',
            `The store in "${folder}" cannot be written: give this user the right to write there, or mount it writable`,
            { cause: error },
        );
    return error;
}

/** Engines pass on the text of the system without its code. */
function says(error: unknown, text: RegExp): boolean {
    return !(error instanceof StorageError) && error instanceof Error && text.test(error.message);
}

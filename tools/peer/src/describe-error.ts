import { OneError } from '@refinio/one.core';

/** An error as lines tell of it. */
export interface DescribedError {
    readonly name: string;
    readonly code: string;
    readonly message: string;
}

export function describeError(error: unknown): DescribedError {
    if (error instanceof OneError) return { name: error.name, code: error.code, message: error.message };
    // Those of Node may be of another realm.
    if (typeof error !== 'object' || error === null || !('message' in error))
        return { name: 'Error', code: 'UNEXPECTED', message: String(error) };
    const name = 'name' in error ? String(error.name) : 'Error';
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED';
    return { name, code, message: String(error.message) };
}

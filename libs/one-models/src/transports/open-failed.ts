import { ConnectionError } from '../connections/connection-error.ts';

export function openFailed(error: unknown): ConnectionError {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return new ConnectionError('OPEN_FAILED', `Failed to open connection. Error: ${text}`, { cause: error });
}

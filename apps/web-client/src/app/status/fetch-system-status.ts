import { type SystemStatus, systemStatusSchema } from '@lama/federation';

const STATUS_URL = '/api/v1/status';

/** Why there is no state to show. `cause` is the error behind it, for whoever has to find out more. */
export type StatusFailure =
    | { readonly type: 'timeout'; readonly timeoutMs: number }
    | { readonly type: 'network'; readonly cause: unknown }
    | { readonly type: 'refused'; readonly httpStatus: number }
    | { readonly type: 'invalid'; readonly cause: unknown };

export type StatusResult =
    | { readonly type: 'answer'; readonly status: SystemStatus }
    | { readonly type: 'failure'; readonly failure: StatusFailure };

export interface StatusRequest {
    readonly fetch: typeof fetch;
    /** Ends the request early; the call then rejects with the signal's reason. */
    readonly signal: AbortSignal;
    /** For the whole answer, headers and body. */
    readonly timeoutMs: number;
    readonly url?: string;
}

/** Asks the service that knows about the archive. Whatever goes wrong on the way is a result, not an exception. */
export async function fetchSystemStatus(request: StatusRequest): Promise<StatusResult> {
    const { fetch, signal, timeoutMs, url = STATUS_URL } = request;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
        return await ask(fetch, url, AbortSignal.any([signal, timeout.signal]));
    } catch (cause) {
        signal.throwIfAborted();
        if (timeout.signal.aborted) return failure({ type: 'timeout', timeoutMs });
        return failure({ type: 'network', cause });
    } finally {
        clearTimeout(timer);
    }
}

async function ask(fetch: typeof globalThis.fetch, url: string, signal: AbortSignal): Promise<StatusResult> {
    const response = await fetch(url, { headers: { accept: 'application/json' }, cache: 'no-store', signal });
    // Read in any case: it frees the connection, and a body that never ends counts as a timeout.
    const body = await response.text();
    if (!response.ok) return failure({ type: 'refused', httpStatus: response.status });
    return parse(body);
}

function parse(body: string): StatusResult {
    try {
        return { type: 'answer', status: systemStatusSchema.parse(JSON.parse(body)) };
    } catch (cause) {
        return failure({ type: 'invalid', cause });
    }
}

function failure(failure: StatusFailure): StatusResult {
    return { type: 'failure', failure };
}

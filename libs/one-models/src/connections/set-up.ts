import { CryptoError, type CryptoErrorCode, systemTimer, type Timer } from '@refinio/one.core';
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';

export interface SetUpOptions {
    /** Default: the clock. */
    readonly timer?: Timer;
    /** Milliseconds for this part; default: see limits.ts. */
    readonly timeoutMs?: number;
}

interface PartOptions extends SetUpOptions {
    readonly timeoutMs: number;
    /** The peer may close the connection after its last message: what it has sent counts. */
    readonly outlives?: boolean;
}

/** Texts that peers know (spec 50 §4). */
const CRYPTO_TEXTS: Partial<Record<CryptoErrorCode, string>> = {
    'CYENC-ENSPUB': 'CYENC-ENSPUB: Data is not a public key',
    'CYENC-SYMDEC': 'CYENC-SYMDEC: Decryption with symmetric key failed',
};

/**
 * Runs one part of the set-up, for a limited time; what fails closes the connection, and tells the peer why.
 * @param what for the error, as in "was not over after …"
 * @throws ConnectionError; CryptoError; what `run` throws
 */
export async function setUp<T>(
    connection: Connection,
    what: string,
    { timer = systemTimer, timeoutMs, outlives = false }: PartOptions,
    run: () => Promise<T>,
): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = timer(() => {
        reject(new ConnectionError('SETUP_TIMEOUT', `The ${what} was not over after ${timeoutMs} ms`));
    }, timeoutMs);
    try {
        return await Promise.race([run(), late, ...(outlives ? [] : [whenClosed(connection)])]);
    } catch (error) {
        connection.close(closeReasonOf(error));
        throw error;
    } finally {
        cancel();
    }
}

/** Also what waits for something else than the peer, such as the storage, ends with the connection. */
async function whenClosed(connection: Connection): Promise<never> {
    const { reason } = await connection.closed;
    throw new ConnectionError('CONNECTION_CLOSED', `The connection was closed. ${reason}`);
}

/** Of errors that are not meant for peers, only the kind (spec 50 §2.1: reasons travel in clear text). */
function closeReasonOf(error: unknown): string | undefined {
    if (error instanceof CryptoError) return `Error: ${CRYPTO_TEXTS[error.code] ?? error.code}`;
    if (!(error instanceof ConnectionError)) return 'Error: The connection could not be set up';
    if (error.code === 'AUTHENTICATION_FAILED') return undefined;
    return error.code === 'GROUP_REFUSED' ? error.message : `Error: ${error.message}`;
}

import { OneError } from '../errors.ts';
import type { Space } from './storage-backend.ts';

export type StorageErrorCode =
    /** There is no store here, and none was to be created. */
    | 'STORAGE_NOT_FOUND'
    /** A part of the store is missing. */
    | 'STORAGE_INCOMPLETE'
    /** Something was changed or cut by others than us. */
    | 'STORAGE_DAMAGED'
    /** Written by a newer version, which this one cannot read. */
    | 'STORAGE_NEWER'
    /** It belongs to another instance. */
    | 'STORAGE_OTHER_INSTANCE'
    /** Another process, or another part of this one, has it open. */
    | 'STORAGE_IN_USE'
    | 'STORAGE_FULL'
    | 'STORAGE_READ_ONLY'
    | 'STORAGE_CLOSED'
    /** The commit may count or not; only opening the store again tells. */
    | 'STORAGE_BROKEN'
    /** The server or disk that holds it cannot be reached now. */
    | 'STORAGE_UNAVAILABLE'
    /** The secret does not open an encrypted store (spec 31 §2.3). */
    | 'SC-INIT1'
    /** This kind of store cannot be encrypted (spec 31 §6.1). */
    | 'SB-INIT5';

/** A store cannot be opened, read or written. The message says which one and what to do. */
export class StorageError extends OneError {
    readonly code: StorageErrorCode;

    constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/** A key that was to be created exists already; nothing was stored. */
export class StorageKeyExistsError extends OneError {
    readonly code = 'SB-WPBR3';

    constructor(space: Space, key: string) {
        super(`"${key}" exists in "${space}" already and is never overwritten (SB-WPBR3). Nothing was stored.`);
    }
}

/** A key that not every backend can hold, or one that is written twice; nothing was stored. */
export class InvalidStorageKeyError extends OneError {
    readonly code = 'STORAGE_KEY_INVALID';

    constructor(space: Space, key: string, reason: string) {
        super(`${JSON.stringify(key.slice(0, 80))} cannot be a key of "${space}": ${reason}. Nothing was stored.`);
    }
}

/** One transaction would write more than is held in memory; nothing was stored. */
export class TransactionTooLargeError extends OneError {
    readonly code = 'TRANSACTION_TOO_LARGE';

    constructor(limit: number) {
        super(
            `One transaction would write more than ${limit} bytes. Split it; nothing was stored (TRANSACTION_TOO_LARGE).`,
        );
    }
}

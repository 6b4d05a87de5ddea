import { OneError } from '../errors.ts';
import { MicrodataError } from '../microdata/microdata-errors.ts';
import { MergeError } from '../versions/merge-errors.ts';
import { shown } from '../shown.ts';
import { StorageError } from '../storage/storage-errors.ts';

/** An object is not in the store, or is of the wrong kind for what it is used for; codes of spec 20. */
export class ObjectStoreError extends OneError {
    readonly code:
        | 'SB-READ2'
        | 'SUO-SO1'
        | 'SVO-SO2'
        | 'SB-STORE'
        | 'VERSION_NODE_INVALID'
        | 'OBJECT_IS_BLOB'
        | 'SST-CR3'
        | 'RMQ-AE1'
        | 'RMQ-AE2'
        | 'RMQ-AVMC1';

    constructor(code: ObjectStoreError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }

    static missing(what: string, hash: string): ObjectStoreError {
        return new ObjectStoreError('SB-READ2', `${what} ${shown(hash)} is not in this store`);
    }
}

/** What is damaged, missing or of an unknown type counts as not there. @throws every other error */
export function ignoreBroken(error: unknown): undefined {
    const isDamage =
        (error instanceof StorageError && error.code === 'STORAGE_DAMAGED') ||
        (error instanceof MergeError && error.code === 'MERGE_NODE_INVALID');
    if (isDamage || error instanceof MicrodataError || error instanceof ObjectStoreError) return undefined;
    throw error;
}

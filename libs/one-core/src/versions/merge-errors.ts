import { OneError } from '../errors.ts';

/** Two versions cannot be merged; the head stays as it was (spec 21 §13). */
export class MergeError extends OneError {
    readonly code:
        | 'MERGE_ALGORITHM_UNKNOWN'
        | 'MERGE_ALGORITHM_UNSUITABLE'
        | 'MERGE_NO_VALUE'
        | 'MERGE_LIST_INVALID'
        | 'MERGE_NODE_INVALID';

    constructor(code: MergeError['code'], message: string) {
        super(`${message} (${code}).`);
        this.code = code;
    }
}

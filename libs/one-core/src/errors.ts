/**
 * Base of every error this project raises on purpose. `code` is stable: programs decide by it, people read `message`,
 * which says what happened, to what, and what to do.
 */
export abstract class OneError extends Error {
    /** Stable identifier in capitals, for example `HASH_INVALID`. */
    abstract readonly code: string;

    constructor(message: string, options?: ErrorOptions) {
        super(message, options);
        this.name = new.target.name;
    }
}

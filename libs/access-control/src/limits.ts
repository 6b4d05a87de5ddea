/** A job that failed this often is left in the failed set for a person to look at. */
export const MAX_ATTEMPTS = 8;

/** First delay before a failed job is tried again; doubles each time: the last try is after about two minutes. */
export const RETRY_DELAY_MS = 1_000;

/** Completed jobs are kept only to make repeats harmless; the archive itself ignores what is older than it applied. */
export const KEPT_COMPLETED_JOBS = 10_000;

/** Bounds the memory that failing jobs can take in Redis. */
export const KEPT_FAILED_JOBS = 10_000;

/** Longest pause between two attempts to reach a lost Redis. */
export const MAX_RECONNECT_MS = 5_000;

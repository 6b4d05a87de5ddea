/** After the stop signal: the time for requests under way, flushes and closes. Container engines kill after 10 s. */
export const STOP_DEADLINE_MS = 10_000;

/** The stop sequence ends this long before the deadline, so that the log can still name what did not stop in time. */
export const STOP_MARGIN_MS = 500;

/** A dependency that does not answer this fast counts as down: load balancers ask every few seconds. */
export const DEPENDENCY_CHECK_MS = 2_000;

/** Answers to health questions are reused this long, so that asking often never loads a dependency. */
export const HEALTH_REUSE_MS = 1_000;

/** Largest request body of an endpoint that does not say otherwise. */
export const MAX_BODY_BYTES = 64 * 1024;

/** A request has to be complete after this time; slow senders hold no connection longer. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Shown of a wrong value in an error message; enough to recognize it. */
export const SHOWN_VALUE_CHARACTERS = 60;

/** Largest file that a `*_FILE` variable may name; secrets and URLs are short. */
export const MAX_SETTING_FILE_BYTES = 64 * 1024;

/** Longest pause between two attempts to reach a lost Redis. */
export const REDIS_RETRY_MS = 2_000;

/** One attempt to connect to Redis; it is on the same machine or network. */
export const REDIS_CONNECT_MS = 2_000;

/** One answer of Redis; half of what a health question may take. */
export const REDIS_ANSWER_MS = 1_000;

/** After this, a stop cuts requests that are still under way: a half-sent request must not hold the process. */
export const OPEN_REQUESTS_MS = 3_000;

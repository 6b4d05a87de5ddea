/** How often the state is asked for, after the last answer: soon enough to be trusted, no load worth mentioning. */
export const POLL_INTERVAL_MS = 10_000;

/** A service at home answers in milliseconds, one behind a bad mobile line in seconds; beyond that nobody waits. */
export const REQUEST_TIMEOUT_MS = 5_000;

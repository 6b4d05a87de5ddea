/** A service that is not ready by then will not be; its last lines say why. */
export const READY_MS = 60_000;

/** How long a service may be degraded at the start before that is taken for its real state. */
export const DEGRADED_MS = 5_000;

/** Pause between two questions for readiness. */
export const READY_POLL_MS = 100;

/** Services stop within 10 s by themselves; after this they are killed. */
export const STOP_MS = 11_000;

/** Lines of output kept of each service, shown when it ends without having been asked to. */
export const LAST_LINES = 15;

/** First pause before a service that crashed is started again; doubles with each crash. */
export const RESTART_MS = 1_000;

/** So many crashes within `CRASH_WINDOW_MS` mean that restarting does not help: everything is stopped. */
export const MAX_CRASHES = 5;
export const CRASH_WINDOW_MS = 60_000;

/** Signals closer together than this are one wish to stop; a later one means: at once. */
export const SAME_WISH_MS = 1_000;

/** The Redis of REDIS_URL has to take a connection within this time. */
export const REDIS_ANSWER_MS = 3_000;

/** One question for readiness: services answer within 2 s even when a dependency is silent. */
export const READY_ANSWER_MS = 3_000;

/** Stopping waits this long for a step of the start that is under way, so that nothing is started behind its back. */
export const STEP_MS = 10_000;

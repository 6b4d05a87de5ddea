/** A replica says this often that it is alive … */
export const HEARTBEAT_MS = 5_000;

/** … and counts as gone when it has not for three times as long: a pause of the process or of Redis is no reason. */
export const LEASE_MS = 15_000;

/** What a replica has registered is said again within this time, a part with each heartbeat … */
export const REFRESH_MS = 300_000;

/** … and what nobody says again is forgotten: that of replicas that crashed. */
export const REGISTRATION_MS = 2 * REFRESH_MS;

/** Registrations in one pipeline, when all of them are said again: a few milliseconds of Redis. */
export const ANNOUNCE_BATCH = 500;

/** One connection attempt to Redis, and one answer: a requester waits for it. */
export const REDIS_CONNECT_MS = 2_000;
export const REDIS_ANSWER_MS = 1_000;

/** Another replica takes a connection within this time: it is on the same network. */
export const REPLICA_OPEN_MS = 2_000;

/** Longest pause between two attempts to reach a lost Redis. */
export const REDIS_RETRY_MS = 2_000;

/** What was refused is told in the log this often, as numbers: a flood must not fill a disk. */
export const REFUSED_LOG_MS = 60_000;

/** Files that the process has open besides its sockets: itself, Redis, health, and some to spare. */
export const OTHER_FILES = 200;

import { MAX_RELAY_SPARES, RELAY_FIRST_MESSAGE_MS, RELAY_PING_INTERVAL_MS, RELAY_PONG_TIMEOUT_MS } from '../limits.ts';

/** What a communication server bears (spec 51 §3.9). */
export interface RelayLimits {
    readonly firstMessageMs: number;
    readonly pingIntervalMs: number;
    readonly pongTimeoutMs: number;
    readonly sparesPerKey: number;
}

export const RELAY_LIMITS: RelayLimits = {
    firstMessageMs: RELAY_FIRST_MESSAGE_MS,
    pingIntervalMs: RELAY_PING_INTERVAL_MS,
    pongTimeoutMs: RELAY_PONG_TIMEOUT_MS,
    sparesPerKey: MAX_RELAY_SPARES,
};

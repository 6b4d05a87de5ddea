import {
    MAX_RELAY_SPARES,
    RELAY_FIRST_MESSAGE_MS,
    RELAY_PING_INTERVAL_MS,
    RELAY_PONG_TIMEOUT_MS,
    RELAY_REGISTRATION_RATE,
    RELAY_REQUEST_RATE,
} from '../limits.ts';
import type { Rate } from './rate-table.ts';

/** What a communication server bears (spec 51 §3.9). */
export interface RelayLimits {
    readonly firstMessageMs: number;
    readonly pingIntervalMs: number;
    readonly pongTimeoutMs: number;
    readonly sparesPerKey: number;
    /** Of those who hold the secret of the key: others cannot use it up. */
    readonly registrationsPerKey: Rate;
    /** Of all who ask for the key. */
    readonly requestsPerKey: Rate;
}

export const RELAY_LIMITS: RelayLimits = {
    firstMessageMs: RELAY_FIRST_MESSAGE_MS,
    pingIntervalMs: RELAY_PING_INTERVAL_MS,
    pongTimeoutMs: RELAY_PONG_TIMEOUT_MS,
    sparesPerKey: MAX_RELAY_SPARES,
    registrationsPerKey: RELAY_REGISTRATION_RATE,
    requestsPerKey: RELAY_REQUEST_RATE,
};

// Every event in the log and every metric of this process, besides those that all services have.
import type { RelayStatistics } from '@refinio/one.models/node';

/** The texts of log lines. */
export const EVENTS = {
    /** info: `url` */
    listening: 'listening',
    /** info: `url` of the internal listener */
    replicas: 'listening for other replicas',
    /** info, once a minute at most: how many clients were refused since the last one, by reason */
    refused: 'refused',
    /** debug: first characters of the key that was asked for, frames, bytes, ms */
    relayed: 'a relay has ended',
    /** debug: why another replica cannot be reached; its id */
    replicaAway: 'a replica does not answer',
    /** warn, once */
    unknownProxy:
        'a connection says that it was forwarded, but TRUSTED_PROXIES does not have its address: all clients behind it are limited as one',
    /** warn, at the start */
    fewFiles: 'the limit of open files of this process is too low for MAX_SOCKETS: raise it (ulimit -n, LimitNOFILE)',
    /** info, at the start */
    notShared: 'RELAY_INTERNAL_URL is not set: registrations are not shared with other replicas',
    /** warn, at the start */
    noDirectory: 'RELAY_INTERNAL_URL is set, but REDIS_URL is not: other replicas cannot find this one',
} as const;

/** What metrics are made of. */
export interface RelayReport {
    readonly relay: RelayStatistics;
    /** Clients that were refused since the start, by reason. */
    readonly refused: Readonly<Record<string, number>>;
    readonly accepted: number;
    readonly replicaFailures: number;
}

export interface Metric {
    readonly name: string;
    readonly help: string;
    readonly type: 'gauge' | 'counter';
    /** One number, or one for each value of the label. */
    readonly read: (report: RelayReport) => number | Readonly<Record<string, number>>;
    readonly label?: string;
}

export const METRICS: readonly Metric[] = [
    {
        name: 'one_relay_sockets',
        help: 'Open connections: pending (have not said or proven what they want), spare (registered, wait), relayed',
        type: 'gauge',
        label: 'state',
        read: ({ relay: { pending, spares, relays } }) => ({ pending, spare: spares, relayed: 2 * relays }),
    },
    {
        name: 'one_relay_keys',
        help: 'Keys that are registered here',
        type: 'gauge',
        read: ({ relay }) => relay.keys,
    },
    {
        name: 'one_relay_relays',
        help: 'Pairs of peers that are connected through this process now',
        type: 'gauge',
        read: ({ relay }) => relay.relays,
    },
    {
        name: 'one_relay_accepted_total',
        help: 'Connections that were accepted',
        type: 'counter',
        read: ({ accepted }) => accepted,
    },
    {
        name: 'one_relay_handed_over_total',
        help: 'Requesters, of this and other replicas, that were given a connection registered here',
        type: 'counter',
        read: ({ relay }) => relay.handedOver,
    },
    {
        name: 'one_relay_forwarded_total',
        help: 'Requesters that were connected through another replica',
        type: 'counter',
        read: ({ relay }) => relay.forwarded,
    },
    {
        name: 'one_relay_not_found_total',
        help: 'Requests for a key that nobody had registered',
        type: 'counter',
        read: ({ relay }) => relay.notFound,
    },
    {
        name: 'one_relay_replica_failures_total',
        help: 'Attempts to reach another replica that failed',
        type: 'counter',
        read: ({ replicaFailures }) => replicaFailures,
    },
    {
        name: 'one_relay_frames_total',
        help: 'Frames that were relayed, in both directions',
        type: 'counter',
        read: ({ relay }) => relay.framesRelayed,
    },
    {
        name: 'one_relay_bytes_total',
        help: 'Bytes of those frames',
        type: 'counter',
        read: ({ relay }) => relay.bytesRelayed,
    },
    {
        name: 'one_relay_refused_total',
        help: 'Clients that were refused or closed, by reason',
        type: 'counter',
        label: 'reason',
        read: ({ refused }) => refused,
    },
];

import type { OneInstance } from '@refinio/one.core';
import type { ConnectionsModel, LeuteModel } from '@refinio/one.models';
import type { Addresses } from './addresses.ts';
import type { StoredCounts } from './stored-counts.ts';

/** Milliseconds that the parts of the start have taken. */
export interface StartTimes {
    /** Until the program was loaded. */
    readonly load: number;
    /** Opening the instance. */
    readonly core: number;
    /** Starting people and connections. */
    readonly models: number;
    readonly total: number;
}

/** What commands work with. */
export interface Peer {
    readonly one: OneInstance;
    readonly leute: LeuteModel;
    readonly connections: ConnectionsModel;
    readonly addresses: Addresses;
    readonly counts: StoredCounts;
    readonly initMs: StartTimes;
    /** Aborted when the peer is to be shut down. */
    readonly end: AbortController;
}

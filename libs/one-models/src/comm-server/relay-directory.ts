import type { MessageSocket } from '../transports/message-socket.ts';

/** Another replica of a communication server, which has spare connections of a key, as far as is known. */
export interface RelayReplica {
    /** A socket that arrives there at `RelayServer.acceptReplica`. */
    readonly connect: () => Promise<MessageSocket>;
}

/**
 * What the replicas of a communication server know of each other: which of them has spare connections of which key. Frames never pass
 * through it. It may be out of date: whoever is found there is asked, and may have none any more.
 */
export interface RelayDirectory {
    /** Tells the others; what cannot be told now is told later. */
    setRegistered(key: string, isRegistered: boolean): void;
    /** The others that have spare connections of the key, the best one first; none when the directory does not answer. Never rejects. */
    find(key: string): Promise<readonly RelayReplica[]>;
}

// What one peer may take of this side's memory and time (spec 40 §10). A deployed peer stays far below all of it.
import { MAX_MICRODATA_LENGTH } from '../limits.ts';

/** Of one connection. */
export interface RequestLimits {
    /** Requests of the peer that are served at the same time, those answered by a stream included. */
    readonly servedRequests: number;
    /** UTF-16 units of the peer's requests that are served or wait, each with `REQUEST_COST` on top; above: closed. */
    readonly openRequestUnits: number;
    /** Streams that are sent at the same time; further ones wait. */
    readonly sentStreams: number;
    /** UTF-16 units of one text message; above: closed. */
    readonly textUnits: number;
    /** Bytes of one received stream that wait for its sink, each chunk with `CHUNK_COST` on top; above: refused. */
    readonly unreadBytes: number;
    /** Invalid messages; above: closed. */
    readonly invalidMessages: number;
}

export const REQUEST_LIMITS: RequestLimits = {
    // As many as one importer of ours sends at once: each may hold a text of `MAX_MICRODATA_LENGTH`.
    servedRequests: 32,
    // A deployed importer asks for all changed IDs at once, in 130 units each: 100 000 of them.
    openRequestUnits: 64 * 1024 * 1024,
    // Each has a file open. More of them are no faster on one connection.
    sentStreams: 4,
    // The longest microdata, if each of its characters needs a backslash.
    textUnits: 2 * MAX_MICRODATA_LENGTH + 1024,
    // There is no way to let the peer wait. Half a second of a fast line, half a minute of the slowest disk.
    unreadBytes: 64 * 1024 * 1024,
    // Peers of newer versions may send what we do not know; nobody has a reason to send it that often.
    invalidMessages: 10_000,
};

/** Memory of a parsed request besides its texts. */
export const REQUEST_COST = 512;

/** Memory of a received chunk besides its bytes, so that empty and small ones count as well. */
export const CHUNK_COST = 256;

/** Most values of one message: services take a few and give one, so that this is for the memory of the parser alone. */
export const MAX_MESSAGE_VALUES = 2 ** 20;

/** Bytes of a file in one chunk, as deployed peers send them (spec 40 §2.6). */
export const STREAM_CHUNK = 64 * 1024;

/** Above it nothing is added to what the network has to take (spec 40 §2.6) … */
export const BUFFER_HIGH = 256 * 1024;
/** … before it is below this. */
export const BUFFER_LOW = 8 * 1024;
/** Pauses between two looks at the buffer, doubling: a fast line is not slowed down, a slow one not watched closely. */
export const BUFFER_FIRST_PAUSE_MS = 1;
export const BUFFER_LAST_PAUSE_MS = 64;

/** UTF-16 units of an answer that need not wait for large ones. */
export const SMALL_ANSWER = 16 * 1024;

/**
 * Answers to so many later requests may come before the one to an earlier request: twice as many as are served at the same
 * time. Further ones do not show that the peer still means to answer it.
 */
export const MAX_OVERTAKING = 64;

/** An answer that has not come for so long will not come, whatever else does: 32 answers of 10 MB on the slowest line. */
export const LONGEST_ANSWER_MS = 60 * 60_000;

/** A stream of which nothing has come for so long does not go on: the longest answers may be sent in between. */
export const STALLED_STREAM_MS = 10 * 60_000;

/** UTF-16 units of a name, code or message of a peer's error that are kept, and of a message that is sent. */
export const ERROR_TEXT_UNITS = 1000;

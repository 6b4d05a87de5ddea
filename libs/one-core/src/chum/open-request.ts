import type { IncomingAnswer } from './incoming-answer.ts';

/** An own request without a complete answer. */
export interface OpenRequest {
    readonly requestId: number;
    readonly serviceId: number;
}

/** The same, as who waits for it sees it. */
export interface WaitingRequest extends OpenRequest {
    readonly answer: IncomingAnswer;
    readonly isPoll: boolean;
    /** Units that were handed to the channel when it was: it has left when they have. */
    readonly sentAt: number;
    /** Parts of answers that came, and for which it may have had to wait. */
    moves: number;
    /** Parts of its own answer that came. */
    ownMoves: number;
}

import type { SocketClosed } from './message-socket.ts';

/** Bytes of UTF-8 that a close frame has room for (RFC 6455 §5.5.1). */
const MAX_REASON = 123;
/** What there is instead of a close frame. */
export const LOST = 1006;
const encoder = new TextEncoder();

/** As many whole characters from the beginning as a close frame has room for (spec 50 §2.1). */
export function cutCloseReason(reason: string): string {
    const { read } = encoder.encodeInto(reason, new Uint8Array(MAX_REASON));
    // A lone surrogate would be refused by browsers.
    return reason.slice(0, read).toWellFormed();
}

/** Of a socket that the other side, or the network, has ended. */
export function closedRemotely(code: number, reason: string, fault?: string): SocketClosed {
    const unsaid = fault ?? (code === LOST ? 'The connection was lost' : `The peer has closed with code ${code}`);
    return { reason: reason || (code === 1000 ? '' : unsaid), origin: 'remote', isClean: code !== LOST };
}

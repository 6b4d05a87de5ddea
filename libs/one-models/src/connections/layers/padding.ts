// The plain text of a frame (spec 50 §3.2):
//
//   F1   1 byte    high nibble: flags, low nibble: n
//   F2   n bytes   length of F3, unsigned, big endian
//   F3             random
//   F4   the rest  the message
//
// Flag bit 0: F4 is UTF-8; clear: F4 is binary. Senders choose F1 ‖ F2 ‖ F3 of 1 … 256 bytes, receivers take n = 0 … 8.
import { ConnectionError } from '../connection-error.ts';
import type { Message } from '../message.ts';
import type { Random } from '../random.ts';

const TEXT_FLAG = 0x10;
const MAX_LENGTH_BYTES = 8;
const encoder = new TextEncoder();
/** Lenient, and without the first U+FEFF: as deployed peers read. */
const decoder = new TextDecoder();

export function pad(message: Message, random: Random): Uint8Array {
    const isText = typeof message === 'string';
    const content = isText ? encoder.encode(message) : message;
    const [length = 0] = random(1);
    const padded = new Uint8Array(1 + length + content.length);
    padded[0] = (isText ? TEXT_FLAG : 0) + (length === 0 ? 0 : 1);
    if (length > 0) padded[1] = length - 1;
    if (length > 1) padded.set(random(length - 1), 2);
    padded.set(content, 1 + length);
    return padded;
}

/** Bytes are a view. @throws ConnectionError `FRAME_REFUSED` */
export function unpad(padded: Uint8Array): Message {
    const [head] = padded;
    if (head === undefined) throw refused();
    const lengthBytes = head & 0x0f;
    if (lengthBytes > MAX_LENGTH_BYTES || 1 + lengthBytes > padded.length) throw refused();
    // Above 2^53 it is not exact, and too long anyway.
    let length = 0;
    for (const byte of padded.subarray(1, 1 + lengthBytes)) length = 256 * length + byte;
    if (1 + lengthBytes + length > padded.length) throw refused();
    const content = padded.subarray(1 + lengthBytes + length);
    return (head & TEXT_FLAG) === 0 ? content : decoder.decode(content);
}

function refused(): ConnectionError {
    return new ConnectionError('FRAME_REFUSED', 'The padding is longer than the message.');
}

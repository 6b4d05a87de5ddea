/** What a connection carries: texts and bytes stay what they are. */
export type Message = string | Uint8Array;

const encoder = new TextEncoder();

/** Bytes on the wire; of a text those of its UTF-8. */
export function byteLength(message: Message): number {
    return typeof message === 'string' ? encoder.encode(message).length : message.length;
}

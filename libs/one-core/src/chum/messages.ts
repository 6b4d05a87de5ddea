// What the two sides of a connection send each other: requests, and answers by number (spec 40 §2). A text message is JSON
// (json-values.ts), its properties in this order:
//
//   requestId, type "request", serviceId, args        calls a service
//   requestId, type "write-stream-error"              by whoever receives a stream: do not go on; never answered
//   responseId, type "data", data                     the result
//   responseId, type "error", error                   the call failed: { name, message, code }
//   responseId, type "stream", chunk, encoding        text of a stream; "utf8" or "base64" with the first one, then undefined
//   responseId, type "stream-end"                     the stream is complete
//   responseId, type "stream-error", error            it is not, and ends
//
// A binary message is a chunk of a stream: responseId as 64 bit float, little endian, then the bytes. A stream is all text or
// all binary. Numbers of requests count from 0 and are echoed as responseId; each direction counts for itself.
import { decodeMessage } from './json-values.ts';
import type { RemoteError } from './request-errors.ts';
import { ERROR_TEXT_UNITS } from './request-limits.ts';

export type RequestMessage =
    | { readonly type: 'request'; readonly requestId: number; readonly serviceId: number; readonly args: unknown }
    | { readonly type: 'write-stream-error'; readonly requestId: unknown };

export type ResponseMessage = { readonly responseId: number } & (
    | { readonly type: 'data'; readonly data: unknown }
    | { readonly type: 'error'; readonly error: RemoteError }
    | { readonly type: 'stream'; readonly chunk: unknown; readonly encoding: unknown }
    | { readonly type: 'stream-end' }
    | { readonly type: 'stream-error' }
);

/** Bytes before those of the stream in a binary message. */
export const CHUNK_HEADER = 8;

/** Undefined for what is no message. */
export function parseMessage(text: string): RequestMessage | ResponseMessage | undefined {
    let message: Record<string, unknown> | undefined;
    try {
        message = properties(decodeMessage(text));
    } catch {
        return undefined;
    }
    const { type, requestId, responseId, serviceId, args } = message;
    if (type === 'request')
        return isInteger(requestId) && isInteger(serviceId) ? { type, requestId, serviceId, args } : undefined;
    if (type === 'write-stream-error') return { type, requestId };
    if (!isInteger(responseId)) return undefined;
    switch (type) {
        case 'data':
            return { type, responseId, data: message['data'] };
        case 'error':
            return { type, responseId, error: remoteError(properties(message['error'])) };
        case 'stream':
            return { type, responseId, chunk: message['chunk'], encoding: message['encoding'] };
        case 'stream-end':
        case 'stream-error':
            return { type, responseId };
        default:
            return undefined;
    }
}

/** Undefined for what is too short. */
export function parseChunk(message: Uint8Array): { responseId: number; bytes: Uint8Array } | undefined {
    if (message.length < CHUNK_HEADER) return undefined;
    const responseId = new DataView(message.buffer, message.byteOffset).getFloat64(0, true);
    return { responseId, bytes: message.subarray(CHUNK_HEADER) };
}

/** A binary message for so many bytes of a stream, which are still to be set behind the header. */
export function createChunk(responseId: number, length: number): Uint8Array {
    const message = new Uint8Array(CHUNK_HEADER + length);
    new DataView(message.buffer).setFloat64(0, responseId, true);
    return message;
}

/** None for what is no object. */
function properties(value: unknown): Record<string, unknown> {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isInteger(value: unknown): value is number {
    return Number.isInteger(value);
}

function remoteError({ name, message, code }: Record<string, unknown>): RemoteError {
    return { name: cut(name) ?? 'Error', message: cut(message) ?? '', code: cut(code) };
}

function cut(text: unknown): string | undefined {
    return typeof text === 'string' ? text.slice(0, ERROR_TEXT_UNITS) : undefined;
}

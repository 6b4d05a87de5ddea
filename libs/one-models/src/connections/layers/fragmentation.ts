// Fragments of long messages (spec 50 §3.4):
//
//   text, below 16 384 UTF-16 units   itself, escaped (escaping.ts)
//   longer text                       fragmentation_start_string, its UTF-8 in chunks, fragmentation_end
//   bytes, up to 65 536               themselves
//   more bytes                        fragmentation_start_binary, chunks, fragmentation_end
//
// Chunks have 65 536 bytes, the last one 1 … 65 536; receivers take any, and none. Between start and end comes nothing else but signs of
// life, which the layer below swallows.
import { UNREAD_COST } from '../../limits.ts';
import { ConnectionError } from '../connection-error.ts';
import type { Message } from '../message.ts';
import { escapeText, unescapeText } from './escaping.ts';
import type { Layer, LayerPlace } from './layer.ts';

const START_BINARY = 'fragmentation_start_binary';
const START_STRING = 'fragmentation_start_string';
const END = 'fragmentation_end';
const CONTROLS = [START_BINARY, START_STRING, END];
const CHUNK = 65_536;
const MAX_WHOLE_TEXT = 16_384;
const encoder = new TextEncoder();

interface Transfer {
    readonly kind: 'string' | 'binary';
    readonly chunks: Uint8Array[];
    bytes: number;
    /** With what each chunk costs besides. */
    cost: number;
}

export class Fragmentation implements Layer {
    readonly #place: Pick<LayerPlace, 'maxMessage'>;
    #transfer: Transfer | undefined;

    constructor(place: Pick<LayerPlace, 'maxMessage'>) {
        this.#place = place;
    }

    *outgoing(message: Message): Iterable<Message> {
        if (typeof message !== 'string') {
            if (message.length > CHUNK) yield* fragments(START_BINARY, message);
            else yield message;
        } else if (message.length >= MAX_WHOLE_TEXT) yield* fragments(START_STRING, encoder.encode(message));
        else yield escapeText(message, CONTROLS);
    }

    incoming(message: Message): Message | undefined {
        if (typeof message !== 'string') return this.#bytes(message);
        switch (message) {
            case START_BINARY:
                this.#start('binary', message);
                return undefined;
            case START_STRING:
                this.#start('string', message);
                return undefined;
            case END:
                return this.#end();
            default:
                if (this.#transfer !== undefined) {
                    const { kind } = this.#transfer;
                    throw refused(
                        `Currently processing ${kind} chunks. No string messages allowed except the ${END} message.`,
                    );
                }
                if (message.length > this.#place.maxMessage) throw tooLong(this.#place.maxMessage);
                return unescapeText(message, CONTROLS);
        }
    }

    end(): void {
        this.#transfer = undefined;
    }

    #start(kind: Transfer['kind'], control: string): void {
        if (this.#transfer !== undefined)
            throw refused(`Already processing ${this.#transfer.kind} chunks. ${control} message not allowed.`);
        this.#transfer = { kind, chunks: [], bytes: 0, cost: 0 };
    }

    #bytes(chunk: Uint8Array): Uint8Array | undefined {
        const [transfer, { maxMessage }] = [this.#transfer, this.#place];
        if (transfer === undefined) {
            if (chunk.length > maxMessage) throw tooLong(maxMessage);
            return chunk;
        }
        transfer.bytes += chunk.length;
        transfer.cost += UNREAD_COST;
        // Small chunks may cost as much again as the longest message.
        if (transfer.bytes > maxMessage || transfer.cost > maxMessage) throw tooLong(maxMessage);
        if (chunk.length > 0) transfer.chunks.push(chunk);
        return undefined;
    }

    #end(): Message {
        const transfer = this.#transfer;
        if (transfer === undefined) throw refused(`No chunks processing in progress. ${END} message not allowed.`);
        this.#transfer = undefined;
        return transfer.kind === 'binary' ? joinBytes(transfer) : joinText(transfer);
    }
}

function* fragments(start: string, bytes: Uint8Array): Iterable<Message> {
    yield start;
    for (let offset = 0; offset < bytes.length; offset += CHUNK) yield bytes.subarray(offset, offset + CHUNK);
    yield END;
}

function joinBytes({ chunks, bytes }: Transfer): Uint8Array {
    const joined = new Uint8Array(bytes);
    let offset = 0;
    for (const chunk of chunks) {
        joined.set(chunk, offset);
        offset += chunk.length;
    }
    return joined;
}

/** One character may be in two chunks. */
function joinText({ chunks }: Transfer): string {
    const decoder = new TextDecoder();
    return chunks.map(chunk => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}

function refused(text: string): ConnectionError {
    return new ConnectionError('FRAME_REFUSED', text);
}

function tooLong(maxMessage: number): ConnectionError {
    return new ConnectionError('MESSAGE_TOO_LONG', `A message is longer than ${maxMessage} bytes.`);
}

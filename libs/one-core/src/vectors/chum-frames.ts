// Frames of recorded CHUM connections (spec 40 §13), and whether a message is the recorded one.
import { parseChunk } from '../chum/messages.ts';
import { base64ToUint8Array, uint8ArrayToBase64 } from '../crypto/hex.ts';
import { hashBytes, hashText } from '../crypto/hash.ts';
import { expectEqual } from './expectations.ts';

export type Message = string | Uint8Array;

/** What passed on the wire: exactly one of `text`, `textCut`, `binary`, `binaryCut` and `close`. */
export interface Frame {
    /** Place in its recording; absent for what was never recorded. */
    readonly n?: number;
    /** `A>B`: A sends. */
    readonly dir: string;
    readonly text?: string;
    /** Its beginning. */
    readonly textCut?: string;
    /** Base64. */
    readonly binary?: string;
    /** Its beginning. */
    readonly binaryCut?: string;
    /** Of what is cut: UTF-16 units or bytes of the whole message. */
    readonly length?: number;
    readonly utf8Length?: number;
    readonly sha256?: string;
    readonly close?: { readonly code: number; readonly reason: string };
    /** It never reached the other side. */
    readonly dropped?: boolean;
}

export function isSentBy(frame: Frame, side: string): boolean {
    return frame.dir.startsWith(`${side}>`);
}

/** Type and number of a request; type `answer` for all that answers one. */
export interface Place {
    readonly type: string;
    readonly id: number;
}

/** Number NaN for what has none. */
export function placeOf(message: Message): Place {
    if (typeof message !== 'string') return { type: 'answer', id: parseChunk(message)?.responseId ?? NaN };
    const [, kind, id, type = ''] = /^\{"(request|response)Id":(-?\d+),"type":"([a-z-]+)"/.exec(message) ?? [];
    return { type: kind === 'response' ? 'answer' : type, id: Number(id) };
}

/** Of a frame that is no close: all of it, or what the recording has of it. */
export function beginningOf({ text, textCut, binary, binaryCut }: Frame): Message {
    const bytes = binary ?? binaryCut;
    if (bytes !== undefined) return base64ToUint8Array(bytes);
    const message = text ?? textCut;
    if (message === undefined) throw new Error('A frame is neither text, binary nor close.');
    return message;
}

/** @param isRootList that the answer is a list whose order is free (spec 40 §5.1) */
export async function expectFrame(actual: Message, frame: Frame, isRootList: boolean): Promise<void> {
    const name = `frame ${frame.n ?? 'behind the recorded ones'}`;
    const { text, textCut, binary, binaryCut, length, utf8Length, sha256 } = frame;
    if (text !== undefined) {
        expectEqual(likeRecorded(String(actual), text, isRootList, name), text, name);
        return;
    }
    if (typeof actual === 'string') {
        expectEqual(actual.slice(0, textCut?.length), textCut, `${name}: beginning`);
        const utf8 = new TextEncoder().encode(actual).length;
        expectEqual(
            [actual.length, utf8, await hashText(actual)],
            [length, utf8Length, sha256],
            `${name}: sizes, hash`,
        );
        return;
    }
    if (binary !== undefined) {
        expectEqual(uint8ArrayToBase64(actual), binary, name);
        return;
    }
    const beginning = base64ToUint8Array(binaryCut ?? '');
    expectEqual(uint8ArrayToBase64(actual.slice(0, beginning.length)), binaryCut, `${name}: beginning`);
    expectEqual(actual.length, length, `${name}: length`);
    if (sha256 !== undefined) expectEqual(await hashBytes(new Uint8Array(actual)), sha256, `${name}: hash`);
}

/** The message with the recorded one's free parts in place of its own, where they may differ; all else stays as it was sent. */
function likeRecorded(actual: string, recorded: string, isRootList: boolean, name: string): string {
    if (isRootList) {
        const [own, expected] = [dataOf(actual), dataOf(recorded)];
        expectEqual(entriesOf(own).sort(), entriesOf(expected).sort(), `${name}: entries`);
        return actual.replace(JSON.stringify(own), () => JSON.stringify(expected));
    }
    const message = /"message":"([^"]*)<text>"/.exec(recorded);
    if (message === null) return actual;
    const own = /"message":("(?:[^"\\]|\\.)*")/.exec(actual);
    const [text, prefix = ''] = [JSON.parse(own?.[1] ?? '""') as string, message[1]];
    if (!text.startsWith(prefix) || text.length === prefix.length) return actual;
    return actual.replace(own?.[0] ?? '', () => message[0]);
}

function dataOf(message: string): unknown {
    return (JSON.parse(message) as { data?: unknown }).data;
}

/** Each as it is written. */
function entriesOf(list: unknown): string[] {
    if (typeof list !== 'string' || JSON.stringify(JSON.parse(list)) !== list) return [`no list without white space`];
    return (JSON.parse(list) as unknown[]).map(entry => JSON.stringify(entry));
}

import { MicrodataError } from './microdata-errors.ts';

/** How the microdata of an object begins (spec 10 §5.1). */
export const OBJECT_FRAME = '<div itemscope itemtype="//refin.io/';

/** How ID microdata begins. */
export const ID_OBJECT_FRAME = '<div data-id-object="true" itemscope itemtype="//refin.io/';

/** Whether a text begins like an object or ID object. */
export function isFramed(text: string): boolean {
    return text.startsWith(OBJECT_FRAME) || text.startsWith(ID_OBJECT_FRAME);
}

/**
 * What a stored text is: the name of a type, `TYPE [ID]`, or `CLOB` (spec 10 §7.1). An aid for people and tools; protocols
 * always state the kind of a hash. Types need no recipe here.
 * @throws MicrodataError if the name of the type is missing
 */
export function contentTypeOfText(text: string): string {
    if (text.startsWith(OBJECT_FRAME)) return typeAt(text, OBJECT_FRAME.length);
    if (text.startsWith(ID_OBJECT_FRAME)) return `${typeAt(text, ID_OBJECT_FRAME.length)} [ID]`;
    return 'CLOB';
}

/**
 * Like `contentTypeOfText` for bytes; `BLOB` if they are no UTF-8.
 * @param prefix whether these are the first bytes only; 1 KB is enough
 */
export function contentTypeOfBytes(bytes: Uint8Array, { prefix = false }: { prefix?: boolean } = {}): string {
    let text: string;
    try {
        // As part of a stream, a character that is cut at the end is no mistake.
        text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: prefix });
    } catch {
        return 'BLOB';
    }
    return contentTypeOfText(text);
}

function typeAt(text: string, start: number): string {
    const end = text.indexOf('">', start);
    if (end <= start) throw new MicrodataError('M2O-PH1', 'the name of the type is missing', text, start);
    return text.slice(start, end);
}

// Lists as files. A reverse map is that of an original installation (spec 20 §2.1); a log is a sequence of records:
//
//   offset  bytes  field
//   0       8      number, little endian
//   8       4      n, length of the value, little endian
//   12      n      value
import { inRange } from '../list-range.ts';
import { decodeReverseMapFile } from '../reverse-map-file.ts';
import type { Append, ListEntry, ListRange, ListSpace } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import type { FolderOperations } from './folder-operations.ts';

const HEADER = 12;
const LINE = 65;
const encoder = new TextEncoder();

/** What is to be written for a change of a list. */
export interface ListChange {
    readonly content: Uint8Array;
    /** Offset from which on it stands; undefined if it is the whole file. */
    readonly at?: number | undefined;
}

/** Where the entries of a log are. */
interface Index {
    readonly entries: { readonly number: number; readonly offset: number; readonly length: number }[];
    /** Bytes of the file. */
    end: number;
}

/** Reads a part of a file; all of it without range. */
type ReadFile = (offset?: number, length?: number) => Promise<Uint8Array | undefined>;

export function readerOf(path: string, operations: FolderOperations): ReadFile {
    return (offset, length) =>
        offset === undefined || length === undefined
            ? operations.read(path)
            : operations.readRange(path, offset, length);
}

/** Entries of the content of a list's file. */
export function decodeList(space: ListSpace, key: string, content: Uint8Array, range?: ListRange): ListEntry[] {
    if (space === 'logs') {
        const entries = indexOf(key, content).entries;
        return inRange(
            entries.map(({ number, offset, length }) => ({
                number,
                value: content.slice(offset, offset + length),
            })),
            range,
        );
    }
    const lines = decodeReverseMapFile(key, content).map((line, number) => ({ number, value: encoder.encode(line) }));
    return inRange(lines, range);
}

/**
 * What appending writes: only the end, unless an original installation has left a torn line.
 * @param size bytes of the file; undefined if there is none
 */
export async function appended(
    space: ListSpace,
    key: string,
    appends: readonly Append[],
    size: number | undefined,
    read: ReadFile,
): Promise<ListChange> {
    const added = space === 'logs' ? encodeLog(appends) : encodeLines(appends);
    if (size === undefined) return { content: added };
    if (space === 'logs') return { content: added, at: size };
    const end = size === 0 ? undefined : await read(size - 1, 1);
    if (size % LINE === 0 && (end === undefined || end[0] === 0x0a)) return { content: added, at: size };
    const lines = decodeReverseMapFile(key, (await read()) ?? new Uint8Array());
    const repaired = encoder.encode(lines.map(line => `${line}\n`).join(''));
    const content = new Uint8Array(repaired.length + added.length);
    content.set(repaired);
    content.set(added, repaired.length);
    return { content };
}

/** The content of a list without its first entries, and with new ones. */
export function trimmed(
    space: ListSpace,
    key: string,
    content: Uint8Array,
    before: number,
    appends: readonly Append[],
): Uint8Array {
    const kept = decodeList(space, key, content, { from: before }).map(entry => ({
        ...entry,
        type: 'append' as const,
        space,
        key,
    }));
    return space === 'logs' ? encodeLog([...kept, ...appends]) : encodeLines([...kept, ...appends]);
}

function encodeLines(appends: readonly Append[]): Uint8Array {
    const decoder = new TextDecoder();
    return encoder.encode(appends.map(({ value }) => `${decoder.decode(value)}\n`).join(''));
}

function encodeLog(appends: readonly Append[]): Uint8Array {
    const bytes = new Uint8Array(appends.reduce((sum, { value }) => sum + HEADER + value.length, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { number, value } of appends) {
        view.setBigUint64(at, BigInt(number), true);
        view.setUint32(at + 8, value.length, true);
        bytes.set(value, at + HEADER);
        at += HEADER + value.length;
    }
    return bytes;
}

function indexOf(key: string, content: Uint8Array, start = 0, index: Index = { entries: [], end: start }): Index {
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    let at = 0;
    while (at < content.length) {
        const fits = at + HEADER <= content.length;
        const length = fits ? view.getUint32(at + 8, true) : 0;
        const number = fits ? Number(view.getBigUint64(at, true)) : NaN;
        const last = index.entries.at(-1)?.number ?? -1;
        if (!(number > last) || !Number.isSafeInteger(number) || at + HEADER + length > content.length)
            throw new StorageError(
                'STORAGE_DAMAGED',
                `The log "${key}" is damaged at byte ${start + at}; restore the store from a backup`,
            );
        index.entries.push({ number, offset: start + at + HEADER, length });
        at += HEADER + length;
    }
    index.end = start + content.length;
    return index;
}

/** Finds entries of logs without reading the whole file each time. Logs are written by this process only. */
export class LogIndexes {
    readonly #indexes = new Map<string, Index>();
    readonly #limit: number;

    /** @param limit how many logs are remembered */
    constructor(limit = 64) {
        this.#limit = limit;
    }

    /** @param size bytes of the file @throws StorageError `STORAGE_DAMAGED` */
    async list(key: string, size: number, read: ReadFile, range?: ListRange): Promise<ListEntry[]> {
        let index = this.#indexes.get(key);
        if (index === undefined || index.end > size) index = { entries: [], end: 0 };
        if (index.end < size)
            indexOf(key, (await read(index.end, size - index.end)) ?? new Uint8Array(), index.end, index);
        this.#indexes.delete(key);
        this.#indexes.set(key, index);
        const [oldest] = this.#indexes.keys();
        if (this.#indexes.size > this.#limit && oldest !== undefined) this.#indexes.delete(oldest);

        const found = inRange(
            index.entries.map(entry => ({ ...entry, value: new Uint8Array() })),
            range,
        ) as (Index['entries'][number] & ListEntry)[];
        const [first] = found;
        if (first === undefined) return [];
        const from = Math.min(...found.map(({ offset }) => offset));
        const to = Math.max(...found.map(({ offset, length }) => offset + length));
        const bytes = (await read(from, to - from)) ?? new Uint8Array();
        return found.map(({ number, offset, length }) => ({
            number,
            value: bytes.slice(offset - from, offset - from + length),
        }));
    }

    /** A file that was written anew has other offsets. */
    forget(key: string): void {
        this.#indexes.delete(key);
    }
}

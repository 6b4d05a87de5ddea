// The one place where durability lives. A store is a set of values and of lists, in spaces:
//
//   space     kind    key                            content
//   objects   value   hash or ID hash                microdata, CLOB or small BLOB (spec 20 §2.1); long ones are text
//   vheads    value   ID hash                        hash of the current version node
//   private   value   name of a file of spec 31 §2   bytes
//   state     value   names of this project          what is derived, and what only this instance knows
//   meta      value   names of this project          what says how to read the rest: never encrypted, never secret
//   rmaps     list    name of a reverse map          one hash per entry (spec 22 §2.1)
//   logs      list    names of this project          journal, feeds, outbox
//
// Larger BLOBs (`MAX_INLINE_BLOB`) are streamed and stand in `blobs`.
import type { BlobFiles } from './blob-files.ts';
import { InvalidStorageKeyError } from './storage-errors.ts';

export const valueSpaces = ['objects', 'vheads', 'private', 'state', 'meta'] as const;
export const listSpaces = ['rmaps', 'logs'] as const;
export const spaces = [...valueSpaces, ...listSpaces] as const;
export type ValueSpace = (typeof valueSpaces)[number];
export type ListSpace = (typeof listSpaces)[number];
export type Space = ValueSpace | ListSpace;

/** One change of a commit. */
export type Write =
    | { readonly type: 'put'; readonly space: ValueSpace; readonly key: string; readonly value: Uint8Array }
    | { readonly type: 'delete'; readonly space: ValueSpace; readonly key: string }
    | Append
    /** Removes the entries of a list whose number is smaller. */
    | { readonly type: 'trim'; readonly space: ListSpace; readonly key: string; readonly before: number };

/** Adds an entry to the end of a list; its number is greater than those of all before. */
export interface Append {
    readonly type: 'append';
    readonly space: ListSpace;
    readonly key: string;
    /** An integer ≥ 0; gaps are allowed. A reverse map of the `file` backend counts its lines instead. */
    readonly number: number;
    readonly value: Uint8Array;
}

export interface ListEntry {
    readonly number: number;
    readonly value: Uint8Array;
}

/** Which entries of a list; without anything, all in ascending order. */
export interface ListRange {
    /** Smallest number. */
    readonly from?: number;
    /** The numbers are smaller than this. */
    readonly before?: number;
    readonly limit?: number;
    /** From the greatest number down. */
    readonly reverse?: boolean;
}

/** What reads values and lists. */
export interface StorageReader {
    /** A copy of the value; undefined if there is none. @throws InvalidStorageKeyError, StorageError */
    get(space: ValueSpace, key: string): Promise<Uint8Array | undefined>;
    /** Values in the order of the keys. @throws as `get` */
    getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
    /** Entries of a list; none if there is no such list. @throws as `get` */
    list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]>;
    /**
     * All keys of a space that have a value or list, each once, in no order. For inspection and export; what is committed
     * meanwhile may be in it or not.
     */
    keys(space: Space): AsyncIterable<string>;
}

/** What keeps the bytes. Everything above works on a `Store`, which adds isolation. One process at a time has it open. */
export interface StorageBackend extends StorageReader, AsyncDisposable {
    readonly blobs: BlobFiles;
    /**
     * Whether it keeps the files of an original installation (spec 20 §2): then values are kept as they are, neither packed nor
     * encrypted.
     */
    readonly original?: boolean;
    /** Whether reads wait for a commit under way. */
    readonly readsBehindCommits?: boolean;
    /** Whether somebody else may have written here since it was closed: what is derived has to be computed anew. */
    readonly changedOutside?: boolean;

    /**
     * All changes or, after an error or a crash at any point, none. Resolves when they are durable; values must not change
     * before. Overlapping calls take effect in their order.
     * @throws InvalidStorageKeyError, StorageError
     */
    commit(writes: readonly Write[]): Promise<void>;
}

const MAX_KEY_BYTES = 200;
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** Reverse maps carry the name of a type at their end, which may be of any characters but some. */
const REVERSE_MAP_KEY = /^[0-9a-f]{64}\.(?:Id)?Object\.[^/\\<>.\s"]+$/;
const utf8 = new TextEncoder();

export function isListSpace(space: Space): space is ListSpace {
    return space === 'rmaps' || space === 'logs';
}

export function isStorageKey(space: Space, key: string): boolean {
    if (space !== 'rmaps') return key.length <= MAX_KEY_BYTES && KEY.test(key);
    return REVERSE_MAP_KEY.test(key) && key.isWellFormed() && utf8.encode(key).length <= MAX_KEY_BYTES;
}

/** @throws InvalidStorageKeyError */
export function ensureStorageKey(space: Space, key: string): string {
    if (isStorageKey(space, key)) return key;
    const form = space === 'rmaps' ? '<hash>.Object.<type> or <hash>.IdObject.<type>' : 'letters, digits and . _ -';
    throw new InvalidStorageKeyError(space, key, `expected are at most ${MAX_KEY_BYTES} bytes of the form ${form}`);
}

/** What every backend checks before it begins. @throws InvalidStorageKeyError */
export function checkWrites(writes: readonly Write[]): void {
    const seen = new Map<string, number>();
    for (const write of writes) {
        const { space, key, type } = write;
        const id = `${space}/${ensureStorageKey(space, key)}`;
        if (isListSpace(space) !== (type === 'append' || type === 'trim'))
            throw new InvalidStorageKeyError(space, key, `"${type}" is not for this kind of space`);
        const last = seen.get(id);
        const number = type === 'append' ? write.number : 0;
        if (!Number.isSafeInteger(number) || number < 0)
            throw new InvalidStorageKeyError(space, key, 'the number of an entry is an integer ≥ 0');
        if (last !== undefined && (type !== 'append' || number <= last))
            throw new InvalidStorageKeyError(space, key, 'the commit has it twice, or not in ascending order');
        seen.set(id, type === 'append' ? number : -1);
    }
}

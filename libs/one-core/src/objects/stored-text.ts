// Values of the space `objects`, and the heads of IDs.
//
//   state/raw.<hash>    present if bytes in the frame of an object came as a CLOB or BLOB: the object itself, with its reverse
//                       maps and its record in the journal, is not there yet, and what it names is nobody's but the sender's
//   state/raws          present if there is any of these
import { hashText } from '../crypto/hash.ts';
import { isHash } from '../hashes.ts';
import { ID_OBJECT_FRAME, OBJECT_FRAME } from '../microdata/content-type.ts';
import type { StoreReader, Transaction } from '../storage/store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const FRAMES = [OBJECT_FRAME, ID_OBJECT_FRAME].map(frame => encoder.encode(frame));
const PRESENT = Uint8Array.of(1);
const RAWS = 'raws';
const rawKey = (hash: string): string => `raw.${hash}`;

export type StoreStatus = 'new' | 'exists';

/** A text with its name. */
export interface HashedText {
    readonly text: string;
    readonly hash: string;
}

export async function hashed(text: string): Promise<HashedText> {
    return { text, hash: await hashText(text) };
}

/**
 * Stores the text of an object once; one that a crash of another program has left damaged is written again.
 * @param isNew that it cannot be there already: it is not looked for
 */
export async function storeText(
    transaction: Transaction,
    { text, hash }: HashedText,
    isNew = false,
): Promise<StoreStatus> {
    const bytes = encoder.encode(text);
    const stored = isNew ? undefined : await transaction.get('objects', hash);
    const wasRaw = await isRaw(transaction, hash);
    if (stored !== undefined && equal(stored, bytes) && !wasRaw) return 'exists';
    transaction.put('objects', hash, bytes);
    if (wasRaw) transaction.delete('state', rawKey(hash));
    return 'new';
}

/** Whether an object is there, and not only bytes like it. @param kind default: either */
export async function hasObject(
    reader: Pick<StoreReader, 'get'>,
    hash: string,
    kind?: 'object' | 'id',
): Promise<boolean> {
    const value = await reader.get('objects', hash);
    if (value === undefined) return false;
    const frames = kind === undefined ? FRAMES : kind === 'object' ? FRAMES.slice(0, 1) : FRAMES.slice(1);
    return frames.some(frame => startsWith(value, frame)) && !(await isRaw(reader, hash));
}

/** Stores the bytes of a CLOB or BLOB once. */
export async function storeBytes(transaction: Transaction, hash: string, bytes: Uint8Array): Promise<StoreStatus> {
    const stored = await transaction.get('objects', hash);
    if (stored !== undefined && equal(stored, bytes)) return 'exists';
    transaction.put('objects', hash, bytes);
    // What was damaged may have been an object: its reverse maps are kept.
    if (stored === undefined && isFramed(bytes)) markRaw(transaction, hash);
    return 'new';
}

/** Whether bytes may be an object, by the first 64 of them. */
export function isFramed(start: Uint8Array): boolean {
    return FRAMES.some(frame => startsWith(start, frame));
}

/** To be called when framed bytes became a value as a CLOB or BLOB. */
export function markRaw(transaction: Transaction, hash: string): void {
    transaction.put('state', rawKey(hash), PRESENT);
    transaction.put('state', RAWS, PRESENT);
}

/** Hash of the current version node of an ID. An empty or torn head, as such a crash may leave it, is none. */
export async function readHead(reader: Pick<StoreReader, 'get'>, idHash: string): Promise<string | undefined> {
    const head = decoder.decode(await reader.get('vheads', idHash));
    return isHash(head) ? head : undefined;
}

export function writeHead(transaction: Transaction, idHash: string, node: string): void {
    transaction.put('vheads', idHash, encoder.encode(node));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether it came as a CLOB or BLOB, and as nothing else. */
export async function isRaw(reader: Pick<StoreReader, 'get'>, hash: string): Promise<boolean> {
    // Few stores have any, and this is kept in memory.
    return (await reader.get('state', RAWS)) !== undefined && (await reader.get('state', rawKey(hash))) !== undefined;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
    return equal(bytes.subarray(0, start.length), start);
}

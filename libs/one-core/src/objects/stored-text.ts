import { hashText } from '../crypto/hash.ts';
import { isHash } from '../hashes.ts';
import type { StoreReader, Transaction } from '../storage/store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type StoreStatus = 'new' | 'exists';

/** A text with its name. */
export interface HashedText {
    readonly text: string;
    readonly hash: string;
}

export async function hashed(text: string): Promise<HashedText> {
    return { text, hash: await hashText(text) };
}

/** Stores a text once under its hash; one that a crash of another program has left damaged is written again. */
export async function storeText(transaction: Transaction, { text, hash }: HashedText): Promise<StoreStatus> {
    const bytes = encoder.encode(text);
    const stored = await transaction.get('objects', hash);
    if (stored !== undefined && equal(stored, bytes)) return 'exists';
    transaction.put('objects', hash, bytes);
    return 'new';
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

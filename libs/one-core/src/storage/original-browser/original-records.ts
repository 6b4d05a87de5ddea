import { hashBytes } from '../../crypto/hash.ts';
import { uint8ArrayToHex } from '../../crypto/hex.ts';
import { isHash } from '../../hashes.ts';
import { shown } from '../../shown.ts';
import { isStorageKey } from '../storage-backend.ts';
import { StorageError } from '../storage-errors.ts';
import type { OriginalRecord, OriginalSpace } from './original-database.ts';
import { StorageCipherError, type StorageCipher } from './storage-cipher.ts';

/** What a record is, decrypted and checked. */
export interface OriginalEntry {
    readonly name: string;
    readonly content: Uint8Array<ArrayBuffer>;
    /** Microdata or a CLOB; else a BLOB or a key file. */
    readonly isText: boolean;
}

const REVERSE_MAP = /^(?:[0-9a-f]{64}\n)*$/;
const SHOWN_BYTES = 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Names and contents of the records of one database (spec 31 §6.3, §6.4). */
export class OriginalRecords {
    readonly #database: string;
    readonly #cipher: StorageCipher;
    readonly #encrypted: boolean;

    /** @param encrypted whether all of it is; the key files always are */
    constructor(database: string, cipher: StorageCipher, encrypted: boolean) {
        this.#database = database;
        this.#cipher = cipher;
        this.#encrypted = encrypted;
    }

    isEncrypted(space: OriginalSpace): boolean {
        return this.#encrypted || space === 'private';
    }

    /** Under which key a name is found. */
    keyOf(space: OriginalSpace, name: string): IDBValidKey {
        return this.isEncrypted(space) ? new Uint8Array(this.#cipher.encryptName(name)) : name;
    }

    /** @throws StorageError `STORAGE_DAMAGED` unless name and content belong together */
    async entryOf(space: OriginalSpace, { key, value, unreadable }: OriginalRecord): Promise<OriginalEntry> {
        let name: string | undefined;
        try {
            name = this.#nameOf(space, key);
            if (unreadable !== undefined) throw unreadable;
            const stored = this.#contentOf(space, value);
            const isText = typeof stored === 'string';
            const content = isText ? encoder.encode(stored) : new Uint8Array(stored);
            await ensureSound(space, name, content);
            return { name, content, isText };
        } catch (cause) {
            const isDamage = [Unsound, StorageError, StorageCipherError].some(kind => cause instanceof kind);
            if (!isDamage) throw cause;
            throw new StorageError(
                'STORAGE_DAMAGED',
                `The record ${name === undefined ? shownKey(key) : `"${name}"`} in "${space}" of the original database ` +
                    `"${this.#database}" is damaged${reasonOf(cause)}. Restore the profile of this browser from a backup, ` +
                    'or import without what is damaged (onDamaged). Nothing was changed there',
                { cause },
            );
        }
    }

    #nameOf(space: OriginalSpace, key: IDBValidKey): string {
        const bytes = bytesOf(key);
        const name = bytes !== undefined && this.isEncrypted(space) ? this.#cipher.decryptName(bytes) : key;
        if (typeof name !== 'string' || !isStorageKey(space, name)) throw new Unsound('its name is none');
        if ((space === 'objects' || space === 'vheads') && !isHash(name)) throw new Unsound('its name is no hash');
        return name;
    }

    #contentOf(space: OriginalSpace, value: unknown): string | Uint8Array {
        const stored = typeof value === 'string' ? value : bytesOf(value);
        if (stored === undefined) throw new Unsound('it is neither text nor bytes');
        if (!this.isEncrypted(space)) return stored;
        if (typeof stored === 'string') throw new Unsound('it is not encrypted');
        return this.#cipher.decryptValue(stored);
    }
}

/** Whatever was changed is noticed: names of objects are hashes, and encrypted values cannot be made without the key. */
async function ensureSound(space: OriginalSpace, name: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    if (space === 'objects' && (await hashBytes(content)) !== name) throw new Unsound('its hash is another one');
    if (space === 'vheads' && !isHash(decoder.decode(content))) throw new Unsound('it is no hash');
    // A record is written as a whole: nothing of it is ever torn, as the end of a file may be.
    if (space === 'rmaps' && !REVERSE_MAP.test(decoder.decode(content))) throw new Unsound('it is no list of hashes');
}

class Unsound extends Error {}

function reasonOf(cause: unknown): string {
    if (cause instanceof Unsound) return `: ${cause.message}`;
    return cause instanceof StorageCipherError ? ` (${cause.code})` : '';
}

function bytesOf(value: unknown): Uint8Array | undefined {
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    return value instanceof Uint8Array ? value : undefined;
}

/** A key of which nobody knows the name. */
function shownKey(key: IDBValidKey): string {
    const bytes = bytesOf(key);
    return bytes === undefined ? shown(key) : `0x${uint8ArrayToHex(bytes.subarray(0, SHOWN_BYTES))}…`;
}

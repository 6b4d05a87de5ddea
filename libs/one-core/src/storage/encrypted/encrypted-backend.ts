// Encryption at rest, over any backend. Whoever has the disk sees how much there is and when it changes, and can test a guess
// of whose store it is (`meta`), but sees neither names nor values. A value that was changed, exchanged or put elsewhere is
// noticed; one that was removed, or replaced by an older one of the same name, is not.
//
//   name     64 hexadecimal digits of BLAKE2b(space "/" name); in `rmaps` followed by ".Object.x"
//   value    nonce (24) ‖ XChaCha20-Poly1305(length of the name (2) ‖ name, packed ‖ value), bound to space, name and number
//
// `meta` is not encrypted: it says how to read the rest. BLOBs: see encrypted-blob-files.ts.
import { primitives } from '#platform/primitives';
import { uint8ArrayToHex } from '../../crypto/hex.ts';
import { concat, createSymmetricKey, wipe, type SymmetricKey } from '../../crypto/keys.ts';
import { packValue, unpackValue } from '../packing.ts';
import {
    checkWrites,
    ensureStorageKey,
    isListSpace,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type ValueSpace,
    type Write,
} from '../storage-backend.ts';
import { isEmpty } from '../is-empty.ts';
import { StorageError } from '../storage-errors.ts';
import { EncryptedBlobFiles } from './encrypted-blob-files.ts';
import { ENCRYPTION, keysOf, openStorageKey, sealStorageKey, type StorageKeys } from './storage-key.ts';

const NONCE_BYTES = 24;
const LENGTH_BYTES = 2;
/** Names that are remembered, so that reading and then writing something costs one computation. */
const MAX_NAMES = 10_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Whether a store is encrypted. */
export async function isEncrypted(backend: Pick<StorageBackend, 'get'>): Promise<boolean> {
    return (await backend.get('meta', ENCRYPTION)) !== undefined;
}

export class EncryptedBackend implements StorageBackend {
    readonly blobs: EncryptedBlobFiles;
    readonly #inner: StorageBackend;
    readonly #keys: StorageKeys;
    readonly #names = new Map<string, string>();

    private constructor(inner: StorageBackend, keys: StorageKeys) {
        this.#inner = inner;
        this.#keys = keys;
        this.blobs = new EncryptedBlobFiles(inner.blobs, keys.values, name => this.#digest(`blobs/${name}`));
    }

    /**
     * Opens an encrypted store, or makes an empty one encrypted. The caller keeps the inner backend if that fails.
     * @throws StorageError `SC-INIT1` for a wrong secret, `SB-INIT5` for a store that cannot be encrypted or holds something
     * that is not; `STORAGE_NEWER`, `STORAGE_DAMAGED`
     */
    static async open(inner: StorageBackend, secret: string): Promise<EncryptedBackend> {
        if (inner.original === true)
            throw new StorageError('SB-INIT5', 'The folder of an original installation cannot be encrypted');
        const sealed = await inner.get('meta', ENCRYPTION);
        const key = sealed === undefined ? await create(inner, secret) : await openOrReplace(inner, sealed, secret);
        const keys = keysOf(key);
        wipe(key);
        return new EncryptedBackend(inner, keys);
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        if (space === 'meta') return this.#inner.get(space, key);
        const value = await this.#inner.get(space, this.#name(space, ensureStorageKey(space, key)));
        return value && this.#open(space, key, 0, value).value;
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        if (space === 'meta') return this.#inner.getMany(space, keys);
        const names = keys.map(key => this.#name(space, ensureStorageKey(space, key)));
        const values = await this.#inner.getMany(space, names);
        return values.map((value, i) => value && this.#open(space, keys[i] ?? '', 0, value).value);
    }

    async list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        const entries = await this.#inner.list(space, this.#name(space, ensureStorageKey(space, key)), range);
        return entries.map(({ number, value }) => ({ number, value: this.#open(space, key, number, value).value }));
    }

    async *keys(space: Space): AsyncIterable<string> {
        for await (const name of this.#inner.keys(space))
            if (space === 'meta') yield name;
            else if (isListSpace(space)) {
                const [entry] = await this.#inner.list(space, name, { limit: 1 });
                if (entry !== undefined) yield this.#open(space, undefined, entry.number, entry.value, name).key;
            } else {
                const value = await this.#inner.get(space, name);
                if (value !== undefined) yield this.#open(space, undefined, 0, value, name).key;
            }
    }

    async commit(writes: readonly Write[]): Promise<void> {
        checkWrites(writes);
        await this.#inner.commit(
            writes.map((write): Write => {
                const { space, key } = write;
                if (space === 'meta') return write;
                const name = this.#name(space, key);
                if (!('value' in write)) return { ...write, key: name };
                const number = write.type === 'append' ? write.number : 0;
                return { ...write, key: name, value: this.#seal(space, key, number, write.value) };
            }),
        );
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.#inner[Symbol.asyncDispose]();
        this.#names.clear();
        wipe(this.#keys.names, this.#keys.values);
    }

    #digest(name: string): string {
        return uint8ArrayToHex(primitives.keyedHash(encoder.encode(name), this.#keys.names));
    }

    #name(space: Space, key: string): string {
        const id = `${space}/${key}`;
        let name = this.#names.get(id);
        if (name === undefined) {
            name = this.#digest(id) + (space === 'rmaps' ? '.Object.x' : '');
            if (this.#names.size >= MAX_NAMES) this.#names.clear();
            this.#names.set(id, name);
        }
        return name;
    }

    #seal(space: Space, key: string, number: number, value: Uint8Array): Uint8Array {
        const name = packValue(encoder.encode(key));
        const plain = new Uint8Array(LENGTH_BYTES + name.length + value.length);
        new DataView(plain.buffer).setUint16(0, name.length);
        plain.set(name, LENGTH_BYTES);
        plain.set(value, LENGTH_BYTES + name.length);
        const nonce = primitives.randomBytes(NONCE_BYTES);
        const cypher = primitives.aeadSeal(
            plain,
            contextOf(space, this.#name(space, key), number),
            nonce,
            this.#keys.values,
        );
        return concat(nonce, cypher);
    }

    /** @param key undefined if only the name on the disk is known */
    #open(
        space: Space,
        key: string | undefined,
        number: number,
        sealed: Uint8Array,
        name = this.#name(space, key ?? ''),
    ): { key: string; value: Uint8Array } {
        const [nonce, cypher] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
        const plain = primitives.aeadOpen(cypher, contextOf(space, name, number), nonce, this.#keys.values);
        const length = plain && plain.length >= LENGTH_BYTES ? new DataView(plain.buffer).getUint16(0) : Infinity;
        const found = plain && unpackValue(plain.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
        if (plain === undefined || found === undefined)
            throw new StorageError(
                'STORAGE_DAMAGED',
                `The encrypted value of "${key ?? name}" in "${space}" was changed; restore the store from a backup`,
            );
        return { key: decoder.decode(found), value: plain.slice(LENGTH_BYTES + length) };
    }
}

/**
 * The sealed key under another secret, for `meta/encryption`: in the same commit in which the secret of the key chain changes.
 * @throws StorageError `SC-INIT1` if the old secret is wrong
 */
export async function changeStorageSecret(
    backend: Pick<StorageBackend, 'get'>,
    oldSecret: string,
    newSecret: string,
): Promise<Uint8Array | undefined> {
    const sealed = await backend.get('meta', ENCRYPTION);
    if (sealed === undefined) return undefined;
    const key = await openStorageKey(sealed, oldSecret);
    try {
        return await sealStorageKey(key, newSecret);
    } finally {
        wipe(key);
    }
}

/** A key under which nothing was ever stored is left of an attempt to create an instance; it may be replaced. */
async function openOrReplace(inner: StorageBackend, sealed: Uint8Array, secret: string): Promise<SymmetricKey> {
    try {
        return await openStorageKey(sealed, secret);
    } catch (error) {
        const isWrong = error instanceof StorageError && error.code === 'SC-INIT1';
        if (!isWrong || !(await isEmpty(inner))) throw error;
        return seal(inner, secret);
    }
}

async function create(inner: StorageBackend, secret: string): Promise<SymmetricKey> {
    if (!(await isEmpty(inner)))
        throw new StorageError(
            'SB-INIT5',
            'This store holds something that is not encrypted: open it without encryption, or copy it into an encrypted one',
        );
    return seal(inner, secret);
}

async function seal(inner: StorageBackend, secret: string): Promise<SymmetricKey> {
    const key = createSymmetricKey();
    await inner.commit([{ type: 'put', space: 'meta', key: ENCRYPTION, value: await sealStorageKey(key, secret) }]);
    return key;
}

function contextOf(space: Space, name: string, number: number): Uint8Array {
    return encoder.encode(`${space}/${name}/${number}`);
}

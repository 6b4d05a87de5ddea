// The one place where durability lives. What the key chain and the creation of an instance need stands here now; streams
// for BLOBs and ranges follow with the object store.
import { OneError } from '../errors.ts';

/** Parts of a store (spec 20 §2.1). Keys are names: hashes, names of reverse maps, names of private files. */
export const spaces = ['objects', 'vheads', 'rmaps', 'private'] as const;
export type Space = (typeof spaces)[number];

/** One change of a commit. */
export type Write =
    /** The key must be new: if it exists, the whole commit is refused. */
    | { readonly type: 'create'; readonly space: Space; readonly key: string; readonly value: Uint8Array }
    | { readonly type: 'put'; readonly space: Space; readonly key: string; readonly value: Uint8Array }
    | { readonly type: 'delete'; readonly space: Space; readonly key: string };

/** What keeps the bytes. Everything above works on a `Store`, which adds isolation. */
export interface StorageBackend extends AsyncDisposable {
    /** A copy of the value; undefined if there is none. @throws InvalidStorageKeyError */
    get(space: Space, key: string): Promise<Uint8Array | undefined>;

    /** All keys of a space, ascending by UTF-16 units. */
    keys(space: Space): Promise<readonly string[]>;

    /**
     * All changes or, after an error or a crash at any point, none. Resolves when they are durable; values must not change
     * before.
     * @throws StorageKeyExistsError, InvalidStorageKeyError
     */
    commit(writes: readonly Write[]): Promise<void>;
}

/** A key that was to be created exists already; nothing was stored. */
export class StorageKeyExistsError extends OneError {
    readonly code = 'SB-WPBR3';

    constructor(space: Space, key: string) {
        super(`"${key}" exists in "${space}" already and is never overwritten (SB-WPBR3). Nothing was stored.`);
    }
}

/** A key that not every backend can hold, or one that is written twice; nothing was stored. */
export class InvalidStorageKeyError extends OneError {
    readonly code = 'STORAGE_KEY_INVALID';

    constructor(space: Space, key: string, reason: string) {
        super(`${JSON.stringify(key.slice(0, 80))} cannot be a key of "${space}": ${reason}. Nothing was stored.`);
    }
}

const MAX_KEY_BYTES = 200;
const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
/** Reverse maps carry the name of a type at their end, which may be of any characters but some. */
const REVERSE_MAP_KEY = /^[0-9a-f]{64}\.(?:Id)?Object\.[^/\\<>.\s"]+$/;
const utf8 = new TextEncoder();

export function isStorageKey(space: Space, key: string): boolean {
    const form = space === 'rmaps' ? REVERSE_MAP_KEY : KEY;
    return form.test(key) && key.isWellFormed() && utf8.encode(key).length <= MAX_KEY_BYTES;
}

/** @throws InvalidStorageKeyError */
export function ensureStorageKey(space: Space, key: string): string {
    if (isStorageKey(space, key)) return key;
    const form = space === 'rmaps' ? '<hash>.Object.<type> or <hash>.IdObject.<type>' : 'letters, digits and . _ -';
    throw new InvalidStorageKeyError(space, key, `expected are at most ${MAX_KEY_BYTES} bytes of the form ${form}`);
}

/** What every backend checks before it begins. @throws InvalidStorageKeyError */
export function checkWrites(writes: readonly Write[]): void {
    const seen = new Set<string>();
    for (const { space, key } of writes) {
        ensureStorageKey(space, key);
        if (seen.has(`${space}/${key}`)) throw new InvalidStorageKeyError(space, key, 'the commit has it twice');
        seen.add(`${space}/${key}`);
    }
}

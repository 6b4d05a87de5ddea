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

export interface StorageBackend extends AsyncDisposable {
    /** A copy of the value; undefined if there is none. */
    get(space: Space, key: string): Promise<Uint8Array | undefined>;

    /** All keys of a space, ascending by UTF-16 units. */
    keys(space: Space): Promise<readonly string[]>;

    /**
     * All changes or, after an error or a crash at any point, none. Resolves when they are durable. No key twice.
     * @throws StorageKeyExistsError
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

/** A key that no backend can hold: it would leave its folder. */
export class InvalidStorageKeyError extends OneError {
    readonly code = 'STORAGE_KEY_INVALID';

    constructor(space: Space, key: string) {
        super(`${JSON.stringify(key.slice(0, 80))} cannot be a key of "${space}": letters, digits and . _ - only.`);
    }
}

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
// eslint-disable-next-line no-control-regex -- the character that ends a path
const OTHER_KEY = /^[A-Za-z0-9_-][^/\\\u0000]{0,250}$/;

/** @throws InvalidStorageKeyError for names that are none of ours; reverse maps carry the name of a type at their end */
export function ensureStorageKey(space: Space, key: string): string {
    if (!(space === 'rmaps' ? OTHER_KEY : KEY).test(key)) throw new InvalidStorageKeyError(space, key);
    return key;
}

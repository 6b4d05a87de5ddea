import { StorageError } from '../storage/storage-errors.ts';
import { isAddingReverseMaps } from './add-reverse-maps.ts';
import { encryptByDefault } from '#platform/storage-defaults';
import { wipe } from '../crypto/keys.ts';
import { hasMasterKey, openMasterKey } from '../keychain/master-key.ts';
import { copyStore, type CopyProgress } from '../storage/copy-store.ts';
import { EncryptedBackend, isEncrypted } from '../storage/encrypted/encrypted-backend.ts';
import { isEmpty } from '../storage/is-empty.ts';
import { PackedBackend } from '../storage/packed-backend.ts';
import type { StorageBackend } from '../storage/storage-backend.ts';

export interface LayerOptions {
    readonly secret: string;
    /** Whether the store is encrypted; default: as it is, and new ones in browsers. An encrypted one is always opened as such. */
    readonly encryptStorage?: boolean;
}

/**
 * A backend with what makes its values shorter, and unreadable for others.
 * @throws StorageError `SC-INIT1` for a wrong secret, `SB-INIT5` for a store that cannot be encrypted
 */
export async function layered(
    storage: StorageBackend,
    { secret, encryptStorage }: LayerOptions,
): Promise<StorageBackend> {
    const isNew = storage.original !== true && (await isEmpty(storage));
    if ((encryptStorage ?? (isNew && encryptByDefault)) || (await isEncrypted(storage)))
        return new PackedBackend(await EncryptedBackend.open(storage, secret));
    return storage.original === true ? storage : new PackedBackend(storage);
}

/**
 * Import and export of an instance: copies the store of one kind into an empty one of another. Both stay open.
 * @param onProgress called after each commit
 * @throws WrongSecretError if the secret is not that of the keys; StorageError as `copyStore`. A copy that was interrupted cannot be opened.
 */
export async function copyInstance(
    from: StorageBackend,
    to: StorageBackend,
    { onProgress, ...layers }: LayerOptions & { readonly onProgress?: (progress: CopyProgress) => void },
): Promise<CopyProgress> {
    // The source is as it is; what is asked for is for the copy.
    const encryptStorage = await isEncrypted(from);
    const source = await layered(from, { secret: layers.secret, encryptStorage });
    if (await isAddingReverseMaps(source))
        throw new StorageError(
            'STORAGE_INCOMPLETE',
            'This store was interrupted while reverse maps were added to it: open the instance once, then copy it',
        );
    // Whoever opens the copy has one secret for both.
    if (await hasMasterKey(source)) wipe(await openMasterKey(source, layers.secret));
    return copyStore(source, await layered(to, layers), onProgress);
}

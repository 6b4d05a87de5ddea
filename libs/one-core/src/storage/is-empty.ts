import type { StorageBackend } from './storage-backend.ts';

/** Whether a store holds nothing but what it says of itself. */
export async function isEmpty(storage: Pick<StorageBackend, 'keys' | 'blobs'>): Promise<boolean> {
    for (const space of ['objects', 'vheads', 'private', 'state', 'rmaps', 'logs'] as const)
        for await (const _key of storage.keys(space)) return false;
    for await (const _name of storage.blobs.names()) return false;
    return true;
}

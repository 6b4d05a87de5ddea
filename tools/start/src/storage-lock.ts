import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderInUseError, lockFolder } from '@refinio/one.core/storage/file';

/** Another system stores in the same folder; two at once would damage each other's files. */
export class StorageInUseError extends Error {
    override readonly name = 'StorageInUseError';

    constructor(folder: string, holder: string) {
        super(
            `The folder ${folder} is in use by process ${holder}. Stop that one, or choose another: --storage FOLDER`,
        );
    }
}

/** Takes a folder for this process until disposed. @throws StorageInUseError */
export async function lockStorage(folder: string): Promise<AsyncDisposable> {
    await mkdir(folder, { recursive: true });
    try {
        return await lockFolder(join(folder, 'npm-start.lock'));
    } catch (error) {
        throw error instanceof FolderInUseError ? new StorageInUseError(folder, error.holder) : error;
    }
}

import { StorageError } from '../storage-errors.ts';
import { unavailableError } from './indexeddb-errors.ts';

/** A store that is held against all other tabs and workers of this origin; the browser gives it free when they end. */
export interface StoreLock {
    /** Resolves if somebody takes the lock away (`steal`), never otherwise. */
    readonly stolen: Promise<void>;
    /** Resolves when others can have it. */
    release(): Promise<void>;
}

/** @throws StorageError `STORAGE_IN_USE`, `STORAGE_UNAVAILABLE` */
export async function lockStore(name: string): Promise<StoreLock> {
    // Missing in insecure contexts, and nothing else keeps a second tab from deciding by what this one is just changing.
    const locks = (navigator as Partial<Navigator>).locks;
    if (locks === undefined) throw unavailableError(name, 'open it by https, in a current browser');
    const taken = Promise.withResolvers<boolean>();
    const released = Promise.withResolvers<void>();
    const stolen = Promise.withResolvers<void>();
    const ended = locks
        .request(`one-core/storage/${name}`, { ifAvailable: true }, lock => {
            taken.resolve(lock !== null);
            return lock === null ? undefined : released.promise;
        })
        .then(
            () => undefined,
            (error: unknown) => {
                taken.reject(unavailableError(name, 'allow this page to store site data', error));
                stolen.resolve();
            },
        );
    if (!(await taken.promise))
        throw new StorageError(
            'STORAGE_IN_USE',
            `The store "${name}" is open in another tab or worker of this page; close it there, or go on there`,
        );
    return {
        stolen: stolen.promise,
        release: () => {
            released.resolve();
            return ended;
        },
    };
}

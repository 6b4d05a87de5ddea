// What a case is given.
import type { StorageBackend } from '../storage-backend.ts';

/** A place for one store, empty at first. */
export interface StorageUnderTest extends AsyncDisposable {
    /** Opens the store that is there, or creates it; the same one each time. */
    open(): Promise<StorageBackend>;
}

export interface AcceptanceOptions {
    /** False if nothing is left when the backend is closed. */
    readonly durable?: boolean;
    /** Whether small BLOBs are among the values, as in the folder of an original installation; then they are not listed twice. */
    readonly blobsAreValues?: boolean;
}

/** Cases by their names. They fail by throwing. */
export type Cases = Readonly<Record<string, (store: StorageUnderTest, options: AcceptanceOptions) => Promise<void>>>;

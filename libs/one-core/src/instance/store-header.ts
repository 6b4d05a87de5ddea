// What a store is, before anything in it is understood:
//
//   meta/store    JSON {"compatVersion": 1, "location": "<64 hexadecimal digits, spec 31 §1.3>"}
import * as z from 'zod';
import type { StorageReader } from '../storage/storage-backend.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { Transaction } from '../storage/store.ts';

/** Version of everything this project writes besides spec 20; older ones are migrated, newer ones refused. */
const COMPAT_VERSION = 1;
const HEADER = 'store';
const schema = z.object({ compatVersion: z.int().positive(), location: z.string() });

/**
 * @param location of the instance that is about to be opened
 * @returns whether there is a header; one of an original installation has none
 * @throws StorageError `STORAGE_NEWER`, `STORAGE_OTHER_INSTANCE`, `STORAGE_DAMAGED`
 */
export async function checkStoreHeader(reader: Pick<StorageReader, 'get'>, location: string): Promise<boolean> {
    const value = await reader.get('meta', HEADER);
    if (value === undefined) return false;
    const header = schema.safeParse(parse(new TextDecoder().decode(value)));
    if (!header.success)
        throw new StorageError('STORAGE_DAMAGED', 'The header of this store is damaged; restore it from a backup');
    if (header.data.compatVersion > COMPAT_VERSION)
        throw new StorageError(
            'STORAGE_NEWER',
            `This store was written by a newer version of this program (format ${header.data.compatVersion}, this one ` +
                `reads up to ${COMPAT_VERSION}). Install that version; nothing was changed`,
        );
    if (header.data.location !== location)
        throw new StorageError(
            'STORAGE_OTHER_INSTANCE',
            'This store belongs to another instance: check its name, its e-mail and where the store is. Nothing was changed',
        );
    return true;
}

export function writeStoreHeader(transaction: Transaction, location: string): void {
    const header = JSON.stringify({ compatVersion: COMPAT_VERSION, location });
    transaction.put('meta', HEADER, new TextEncoder().encode(header));
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

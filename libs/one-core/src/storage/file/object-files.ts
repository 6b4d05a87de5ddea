// Which files of `objects` are values. Original installations keep objects, CLOBs and BLOBs in one folder, and only the content
// tells them apart: a file is a value if it is no longer than a small BLOB, or text from its first byte to its last and no
// longer than what can be committed. All others are BLOBs, which are never in memory as a whole.
import { MAX_INLINE_BLOB, MAX_TRANSACTION_BYTES } from '../../limits.ts';
import { ID_OBJECT_FRAME, OBJECT_FRAME } from '../../microdata/content-type.ts';
import { BLOB_PIECE } from '../blob-files.ts';
import type { FolderOperations } from './folder-operations.ts';

/** How microdata begins. */
const FRAMES = [OBJECT_FRAME, ID_OBJECT_FRAME].map(frame => Buffer.from(frame));

/** Content of a file that is a value; undefined if there is none. */
export async function readValue(path: string, operations: FolderOperations): Promise<Uint8Array | undefined> {
    return (await isValue(path, operations)) ? operations.read(path) : undefined;
}

export async function isValue(path: string, operations: FolderOperations): Promise<boolean> {
    const size = await operations.size(path);
    if (size === undefined) return false;
    if (size <= MAX_INLINE_BLOB) return true;
    return size <= MAX_TRANSACTION_BYTES && isText(path, size, operations);
}

/** Most BLOBs show with their first bytes that they are none. */
async function isText(path: string, size: number, operations: FolderOperations): Promise<boolean> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for (let at = 0; at < size; at += BLOB_PIECE) {
        const piece = await operations.readRange(path, at, Math.min(BLOB_PIECE, size - at));
        // Whether the rest of an object is intact, is looked at by its hash.
        if (at === 0 && FRAMES.some(frame => frame.equals(piece.subarray(0, frame.length)))) return true;
        try {
            decoder.decode(piece, { stream: at + BLOB_PIECE < size });
        } catch {
            return false;
        }
    }
    return true;
}

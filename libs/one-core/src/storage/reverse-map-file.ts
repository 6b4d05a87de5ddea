// A reverse map as original installations store it (spec 20 §2.1): 64 hexadecimal digits and a line feed per entry.
import { isHash } from '../hashes.ts';
import type { Write } from './storage-backend.ts';
import { StorageError } from './storage-errors.ts';

const HASH_LENGTH = 64;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Entries in the order in which they were written, each once. Original installations append without care for crashes: a
 * torn last line is none, unless only its end is missing; a line that begins with the rest of a torn one counts without it.
 * @throws StorageError `STORAGE_DAMAGED` for damage of another kind: entries are not used half-way
 */
export function decodeReverseMapFile(name: string, content: Uint8Array): string[] {
    const entries = new Set<string>();
    let offset = 0;
    const lines = decoder.decode(content).split('\n');
    for (const [i, line] of lines.entries()) {
        const entry = line.slice(-HASH_LENGTH);
        if (isHash(entry)) entries.add(entry);
        else if (i < lines.length - 1)
            throw new StorageError(
                'STORAGE_DAMAGED',
                `The reverse map "${name}" is damaged at byte ${offset}: lines of 64 hexadecimal digits are expected`,
            );
        offset += line.length + 1;
    }
    return [...entries];
}

/** What a file of an original installation is in a store of ours. @throws StorageError `STORAGE_DAMAGED` */
export function writesOfOriginalFile(
    space: 'objects' | 'vheads' | 'rmaps' | 'private',
    key: string,
    content: Uint8Array,
): Write[] {
    if (space !== 'rmaps') return [{ type: 'put', space, key, value: content }];
    return decodeReverseMapFile(key, content).map((entry, number) => ({
        type: 'append',
        space,
        key,
        number,
        value: encoder.encode(entry),
    }));
}

// Reverse maps (spec 20 §2.1, 22 §2): "which objects of type T link to X?", one hash a line.
import { OneError } from '../errors.ts';
import { isHash } from '../hashes.ts';

const HASH_LENGTH = 64;
const decoder = new TextDecoder();
const utf8 = new TextEncoder();

/** A reverse map is damaged; its entries are not used half-way. */
export class ReverseMapDamagedError extends OneError {
    readonly code = 'REVERSE_MAP_DAMAGED';

    constructor(name: string, offset: number) {
        super(`The reverse map "${name}" is damaged at byte ${offset}: lines of 64 hexadecimal digits are expected.`);
    }
}

/** Name of the map of objects, or with `IdObject` of ID objects, of a type that link to a hash or ID hash. */
export function reverseMapName(target: string, kind: 'Object' | 'IdObject', type: string): string {
    return `${target}.${kind}.${type}`;
}

/**
 * Entries in the order in which they were written, each once. Original installations append without care for crashes: a
 * torn last line is none, unless only its end is missing; a line that begins with the rest of a torn one counts without it.
 * @throws ReverseMapDamagedError for damage of another kind
 */
export function decodeReverseMap(name: string, content: Uint8Array | undefined): string[] {
    if (content === undefined) return [];
    const entries = new Set<string>();
    let offset = 0;
    const lines = decoder.decode(content).split('\n');
    for (const [i, line] of lines.entries()) {
        const entry = line.slice(-HASH_LENGTH);
        if (isHash(entry)) entries.add(entry);
        else if (i < lines.length - 1) throw new ReverseMapDamagedError(name, offset);
        offset += line.length + 1;
    }
    return [...entries];
}

/** Content of the map with one more entry. */
export function appendToReverseMap(entries: readonly string[], entry: string): Uint8Array {
    return utf8.encode(entries.concat(entry).join('\n') + '\n');
}

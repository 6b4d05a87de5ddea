// Reverse maps (spec 20 §2.1, 22 §2): "which objects of type T link to X?", one hash a line.
import { OneError } from '../errors.ts';
import { isHash } from '../hashes.ts';

const LINE = 65;
const ascii = new TextDecoder();
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
 * Entries in the order in which they were written, each once. A line that is torn at the end, as a crash of an original
 * installation leaves it, is none.
 * @throws ReverseMapDamagedError for damage anywhere else
 */
export function decodeReverseMap(name: string, content: Uint8Array | undefined): string[] {
    if (content === undefined) return [];
    const text = ascii.decode(content);
    const entries = new Set<string>();
    for (let offset = 0; offset + LINE <= text.length; offset += LINE) {
        const entry = text.slice(offset, offset + LINE - 1);
        if (!isHash(entry) || text[offset + LINE - 1] !== '\n') throw new ReverseMapDamagedError(name, offset);
        entries.add(entry);
    }
    return [...entries];
}

/** Content of the map with one more entry. */
export function appendToReverseMap(entries: readonly string[], entry: string): Uint8Array {
    return utf8.encode(entries.concat(entry).join('\n') + '\n');
}

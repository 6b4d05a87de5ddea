import { MAX_KNOWN_ENTRIES } from '../limits.ts';
import { ignoreBroken } from '../objects/object-errors.ts';
import { readReverseMap, ReverseMapDamagedError, reverseMapName, type ReverseMapKind } from '../objects/reverse-map.ts';
import type { StorageReader } from '../storage/storage-backend.ts';

/** Entries of the reverse maps that were asked for last: those that many objects belong to are not read for each of them. */
export class KnownEntries {
    /** Longest unused first. */
    readonly #maps = new Map<string, Set<string>>();
    #count = 0;

    /**
     * Notes that an entry is in a map from now on. @returns whether it was not there; false also for a map that is damaged, of
     * which queries and `verify` tell
     */
    async add(
        reader: Pick<StorageReader, 'list'>,
        [target, kind, type]: readonly [target: string, kind: ReverseMapKind, type: string],
        entry: string,
    ): Promise<boolean> {
        const name = reverseMapName(target, kind, type);
        const known = this.#maps.get(name);
        const entries = known ?? (await readReverseMap(reader, target, kind, type).then(toSet, ignoreDamaged));
        if (entries === undefined) return false;
        if (known === undefined) this.#count += entries.size;
        this.#maps.delete(name);
        this.#maps.set(name, entries);
        const isNew = !entries.has(entry);
        if (isNew) {
            entries.add(entry);
            this.#count++;
        }
        this.#forget();
        return isNew;
    }

    /** Keeps the last one, whatever its length. */
    #forget(): void {
        for (const [name, entries] of this.#maps) {
            if (this.#count <= MAX_KNOWN_ENTRIES || this.#maps.size === 1) return;
            this.#maps.delete(name);
            this.#count -= entries.size;
        }
    }
}

function toSet(entries: readonly string[]): Set<string> {
    return new Set(entries);
}

function ignoreDamaged(error: unknown): undefined {
    if (!(error instanceof ReverseMapDamagedError)) ignoreBroken(error);
    return undefined;
}

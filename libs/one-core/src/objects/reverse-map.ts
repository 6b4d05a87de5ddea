// Reverse maps (spec 22 §2): "which objects of type T link to X?" A list per target and type, one hash per entry.
import { OneError } from '../errors.ts';
import { isHash } from '../hashes.ts';
import type { Microdata } from '../microdata/microdata.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import { linkedAt, linksOf } from './links.ts';

/** Names of types → names of properties (`*`: all) for which reverse maps are kept. */
export type ReverseMapTypes = ReadonlyMap<string, ReadonlySet<string>>;

/** What an entry names: objects, or ID objects. */
export type ReverseMapKind = 'Object' | 'IdObject';

/** Always kept, so that they must not be listed (spec 22 §2.2). */
export const ALWAYS_ENABLED: Readonly<Record<ReverseMapKind, readonly string[]>> = {
    Object: ['Access', 'Group', 'IdAccess', 'Keys'],
    IdObject: ['Access', 'IdAccess', 'Instance'],
};
const ALL = '*';
const decoder = new TextDecoder();

/** A reverse map that is always kept was listed. */
export class ReverseMapEnabledError extends OneError {
    readonly code = 'SRH-AEMAP1';

    constructor(type: string) {
        super(`Reverse maps of the type "${type}" are always kept and must not be listed (SRH-AEMAP1).`);
    }
}

/** A reverse map is damaged; its entries are not used half-way. */
export class ReverseMapDamagedError extends OneError {
    readonly code = 'REVERSE_MAP_DAMAGED';

    constructor(name: string, place: string) {
        super(`The reverse map "${name}" is damaged at ${place}: lines of 64 hexadecimal digits are expected.`);
    }
}

/** Name of the map of objects, or of ID objects, of a type that link to a hash or ID hash. */
export function reverseMapName(target: string, kind: ReverseMapKind, type: string): string {
    return `${target}.${kind}.${type}`;
}

/** Entries in the order in which they were written, each once. @throws ReverseMapDamagedError */
export async function readReverseMap(
    reader: Pick<StorageReader, 'list'>,
    target: string,
    kind: ReverseMapKind,
    type: string,
): Promise<string[]> {
    const name = reverseMapName(target, kind, type);
    const entries = new Set<string>();
    for (const { number, value } of await reader.list('rmaps', name)) {
        const entry = decoder.decode(value);
        if (!isHash(entry)) throw new ReverseMapDamagedError(name, `entry ${number}`);
        entries.add(entry);
    }
    return [...entries];
}

/** @throws ReverseMapEnabledError for a type that is always kept */
export function ensureReverseMapTypes(
    objects: ReverseMapTypes = new Map(),
    idObjects: ReverseMapTypes = new Map(),
): void {
    for (const type of ALWAYS_ENABLED.Object) if (objects.has(type)) throw new ReverseMapEnabledError(type);
    for (const type of ALWAYS_ENABLED.IdObject) if (idObjects.has(type)) throw new ReverseMapEnabledError(type);
}

/** Which links of new objects are entered. */
export class EnabledReverseMaps {
    readonly #enabled: Readonly<Record<ReverseMapKind, ReverseMapTypes>>;

    /** @throws ReverseMapEnabledError */
    constructor(objects: ReverseMapTypes = new Map(), idObjects: ReverseMapTypes = new Map()) {
        ensureReverseMapTypes(objects, idObjects);
        const all = new Set([ALL]);
        const withDefaults = (kind: ReverseMapKind, types: ReverseMapTypes): ReverseMapTypes =>
            new Map([...types, ...ALWAYS_ENABLED[kind].map(type => [type, all] as const)]);
        this.#enabled = { Object: withDefaults('Object', objects), IdObject: withDefaults('IdObject', idObjects) };
    }

    /** Of what an Instance object says that somebody else may have written: types that are always kept do not matter. */
    static besidesDefaults(
        objects: ReverseMapTypes = new Map(),
        idObjects: ReverseMapTypes = new Map(),
    ): EnabledReverseMaps {
        const others = (kind: ReverseMapKind, types: ReverseMapTypes): ReverseMapTypes =>
            new Map([...types].filter(([type]) => !ALWAYS_ENABLED[kind].includes(type)));
        return new EnabledReverseMaps(others('Object', objects), others('IdObject', idObjects));
    }

    /** Hashes whose map gets an entry for a new object or ID object; each once. */
    targets(kind: ReverseMapKind, type: string, text: string, microdata: Microdata): ReadonlySet<string> {
        const names = this.#enabled[kind].get(type);
        if (names === undefined) return new Set();
        if (names.has(ALL)) return new Set(linksOf(text).map(({ hash }) => hash));
        return kind === 'Object'
            ? linkedAt(microdata.parse(text), microdata.recipes.rulesOf(type), names)
            : linkedAt(microdata.parseId(text), microdata.recipes.idRulesOf(type), names);
    }
}

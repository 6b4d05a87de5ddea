// Reverse maps that an older instance lacks: the Instance object lists them from now on, and what is stored already is
// entered. Deployed instances enter only what is stored later (spec 22 §2.1); they read these maps like their own.
//
//   state/adding-reverse-maps    JSON {"types": {"Object": […], "IdObject": […]}, "number", "records", "until"}; present from
//                                the commit of the Instance object until the maps are complete
//
// First comes what the journal names, in the order of storing, up to the entry `until`; so queries answer as if the maps had
// always been there. Then everything else: what is older than the journal, as in a copy. Entries that exist are not repeated.
import * as z from 'zod';
import { MAX_ADDED_ENTRIES, MAX_FOLLOWED_ENTRIES } from '../limits.ts';
import { contentTypeOfText, ID_OBJECT_FRAME, isFramed } from '../microdata/content-type.ts';
import { JOURNAL, type JournalRecord } from '../objects/journal.ts';
import { readJournalPart, type JournalPosition } from '../objects/journal-parts.ts';
import { ignoreBroken } from '../objects/object-errors.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { ObjectTransaction } from '../objects/object-transaction.ts';
import {
    EnabledReverseMaps,
    reverseMapName,
    type ReverseMapKind,
    type ReverseMapTypes,
} from '../objects/reverse-map.ts';
import { inPieces } from '../pieces.ts';
import type { Instance } from '../recipes/core-recipes.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import { KnownEntries } from './known-entries.ts';

const ADDING = 'adding-reverse-maps';
const schema = z.object({
    types: z.object({ Object: z.array(z.string()), IdObject: z.array(z.string()) }),
    number: z.int(),
    records: z.int(),
    until: z.int(),
});
type Marker = z.infer<typeof schema>;
/** Objects that are looked at in one transaction: reading them is most of the work. */
const PIECE = 500;
const utf8 = new TextEncoder();

/** The reverse maps that an application needs. */
export interface WantedReverseMaps {
    readonly reverseMaps?: ReverseMapTypes | undefined;
    readonly reverseMapsForIdObjects?: ReverseMapTypes | undefined;
}

/** The current Instance object. */
export type ReadInstance = (objects: ObjectStore | ObjectTransaction) => Promise<{ readonly obj: Instance }>;

/** Whether an addition was interrupted: the maps of the store are not complete. */
export async function isAddingReverseMaps(reader: Pick<StorageReader, 'get'>): Promise<boolean> {
    return (await reader.get('state', ADDING)) !== undefined;
}

/** The maps that an Instance object lists. */
export function enabledBy(instance: Instance): EnabledReverseMaps {
    return EnabledReverseMaps.besidesDefaults(
        instance.enabledReverseMapTypes,
        instance.enabledReverseMapTypesForIdObjects,
    );
}

/**
 * Completes what an opening before has begun, then adds what is missing. To be called before anybody else stores anything; the
 * types must be known. Stores nothing if nothing is missing.
 * @throws StorageError; after one it is completed when it is called again
 */
export async function addReverseMaps(
    objects: ObjectStore,
    readInstance: ReadInstance,
    wanted: WantedReverseMaps,
): Promise<void> {
    const { obj } = await readInstance(objects);
    await complete(objects, enabledBy(obj));
    if (missingTypes(obj, wanted) === undefined) return;
    const enabled = await objects.transact(async transaction => {
        const { obj } = await readInstance(transaction);
        const types = missingTypes(obj, wanted) ?? { Object: [], IdObject: [] };
        const instance = {
            ...obj,
            enabledReverseMapTypes: union(obj.enabledReverseMapTypes, wanted.reverseMaps),
            enabledReverseMapTypesForIdObjects: union(
                obj.enabledReverseMapTypesForIdObjects,
                wanted.reverseMapsForIdObjects,
            ),
        } satisfies Instance;
        // The entry of this commit is the last one whose objects nobody has entered.
        const until = (await transaction.transaction.lastNumber('logs', JOURNAL)) + 1;
        await transaction.storeVersioned(instance, 'change');
        writeMarker(transaction, { types, number: 0, records: 0, until });
        return enabledBy(instance);
    });
    objects.enableReverseMaps(enabled);
    await complete(objects, enabled);
}

/** Does what the marker says, and removes it. */
async function complete(objects: ObjectStore, enabled: EnabledReverseMaps): Promise<void> {
    let marker = await readMarker(objects.store);
    if (marker === undefined) return;
    const entering = new Entering(enabled, marker.types);
    while (marker.number < marker.until) {
        const before: Marker = marker;
        marker = await objects.transact(async transaction => {
            const next = { ...before, ...(await entering.part(transaction, before, before.until)) };
            writeMarker(transaction, next);
            return next;
        });
    }
    for await (const hashes of inPieces(objects.store.keys('objects'), PIECE))
        for (let done = 0; done < hashes.length;)
            done += await objects.transact(transaction => entering.some(transaction, hashes.slice(done)));
    await objects.transact(async ({ transaction }) => {
        transaction.delete('state', ADDING);
        await Promise.resolve();
    });
}

/** Enters objects into the maps of some types. */
class Entering {
    readonly #enabled: EnabledReverseMaps;
    readonly #types: Marker['types'];
    readonly #known = new KnownEntries();

    constructor(enabled: EnabledReverseMaps, types: Marker['types']) {
        this.#enabled = enabled;
        this.#types = types;
    }

    /** Some of what the journal names. @returns how far it came */
    async part(objects: ObjectTransaction, from: JournalPosition, until: number): Promise<JournalPosition> {
        const { entries, behind } = await readJournalPart(objects.transaction, from, until, MAX_FOLLOWED_ENTRIES);
        let entered = 0;
        let skipped = from.records;
        for (const { number, records } of entries) {
            for (const [i, record] of records.entries()) {
                for (const hash of objectsOf(record)) entered += await this.#enter(objects, hash);
                if (entered >= MAX_ADDED_ENTRIES) return { number: number - 1, records: skipped + i + 1 };
            }
            skipped = 0;
        }
        return entries.length === 0 ? { number: until, records: 0 } : behind;
    }

    /** The first of these objects. @returns how many it were */
    async some(objects: ObjectTransaction, hashes: readonly string[]): Promise<number> {
        let entered = 0;
        for (const [i, hash] of hashes.entries()) {
            entered += await this.#enter(objects, hash);
            if (entered >= MAX_ADDED_ENTRIES) return i + 1;
        }
        return hashes.length;
    }

    /** @returns number of entries that were missing */
    async #enter(objects: ObjectTransaction, hash: string): Promise<number> {
        // What is damaged is entered when it is stored again.
        const text = await objects.findText(hash).catch(ignoreBroken);
        const type = text !== undefined && isFramed(text) ? typeOf(text) : undefined;
        if (text === undefined || type === undefined) return 0;
        const kind: ReverseMapKind = text.startsWith(ID_OBJECT_FRAME) ? 'IdObject' : 'Object';
        // A CLOB that only looks like an object belongs to no map.
        const isWanted = this.#types[kind].includes(type);
        if (!isWanted || (await objects.isRaw(hash)) || objects.findLinks(text) === undefined) return 0;
        let entered = 0;
        for (const target of this.#enabled.targets(kind, type, text, objects.microdata)) {
            if (!(await this.#known.add(objects.transaction, [target, kind, type], hash))) continue;
            const number = await objects.nextNumber();
            objects.transaction.append('rmaps', reverseMapName(target, kind, type), number, utf8.encode(hash));
            entered++;
        }
        return entered;
    }
}

function objectsOf(record: JournalRecord): readonly string[] {
    switch (record.kind) {
        case 'blob':
        case 'clob':
            return [];
        case 'version':
            return [record.hash, record.node];
        case 'object':
        case 'idObject':
        case 'rawVersion':
            return [record.hash];
    }
}

function typeOf(text: string): string | undefined {
    try {
        return contentTypeOfText(text).replace(/ \[ID\]$/, '');
    } catch (error) {
        ignoreBroken(error);
        return undefined;
    }
}

/** Types of which something wanted is not listed; undefined if nothing is missing. */
function missingTypes(instance: Instance, wanted: WantedReverseMaps): Marker['types'] | undefined {
    const types = {
        Object: missing(instance.enabledReverseMapTypes, wanted.reverseMaps),
        IdObject: missing(instance.enabledReverseMapTypesForIdObjects, wanted.reverseMapsForIdObjects),
    };
    return types.Object.length > 0 || types.IdObject.length > 0 ? types : undefined;
}

function missing(listed: ReverseMapTypes, wanted: ReverseMapTypes = new Map()): string[] {
    return [...wanted].filter(([type, names]) => !covers(listed.get(type), names)).map(([type]) => type);
}

/** Whether a listed set of names has all of the others; `*` stands for all. */
function covers(listed: ReadonlySet<string> | undefined, names: ReadonlySet<string>): boolean {
    return listed !== undefined && (listed.has('*') || [...names].every(name => listed.has(name)));
}

/** What is missing stands behind what is there. */
function union(listed: ReverseMapTypes, wanted: ReverseMapTypes = new Map()): Map<string, Set<string>> {
    const all = new Map([...listed].map(([type, names]) => [type, new Set(names)]));
    for (const [type, names] of wanted)
        if (!covers(all.get(type), names)) all.set(type, new Set([...(all.get(type) ?? []), ...names]));
    return all;
}

async function readMarker(reader: Pick<StorageReader, 'get'>): Promise<Marker | undefined> {
    const value = await reader.get('state', ADDING);
    if (value === undefined) return undefined;
    const marker = schema.safeParse(parse(new TextDecoder().decode(value)));
    if (marker.success) return marker.data;
    throw new StorageError('STORAGE_DAMAGED', `"${ADDING}" of this store is damaged; restore it from a backup`);
}

function writeMarker({ transaction }: ObjectTransaction, marker: Marker): void {
    transaction.put('state', ADDING, utf8.encode(JSON.stringify(marker)));
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

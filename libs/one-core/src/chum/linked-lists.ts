// Lists of channels in what a peer sends (spec 21 §6.5). A merge walks through both lists, so that one that is broken at any place
// would keep every later version of its ID from being merged, on every device. Each entry is looked at when it comes: what it
// continues was looked at before.
import type { AnyObject } from '../microdata/microdata.ts';
import type { ObjectReader } from '../objects/object-reader.ts';
import { StorageError } from '../storage/storage-errors.ts';
import { valueAt } from '../versions/object-access.ts';
import { ChumError } from './chum-errors.ts';
import type { Received } from './fetcher.ts';
import type { ImportBatch } from './import-batch.ts';

const ALGORITHM = 'LinkedListCrdtAlgorithm';
const ENTRY = 'LinkedListEntry';

export class LinkedLists {
    readonly #objects: ObjectReader;

    constructor(objects: ObjectReader) {
        this.#objects = objects;
    }

    /**
     * To be called for everything that was received, before it is stored.
     * @throws ChumError `CHUM_LIST_INVALID` for an entry without time, or one that continues something else than a list
     */
    async ensureSound({ hash, obj }: Received, batch: ImportBatch): Promise<void> {
        if (obj.$type$ !== ENTRY) return;
        const { data, previous } = obj as { readonly data?: unknown; readonly previous?: unknown };
        const time = await this.#read(data, batch);
        if (!Number.isFinite(time?.['timestamp'])) throw invalid(`the entry ${hash} has no time`);
        if (previous !== undefined && (await this.#read(previous, batch))?.$type$ !== ENTRY)
            throw invalid(`what the entry ${hash} continues is no list`);
    }

    /**
     * For a version that is to be merged.
     * @throws ChumError `CHUM_LIST_INVALID` if something else stands where its recipe says that a list is
     */
    async ensureLists(version: AnyObject, batch: ImportBatch): Promise<void> {
        const { recipes } = this.#objects.microdata;
        const read = async (hash: string): Promise<AnyObject> => batch.find(hash)?.obj ?? this.#objects.read(hash);
        for (const [place, algorithm] of recipes.get(version.$type$).crdtConfig ?? []) {
            if (algorithm !== ALGORITHM) continue;
            const [path = ''] = place.split('#', 1);
            const value = (await valueAt({ recipes, read }, version, path))?.value;
            if (value !== undefined && (await this.#read(value, batch))?.$type$ !== ENTRY)
                throw invalid(`"${path}" of a ${version.$type$} is no list`);
        }
    }

    /** Undefined for what is no object of a known type. */
    async #read(hash: unknown, batch: ImportBatch): Promise<AnyObject | undefined> {
        if (typeof hash !== 'string') return undefined;
        try {
            return batch.find(hash)?.obj ?? (await this.#objects.read(hash));
        } catch (error) {
            if (error instanceof StorageError) throw error;
            return undefined;
        }
    }
}

function invalid(what: string): ChumError {
    return new ChumError('CHUM_LIST_INVALID', `A list of the peer is broken: ${what}`);
}

import { inRange } from './list-range.ts';
import type { Append, ListEntry, ListRange, ListSpace, StorageReader, ValueSpace, Write } from './storage-backend.ts';

type ValueWrite = Exclude<Write, { type: 'append' | 'trim' }>;

interface ListWrites {
    readonly space: ListSpace;
    readonly key: string;
    /** Entries with smaller numbers are removed. */
    before: number;
    appends: Append[];
}

/** Bytes that an entry costs besides its value: for limits, not for accounts. */
const ENTRY_COST = 128;

/** Writes of one or more transactions, the last one of each value: what a commit is made of. */
export class WriteSet {
    readonly values = new Map<string, ValueWrite>();
    readonly lists = new Map<string, ListWrites>();
    /** Estimated bytes. */
    size = 0;

    get empty(): boolean {
        return this.values.size === 0 && this.lists.size === 0;
    }

    add(write: Write): void {
        const id = idOf(write.space, write.key);
        if (write.type === 'put' || write.type === 'delete') {
            this.values.set(id, write);
            this.size += ENTRY_COST + (write.type === 'put' ? write.value.length : 0);
            return;
        }
        let list = this.lists.get(id);
        if (list === undefined)
            this.lists.set(id, (list = { space: write.space, key: write.key, before: 0, appends: [] }));
        if (write.type === 'trim') {
            list.before = Math.max(list.before, write.before);
            // What is appended later stays, whatever its number.
            list.appends = list.appends.filter(({ number }) => number >= write.before);
        } else list.appends.push(write);
        this.size += ENTRY_COST + (write.type === 'append' ? write.value.length : 0);
    }

    /** Adds what a later set writes. */
    merge(later: WriteSet): void {
        for (const write of later.writes()) this.add(write);
    }

    /** For one commit: trims stand before what is appended. */
    *writes(): Generator<Write> {
        yield* this.values.values();
        for (const { space, key, before, appends } of this.lists.values()) {
            if (before > 0) yield { type: 'trim', space, key, before };
            yield* appends;
        }
    }
}

/** A finished transaction that is not durable yet. */
interface Pending {
    readonly writes: WriteSet;
    readonly durable: PromiseWithResolvers<void>;
    readonly callbacks: readonly (() => void)[];
}

/**
 * What transactions have written, from their end until it is durable: later transactions read it. It is stored in order, as
 * much at once as there is (group commit): under load many transactions share one flush of the disk. If a commit fails, all
 * that wait fail with it, because they may have read what is not there.
 */
export class PendingWrites {
    readonly #commit: (writes: readonly Write[]) => Promise<void>;
    readonly #maxGroup: number;
    readonly #gather: () => Promise<void>;
    /** The latest pending write of each value, and whose it is. */
    readonly #values = new Map<string, { readonly write: ValueWrite; readonly of: Pending }>();
    readonly #lists = new Map<string, { readonly list: ListWrites; readonly of: Pending }[]>();
    #queue: Pending[] = [];
    #newest: Promise<void> = Promise.resolve();
    #flushing = false;
    #progress = Promise.withResolvers<void>();
    #size = 0;
    /** Counts the failures: a transaction begun before one must not be stored. */
    generation = 0;
    #failure: Error = new Error('Nothing has failed.');

    /** @param gather resolves when a commit should begin: what is added until then joins it */
    constructor(
        commit: (writes: readonly Write[]) => Promise<void>,
        maxGroup: number,
        gather: () => Promise<void> = () => Promise.resolve(),
    ) {
        this.#commit = commit;
        this.#maxGroup = maxGroup;
        this.#gather = gather;
    }

    /** Estimated bytes that wait. */
    get size(): number {
        return this.#size;
    }

    value(space: ValueSpace, key: string): ValueWrite | undefined {
        return this.#values.get(idOf(space, key))?.write;
    }

    list(space: ListSpace, key: string): readonly ListWrites[] {
        return (this.#lists.get(idOf(space, key)) ?? []).map(({ list }) => list);
    }

    /** Of all values and lists that are about to be stored. */
    *written(): Generator<ValueWrite | ListWrites> {
        for (const { write } of this.#values.values()) yield write;
        for (const lists of this.#lists.values()) for (const { list } of lists) yield list;
    }

    /**
     * Resolves when everything that was added is durable.
     * @param generation when whoever waits was begun: if something failed since, it may have read what is not there
     */
    async settled(generation: number): Promise<void> {
        if (generation !== this.generation) throw this.#failure;
        await this.#newest;
    }

    /** Resolves when some of what waits has been stored, or has failed. */
    progress(): Promise<void> {
        return this.#progress.promise;
    }

    /** @returns resolves when it is durable; rejects with the error of the commit @param generation when it was begun */
    add(writes: WriteSet, generation: number, callbacks: readonly (() => void)[]): Promise<void> {
        const durable = Promise.withResolvers<void>();
        // Whoever waits for it hears of a failure; nobody has to.
        durable.promise.catch(() => undefined);
        if (generation !== this.generation) {
            durable.reject(this.#failure);
            return durable.promise;
        }
        const pending: Pending = { writes, durable, callbacks };
        for (const [id, write] of writes.values) this.#values.set(id, { write, of: pending });
        for (const [id, list] of writes.lists) {
            const lists = this.#lists.get(id);
            if (lists === undefined) this.#lists.set(id, [{ list, of: pending }]);
            else lists.push({ list, of: pending });
        }
        this.#queue.push(pending);
        this.#size += writes.size;
        this.#newest = durable.promise;
        if (!this.#flushing) {
            this.#flushing = true;
            void this.#flush();
        }
        return durable.promise;
    }

    async #flush(): Promise<void> {
        // What ends in the same turn joins.
        await Promise.resolve();
        while (this.#queue.length > 0) {
            await this.#gather();
            const group = this.#takeGroup();
            const merged = new WriteSet();
            for (const { writes } of group) merged.merge(writes);
            try {
                await this.#commit([...merged.writes()]);
                for (const pending of group) {
                    this.#forget(pending);
                    for (const callback of pending.callbacks) callSafely(callback);
                    pending.durable.resolve();
                }
            } catch (error) {
                this.#fail(group, error);
            }
            this.#progress.resolve();
            this.#progress = Promise.withResolvers();
        }
        this.#flushing = false;
    }

    #takeGroup(): Pending[] {
        let size = 0;
        let count = 0;
        for (const { writes } of this.#queue) {
            size += writes.size;
            if (count > 0 && size > this.#maxGroup) break;
            count++;
        }
        return this.#queue.splice(0, count);
    }

    #forget(pending: Pending): void {
        for (const id of pending.writes.values.keys())
            if (this.#values.get(id)?.of === pending) this.#values.delete(id);
        for (const id of pending.writes.lists.keys()) {
            const rest = (this.#lists.get(id) ?? []).filter(({ of }) => of !== pending);
            if (rest.length > 0) this.#lists.set(id, rest);
            else this.#lists.delete(id);
        }
        this.#size -= pending.writes.size;
    }

    #fail(group: readonly Pending[], error: unknown): void {
        const failed = [...group, ...this.#queue.splice(0)];
        this.#values.clear();
        this.#lists.clear();
        this.#size = 0;
        this.generation++;
        this.#failure = error instanceof Error ? error : new Error('A commit failed', { cause: error });
        this.#newest = Promise.resolve();
        for (const { durable } of failed) durable.reject(error);
    }
}

/** It is durable: what goes wrong in telling so must not make it fail. */
export function callSafely(callback: () => void): void {
    try {
        callback();
    } catch (error) {
        queueMicrotask(() => {
            throw error;
        });
    }
}

/** Entries of a list in a store, with writes that are not stored yet. */
export async function listWith(
    reader: StorageReader,
    [space, key, range]: [ListSpace, string, ListRange | undefined],
    writes: readonly ListWrites[],
): Promise<ListEntry[]> {
    if (writes.length === 0) return reader.list(space, key, range);
    // Copied before the store is read: what becomes durable meanwhile is in one of both, and counts once.
    const before = Math.max(...writes.map(list => list.before));
    let added: Append[] = [];
    for (const later of writes) added = [...added.filter(({ number }) => number >= later.before), ...later.appends];
    const stored = await reader.list(space, key, { ...range, from: Math.max(range?.from ?? 0, before) });
    const numbers = new Set(added.map(({ number }) => number));
    const all = stored.filter(({ number }) => !numbers.has(number));
    if (range?.reverse === true) all.reverse();
    for (const { number, value } of added) all.push({ number, value: new Uint8Array(value) });
    return inRange(all, range);
}

export function idOf(space: string, key: string): string {
    return `${space}/${key}`;
}

import {
    GATHER_MS,
    MAX_COMMIT_BYTES,
    MAX_PENDING_BYTES,
    MAX_STATE_CACHE_BYTES,
    MAX_TRANSACTION_BYTES,
} from '../limits.ts';
import { Sequence } from '../sequence.ts';
import type { BlobFiles } from './blob-files.ts';
import { callSafely, idOf, listWith, PendingWrites, WriteSet } from './pending-writes.ts';
import {
    ensureStorageKey,
    type ListEntry,
    type ListRange,
    type ListSpace,
    type Space,
    type StorageBackend,
    type StorageReader,
    type ValueSpace,
    type Write,
} from './storage-backend.ts';
import { ValueCache } from './value-cache.ts';
import { StorageKeyExistsError, TransactionTooLargeError } from './storage-errors.ts';

/** Reads what a transaction sees, or what is durable. */
export type StoreReader = StorageReader;

/** Reads what it has written itself. Nothing of it is stored before its task has ended. */
export interface Transaction extends StoreReader {
    /** The key must be new when the transaction ends; otherwise the whole transaction fails. Values are copied. */
    create(space: ValueSpace, key: string, value: Uint8Array): void;
    put(space: ValueSpace, key: string, value: Uint8Array): void;
    delete(space: ValueSpace, key: string): void;
    /** The number is greater than those of all entries before. */
    append(space: ListSpace, key: string, number: number, value: Uint8Array): void;
    /** Number of the last entry; 0 for none. Remembered, because every commit asks for that of the journal. */
    lastNumber(space: ListSpace, key: string): Promise<number>;
    /** Removes the entries with smaller numbers. */
    trim(space: ListSpace, key: string, before: number): void;
    /** Called when the transaction is durable, in the order of the transactions, before its caller goes on. */
    whenDurable(callback: () => void): void;
}

/**
 * A backend with transactions. There is one store per backend; key chain, identities and objects of one instance share it,
 * so that none of them decides by what another is just changing. Tasks of transactions run one after the other, but none
 * waits for the disk: what they wrote is made durable in groups.
 */
export class Store implements StoreReader, AsyncDisposable {
    readonly #backend: StorageBackend;
    readonly #tasks = new Sequence();
    /** That wait or run. */
    #openTasks = 0;
    #idle: (() => void) | undefined;
    readonly #pending: PendingWrites;
    /** Of the space `state`: every request of a peer and every commit asks for the same few. */
    readonly #states = new ValueCache(MAX_STATE_CACHE_BYTES);
    readonly #lastNumbers = new Map<string, number>();
    #lastNumbersOf = 0;

    /** @param gather where reads wait for a commit under way: it is begun when no task is there that would have to wait */
    constructor(backend: StorageBackend, { gather = false }: { readonly gather?: boolean } = {}) {
        this.#backend = backend;
        this.#pending = new PendingWrites(
            writes => this.#commit(writes),
            MAX_COMMIT_BYTES,
            gather ? () => this.#gather() : undefined,
        );
    }

    get blobs(): BlobFiles {
        return this.#backend.blobs;
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        if (space !== 'state') return this.#backend.get(space, key);
        const value = await this.#states.get(key, () => this.#backend.get(space, key));
        return value && new Uint8Array(value);
    }

    getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        return this.#backend.getMany(space, keys);
    }

    list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        return this.#backend.list(space, key, range);
    }

    keys(space: Space): AsyncIterable<string> {
        return this.#backend.keys(space);
    }

    /**
     * Runs a task alone, then stores what it wrote in one commit. If the task or the commit fails, nothing is stored.
     * Resolves when everything it wrote, and everything it may have read, is durable. A task must not start a transaction: it
     * would wait for itself.
     * @throws what the task throws; StorageKeyExistsError, TransactionTooLargeError, StorageError
     */
    async transact<T>(task: (transaction: Transaction) => Promise<T>): Promise<T> {
        this.#openTasks++;
        const { result, durable } = await this.#tasks.run(() => this.#run(task)).finally(() => this.#taskEnded());
        await durable;
        return result;
    }

    async #run<T>(task: (transaction: Transaction) => Promise<T>): Promise<{ result: T; durable: Promise<void> }> {
        while (this.#pending.size > MAX_PENDING_BYTES) await this.#pending.progress();
        const generation = this.#pending.generation;
        const transaction = new CollectedWrites(this.#backend, this, this.#pending, this.#numbersOf(generation));
        const result = await task(transaction).finally(() => transaction.end());
        await transaction.ensureNew();
        transaction.rememberNumbers();
        // In an object, so that the next task does not wait for the disk.
        return { result, durable: this.#stored(transaction, generation) };
    }

    async #commit(writes: readonly Write[]): Promise<void> {
        const states = writes.filter(({ space }) => space === 'state');
        this.#states.committing(states);
        try {
            await this.#backend.commit(writes);
        } catch (error) {
            this.#states.failed();
            throw error;
        }
        this.#states.committed(states);
    }

    #taskEnded(): void {
        this.#openTasks--;
        if (this.#openTasks === 0) this.#idle?.();
    }

    async #gather(): Promise<void> {
        if (this.#openTasks === 0) return;
        await new Promise<void>(resolve => {
            const timer = setTimeout(resolve, GATHER_MS);
            this.#idle = () => {
                clearTimeout(timer);
                resolve();
            };
        });
        this.#idle = undefined;
    }

    /** Reads everything anew from now on. */
    forget(): void {
        this.#states.clear();
    }

    /** Waits for transactions under way and closes the backend. */
    [Symbol.asyncDispose](): Promise<void> {
        return this.#tasks.run(async () => {
            // Whoever began them hears how they end.
            await this.#pending.settled(this.#pending.generation).catch(() => undefined);
            await this.#backend[Symbol.asyncDispose]();
        });
    }

    /** After a failed commit, what was remembered may not be there. */
    #numbersOf(generation: number): Map<string, number> {
        if (this.#lastNumbersOf !== generation) this.#lastNumbers.clear();
        this.#lastNumbersOf = generation;
        return this.#lastNumbers;
    }

    #stored({ writes, callbacks }: CollectedWrites, generation: number): Promise<void> {
        if (!writes.empty) return this.#pending.add(writes, generation, callbacks);
        return this.#pending.settled(generation).then(() => callbacks.forEach(callSafely));
    }
}

class CollectedWrites implements Transaction {
    readonly writes = new WriteSet();
    readonly callbacks: (() => void)[] = [];
    readonly #created: [ValueSpace, string][] = [];
    readonly #backend: StorageBackend;
    readonly #durable: Pick<StoreReader, 'get'>;
    readonly #pending: PendingWrites;
    readonly #lastNumbers: Map<string, number>;
    #ended = false;

    /** @param lastNumbers of lists that were asked for, by what was stored before */
    constructor(
        backend: StorageBackend,
        durable: Pick<StoreReader, 'get'>,
        pending: PendingWrites,
        lastNumbers: Map<string, number>,
    ) {
        this.#backend = backend;
        this.#durable = durable;
        this.#pending = pending;
        this.#lastNumbers = lastNumbers;
    }

    async get(space: ValueSpace, key: string): Promise<Uint8Array | undefined> {
        const write = this.#written(space, key);
        if (write === undefined) return this.#durable.get(space, key);
        return write.type === 'put' ? new Uint8Array(write.value) : undefined;
    }

    async getMany(space: ValueSpace, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
        const written = keys.map(key => this.#written(space, key));
        const rest = keys.filter((_, i) => written[i] === undefined);
        const stored = (rest.length === 0 ? [] : await this.#backend.getMany(space, rest)).values();
        return written.map(write => {
            if (write === undefined) return stored.next().value;
            return write.type === 'put' ? new Uint8Array(write.value) : undefined;
        });
    }

    list(space: ListSpace, key: string, range?: ListRange): Promise<ListEntry[]> {
        const own = this.writes.lists.get(idOf(space, key));
        const writes = [...this.#pending.list(space, key), ...(own === undefined ? [] : [own])];
        return listWith(this.#backend, [space, key, range], writes);
    }

    async *keys(space: Space): AsyncIterable<string> {
        const writes = [...this.#pending.written(), ...this.writes.values.values(), ...this.writes.lists.values()];
        const known = new Map<string, boolean>();
        for (const write of writes)
            if (write.space === space) known.set(write.key, !('type' in write) || write.type === 'put');
        for (const [key, exists] of known) if (exists) yield key;
        for await (const key of this.#backend.keys(space)) if (!known.has(key)) yield key;
    }

    async lastNumber(space: ListSpace, key: string): Promise<number> {
        const id = idOf(space, key);
        const own = this.writes.lists.get(id)?.appends.at(-1)?.number;
        if (own !== undefined) return own;
        let last = this.#lastNumbers.get(id);
        if (last === undefined) {
            last = (await this.list(space, key, { reverse: true, limit: 1 }))[0]?.number ?? 0;
            this.#lastNumbers.set(id, last);
        }
        return last;
    }

    /** Called when the transaction is about to be stored. */
    rememberNumbers(): void {
        for (const id of this.#lastNumbers.keys()) {
            const last = this.writes.lists.get(id)?.appends.at(-1)?.number;
            if (last !== undefined) this.#lastNumbers.set(id, last);
        }
    }

    create(space: ValueSpace, key: string, value: Uint8Array): void {
        if (this.#written(space, key)?.type === 'put') throw new StorageKeyExistsError(space, key);
        // What this transaction has deleted itself is new again.
        if (this.writes.values.get(idOf(space, key)) === undefined) this.#created.push([space, key]);
        this.put(space, key, value);
    }

    put(space: ValueSpace, key: string, value: Uint8Array): void {
        this.#add({ type: 'put', space, key, value: new Uint8Array(value) });
    }

    delete(space: ValueSpace, key: string): void {
        this.#add({ type: 'delete', space, key });
    }

    append(space: ListSpace, key: string, number: number, value: Uint8Array): void {
        this.#add({ type: 'append', space, key, number, value: new Uint8Array(value) });
    }

    trim(space: ListSpace, key: string, before: number): void {
        this.#add({ type: 'trim', space, key, before });
    }

    whenDurable(callback: () => void): void {
        this.callbacks.push(callback);
    }

    /** A write that comes later would be lost. */
    end(): void {
        this.#ended = true;
    }

    /** @throws StorageKeyExistsError if something that was to be created exists */
    async ensureNew(): Promise<void> {
        for (const [space, key] of this.#created) {
            const pending = this.#pending.value(space, key);
            const exists =
                pending === undefined ? (await this.#backend.get(space, key)) !== undefined : pending.type === 'put';
            if (exists) throw new StorageKeyExistsError(space, key);
        }
    }

    #written(space: ValueSpace, key: string) {
        return this.writes.values.get(idOf(space, key)) ?? this.#pending.value(space, key);
    }

    #add(write: Write): void {
        if (this.#ended) throw new TypeError('The transaction has ended; await everything inside of its task.');
        ensureStorageKey(write.space, write.key);
        this.writes.add(write);
        if (this.writes.size > MAX_TRANSACTION_BYTES) throw new TransactionTooLargeError(MAX_TRANSACTION_BYTES);
    }
}

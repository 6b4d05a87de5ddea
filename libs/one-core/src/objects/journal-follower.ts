// Following the journal durably. What a consumer stores and how far it has come are one commit, so that after a crash at any
// point it has heard of each entry exactly once. A consumer without a usable cursor is told the current versions instead:
//
// 1. Its cursor is removed; E and N are epoch and last number of the journal then.
// 2. It is told every head, but those that moved after N: the journal tells of them.
// 3. Its cursor is E and N. Whatever fails or ends before, it begins at 1 again.
import { FOLLOW_RETRY_FIRST_MS, FOLLOW_RETRY_LAST_MS, JOURNAL_READ_AT_ONCE, MAX_FOLLOWED_ENTRIES } from '../limits.ts';
import { Waiter } from '../waiter.ts';
import { OneError } from '../errors.ts';
import { inPieces } from '../pieces.ts';
import { callSafely } from '../storage/pending-writes.ts';
import { JournalCursor } from './journal-cursor.ts';
import { JOURNAL, readEpoch, readJournal, type JournalEntry, type JournalRecord } from './journal.ts';
import { readJournalPart } from './journal-parts.ts';
import { ignoreBroken } from './object-errors.ts';
import type { ObjectStore } from './object-store.ts';
import type { ObjectTransaction } from './object-transaction.ts';
import { QuietTime } from './quiet-time.ts';

export interface FollowerOptions {
    readonly objects: ObjectStore;
    /** Names the cursor, and with it the consumer: letters, digits and . _ - */
    readonly name: string;
    /**
     * Handles entries, oldest first, in one transaction together with the cursor. What it stores itself is followed, too. An
     * entry of very many records comes in parts with the same number; one without records was a commit that gave numbers only.
     * If it throws, nothing of it is stored and the entries come again, after a while one by one: whoever wants to go on
     * behind an entry that cannot be handled has to return. It must not start a transaction, nor wait for `settled`: it would
     * wait for itself.
     */
    readonly handle: (objects: ObjectTransaction, entries: readonly JournalEntry[]) => Promise<void>;
    /**
     * Called instead of `handle`, piece by piece, with the current versions (records of the kind `version`) when the cursor says
     * nothing: there is none, the epoch is another one, or the journal behind it is gone. After a crash all of them come
     * again; with `isFirst`, which may come without records, a consumer can forget what it knew. Default: `handle`.
     */
    readonly startAnew?: (
        objects: ObjectTransaction,
        entries: readonly JournalEntry[],
        isFirst: boolean,
    ) => Promise<void>;
    /**
     * Told when handling fails. It is tried again after 1 s, 2 s, 4 s … at most 60 s, and whenever something new is stored.
     * Also told of heads that are damaged; they are left out when a consumer starts anew.
     */
    readonly onError: (error: unknown) => void;
    /**
     * Milliseconds: handles only when nothing was stored for so long. What waits ten times as long is handled anyway. Default
     * 0: at once, as is always what happened while it did not run.
     */
    readonly quietMs?: number;
    /** Most entries, or versions when it starts anew, of one transaction. */
    readonly batch?: number;
}

/** A follower was stopped before everything was handled; it goes on where it was when it is started again. */
export class FollowerStoppedError extends OneError {
    readonly code = 'FOLLOWER_STOPPED';

    constructor(name: string) {
        super(
            `"${name}" no longer follows the journal: start it again, and it goes on where it was (FOLLOWER_STOPPED).`,
        );
    }
}

/**
 * Tells a consumer (contacts, a search index, an outbox) of every commit, exactly once in effect: also of those that happened
 * while it did not run, and after a crash. One follower of a name at a time; stopped before its store is closed. That
 * somebody has begun a new epoch is noticed with the next commit.
 */
export class JournalFollower implements AsyncDisposable {
    readonly #options: FollowerOptions;
    readonly #cursor: JournalCursor;
    readonly #waiter = new Waiter(later);
    readonly #quiet: QuietTime;
    readonly #stopListening: () => void;
    readonly #running: Promise<void>;
    readonly #batch: number;
    /** Entries of the next transaction: after a failure one, so that what stands before a bad one is handled. */
    #size: number;
    /** Of `settled`: answered by the next pass. */
    #asked: PromiseWithResolvers<void>[] = [];
    #stopped = false;
    #closing: Promise<void> | undefined;

    /** @throws InvalidStorageKeyError for a name that is none */
    static start(options: FollowerOptions): JournalFollower {
        return new JournalFollower(options);
    }

    private constructor(options: FollowerOptions) {
        this.#options = options;
        this.#cursor = new JournalCursor(options.name);
        this.#batch = this.#size = options.batch ?? MAX_FOLLOWED_ENTRIES;
        this.#quiet = new QuietTime(options.quietMs ?? 0, () => this.#waiter.wake());
        this.#stopListening = options.objects.onCommit(() => this.#quiet.happened());
        this.#running = this.#run();
    }

    /**
     * Resolves when everything that is durable now is handled, without waiting for `quietMs` or the next attempt.
     * @throws what handling throws; FollowerStoppedError
     */
    settled(): Promise<void> {
        if (this.#stopped) return Promise.reject(new FollowerStoppedError(this.#options.name));
        const asked = Promise.withResolvers<void>();
        this.#asked.push(asked);
        this.#waiter.wake();
        return asked.promise;
    }

    /** Handles nothing more; with `quietMs` first what waits, if that does not fail. */
    [Symbol.asyncDispose](): Promise<void> {
        this.#closing ??= this.#close();
        return this.#closing;
    }

    async #close(): Promise<void> {
        this.#stopListening();
        // A failure is told to `onError`.
        if ((this.#options.quietMs ?? 0) > 0) await this.settled().catch(() => undefined);
        this.#stopped = true;
        this.#quiet.end();
        this.#waiter.wake();
        await this.#running;
        this.#refuse(this.#asked);
    }

    async #run(): Promise<void> {
        let pause = FOLLOW_RETRY_FIRST_MS;
        while (!this.#stopped) {
            this.#quiet.end();
            const asked = this.#asked.splice(0);
            try {
                if (await this.#pass()) for (const { resolve } of asked) resolve();
                else this.#refuse(asked);
                pause = FOLLOW_RETRY_FIRST_MS;
                await this.#waiter.wait(Infinity);
            } catch (error) {
                this.#size = 1;
                for (const { reject } of asked) reject(error);
                this.#tell(error);
                await this.#waiter.wait(pause);
                pause = Math.min(pause * 2, FOLLOW_RETRY_LAST_MS);
            }
        }
    }

    /** Handles what is durable when it begins. @returns false if it was stopped before the end */
    async #pass(): Promise<boolean> {
        const { objects } = this.#options;
        // Not what the store still collects: that is told when it is durable, and may have to be quiet first.
        let until = (await objects.store.list('logs', JOURNAL, { reverse: true, limit: 1 }))[0]?.number ?? 0;
        while (!this.#stopped) {
            const next = await this.#handleSome(until);
            if (next === 'done') return true;
            // Heads that moved meanwhile were left out.
            if (next === 'lost') until = Math.max(until, await this.#startAnew());
        }
        return false;
    }

    /** One transaction. @returns `lost` if the cursor says nothing */
    async #handleSome(until: number): Promise<'lost' | 'more' | 'done'> {
        const { objects, handle } = this.#options;
        const next = await objects.transact(async objects => {
            const { transaction } = objects;
            const cursor = await this.#cursor.read(transaction);
            const epoch = (await readEpoch(transaction)) ?? '';
            const last = await transaction.lastNumber('logs', JOURNAL);
            if (cursor?.epoch !== epoch || cursor.number > last) return 'lost';
            if (cursor.number >= until) return 'done';
            const { entries, behind } = await readJournalPart(transaction, cursor, until, this.#size);
            if (entries[0]?.number !== cursor.number + 1) return 'lost';
            await handle(objects, entries);
            this.#cursor.write(transaction, { epoch, ...behind });
            return 'more';
        });
        if (next === 'more') this.#size = Math.min(this.#size * 2, this.#batch);
        return next;
    }

    /** See the head of this file. @returns number of an entry up to which the journal tells what was left out */
    async #startAnew(): Promise<number> {
        const { objects, handle, startAnew } = this.#options;
        const position = await objects.transact(async ({ transaction }) => {
            this.#cursor.remove(transaction);
            const epoch = (await readEpoch(transaction)) ?? '';
            return { epoch, number: await transaction.lastNumber('logs', JOURNAL), records: 0 };
        });
        const moved = new MovedHeads(position.number);
        const tell = (ids: readonly string[], isFirst: boolean): Promise<void> =>
            objects.transact(async objects => {
                await moved.readOn(objects);
                const records = await this.#heads(
                    objects,
                    ids.filter(id => !moved.ids.has(id)),
                );
                const entries = records.length === 0 ? [] : [{ number: position.number, records }];
                if (startAnew !== undefined) await startAnew(objects, entries, isFirst);
                else if (records.length > 0) await handle(objects, entries);
            });
        let isFirst = true;
        for await (const ids of inPieces(objects.store.keys('vheads'), this.#batch)) {
            if (this.#stopped) return position.number;
            await tell(ids, isFirst);
            isFirst = false;
        }
        if (isFirst) await tell([], true);
        await objects.transact(async ({ transaction }) => {
            this.#cursor.write(transaction, position);
            await Promise.resolve();
        });
        return moved.number;
    }

    async #heads(objects: ObjectTransaction, ids: readonly string[]): Promise<JournalRecord[]> {
        const records: JournalRecord[] = [];
        for (const idHash of ids) {
            const head = await objects.headNode(idHash).catch((error: unknown) => {
                ignoreBroken(error);
                this.#tell(error);
                return undefined;
            });
            if (head !== undefined) records.push({ kind: 'version', hash: head.node.data, idHash, node: head.hash });
        }
        return records;
    }

    #tell(error: unknown): void {
        callSafely(() => this.#options.onError(error));
    }

    #refuse(asked: readonly PromiseWithResolvers<void>[]): void {
        for (const { reject } of asked) reject(new FollowerStoppedError(this.#options.name));
    }
}

/** IDs whose head moved behind a number of the journal. */
class MovedHeads {
    readonly ids = new Set<string>();
    /** Of the last entry that was read. */
    number: number;

    constructor(number: number) {
        this.number = number;
    }

    async readOn({ transaction }: ObjectTransaction): Promise<void> {
        for (;;) {
            const entries = await readJournal(transaction, this.number, JOURNAL_READ_AT_ONCE);
            for (const { number, records } of entries) {
                this.number = number;
                for (const record of records) if (record.kind === 'version') this.ids.add(record.idHash);
            }
            if (entries.length < JOURNAL_READ_AT_ONCE) return;
        }
    }
}

/** Whoever has nothing to do waits without a timer. */
function later(callback: () => void, ms: number): () => void {
    if (ms === Infinity) return () => undefined;
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
}

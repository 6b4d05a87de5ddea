import { Fifo } from '../fifo.ts';
import type { Received } from './fetcher.ts';
import type { HeldTexts } from './held-texts.ts';
import { unitsOf, type ImportBatch } from './import-batch.ts';
import type { ChildObject } from './services.ts';

export interface LookAheadOptions {
    readonly batch: ImportBatch;
    readonly held: HeldTexts;
    /** Most entries that are fetched at once. */
    readonly most: number;
    /** @returns undefined if nothing of the entry is to be looked at */
    readonly fetch: (child: ChildObject) => Promise<Received | undefined>;
}

interface Entry {
    readonly child: ChildObject;
    readonly fetching: Promise<Received | 'dropped' | undefined>;
}

/** Fetches the entries of a list, some before it is their turn, as long as there is room for them. */
export class LookAhead {
    readonly #options: LookAheadOptions;
    readonly #list: readonly ChildObject[];
    #next = 0;
    readonly #ahead = new Fifo<Entry>();
    /** The entry whose turn it is. */
    #turn: ChildObject | undefined;
    #ended = false;

    constructor(list: readonly ChildObject[], options: LookAheadOptions) {
        this.#list = list;
        this.#options = options;
    }

    /** In the order of the list, each with what was received for it, which is counted and not yet in the batch. */
    async *entries(): AsyncGenerator<readonly [child: ChildObject, received: Received | undefined]> {
        try {
            for (;;) {
                this.#askAhead();
                const entry = this.#ahead.take();
                if (entry === undefined) return;
                const { child } = entry;
                this.#turn = child;
                let received = await entry.fetching;
                while (received === 'dropped') {
                    await this.#options.batch.room();
                    received = await this.#fetch(child);
                }
                yield [child, received];
            }
        } finally {
            this.#end();
        }
    }

    /** Whose turn it is always goes on. */
    #askAhead(): void {
        const { most, held } = this.#options;
        while (this.#ahead.size === 0 || (this.#ahead.size < most && held.mayAskAhead)) {
            const child = this.#list[this.#next++];
            if (child === undefined) return;
            const fetching = this.#fetch(child);
            // It is awaited in its turn; until then nobody hears of a failure.
            fetching.catch(() => undefined);
            this.#ahead.add({ child, fetching });
        }
    }

    async #fetch(child: ChildObject): Promise<Received | 'dropped' | undefined> {
        const { held, fetch } = this.#options;
        held.askAhead();
        let units = 0;
        try {
            const received = await fetch(child);
            if (received === undefined) return undefined;
            units = unitsOf(received);
            const isKept = !this.#ended && this.#options.batch.keep(units, child === this.#turn);
            return isKept ? received : 'dropped';
        } finally {
            held.cameAhead(units);
        }
    }

    /** What nobody looks at any more is forgotten, also if it comes later. */
    #end(): void {
        this.#ended = true;
        for (let entry = this.#ahead.take(); entry !== undefined; entry = this.#ahead.take())
            void entry.fetching.then(
                received => typeof received === 'object' && this.#options.batch.release(unitsOf(received)),
                () => undefined,
            );
    }
}

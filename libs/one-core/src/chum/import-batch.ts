import type { Received } from './fetcher.ts';
import type { HeldTexts } from './held-texts.ts';

/** Units that a received object takes besides its text: it is parsed, and stored with reverse maps. */
const OBJECT_COST = 2048;

/** What one task has fetched and not stored yet. Everything that was taken stands behind what it needs. */
export class ImportBatch {
    readonly #held: HeldTexts;
    readonly #store: (batch: ImportBatch) => Promise<void>;
    /** Can be stored now. */
    #ready = new Map<string, Received>();
    /** To be stored at the end, and what needs it. */
    #last = new Map<string, Received>();
    #units = 0;

    /** @param store stores everything that is in it */
    constructor(held: HeldTexts, store: (batch: ImportBatch) => Promise<void>) {
        this.#held = held;
        this.#store = store;
        held.begin(this);
    }

    /** UTF-16 units of what can be stored, with its costs. */
    get units(): number {
        return this.#units;
    }

    /** Must be called; what is not stored by then is forgotten. */
    end(): void {
        this.#held.end(this);
    }

    /** Fetches what the task cannot go on without, again if there was no room for it. The caller releases it, or adds it. */
    async inTurn<T>(fetch: () => Promise<T>, unitsOf: (fetched: T) => number): Promise<T> {
        for (;;) {
            const fetched = await fetch();
            if (this.keep(unitsOf(fetched), true)) return fetched;
            await this.room();
        }
    }

    keep(units: number, isInTurn: boolean): boolean {
        return this.#held.keep(this, units, isInTurn);
    }

    /** Resolves when what was dropped should be asked for again. Who waits keeps nothing that can be stored. */
    room(): Promise<void> {
        return this.#units > 0 ? this.#store(this) : this.#held.room(this);
    }

    /** Something is waited for that may take long. */
    stepBack(): void {
        this.#held.stepBack(this);
    }

    release(units: number): void {
        this.#held.release(this, units);
    }

    /** Something that is counted already, and whose links were looked at. */
    add(received: Received): void {
        const isLast = received.links.some(({ hash }) => this.#last.has(hash));
        this.#add(isLast ? this.#last : this.#ready, received);
    }

    /** The same, but it is to be stored at the end. */
    addLast(received: Received): void {
        this.#add(this.#last, received);
    }

    /** Whether it will be stored at the end. */
    hasLast(hash: string): boolean {
        return this.#last.has(hash);
    }

    find(hash: string): Received | undefined {
        return this.#ready.get(hash) ?? this.#last.get(hash);
    }

    /** What can be stored now. The caller stores it, and then calls `stored`. */
    takeReady(): readonly Received[] {
        const ready = [...this.#ready.values()];
        this.#ready = new Map();
        this.#units -= sum(ready);
        return ready;
    }

    /** The same for everything. */
    takeAll(): readonly Received[] {
        const last = [...this.#last.values()];
        this.#last = new Map();
        this.#units -= sum(last);
        return [...this.takeReady(), ...last];
    }

    stored(received: readonly Received[]): void {
        this.release(sum(received));
    }

    #add(to: Map<string, Received>, received: Received): void {
        // What came twice counts once.
        if (this.find(received.hash) !== undefined) this.release(unitsOf(received));
        else {
            to.set(received.hash, received);
            this.#units += unitsOf(received);
        }
    }
}

function sum(received: readonly Received[]): number {
    return received.reduce((units, each) => units + unitsOf(each), 0);
}

export function unitsOf({ text }: Received): number {
    return OBJECT_COST + text.length;
}

import { IMPORT_HELD_BYTES } from '../limits.ts';

/**
 * Bounds what one session has fetched and not stored. A task is one tree, or the versions of one ID. Above the limit only the
 * oldest one goes on; what comes for others is dropped, and asked for again when there is room: nobody knows how much an answer
 * brings before it is here.
 *
 * The oldest task never waits for room, and every other one becomes the oldest: none waits for ever.
 */
export class HeldTexts {
    /** UTF-16 units of each task, the oldest one first. */
    readonly #tasks = new Map<object, number>();
    #units = 0;
    readonly #waiting = new Map<object, () => void>();
    /** Answers that were asked for before it was their turn. */
    #ahead = 0;
    /** Units that such an answer is expected to bring: of those that came lately, the longest ones count most. */
    #expected = IMPORT_HELD_BYTES / 8;

    begin(task: object): void {
        this.#tasks.set(task, 0);
    }

    /** Forgets what the task holds. */
    end(task: object): void {
        this.release(task, this.#tasks.get(task) ?? 0);
        this.#tasks.delete(task);
        this.#wake();
    }

    /**
     * Counts what has come for a task.
     * @param isInTurn whether the task cannot go on without it
     * @returns false if it has to be dropped
     */
    keep(task: object, units: number, isInTurn: boolean): boolean {
        const held = this.#tasks.get(task);
        if (held === undefined) return false;
        if (this.#units + units > IMPORT_HELD_BYTES && !(isInTurn && this.#isOldest(task))) return false;
        this.#units += units;
        this.#tasks.set(task, held + units);
        return true;
    }

    /** It is stored, or not needed any more. */
    release(task: object, units: number): void {
        const held = this.#tasks.get(task);
        if (held === undefined) return;
        this.#units -= units;
        this.#tasks.set(task, held - units);
        this.#wake();
    }

    /** Resolves when the task should ask again for what was dropped: something was released since then, or it is the oldest one. */
    async room(task: object): Promise<void> {
        if (!this.#isOldest(task)) await new Promise<void>(resolve => this.#waiting.set(task, resolve));
    }

    /** The task waits for something that may take hours, such as a film: until then, another one is the oldest. */
    stepBack(task: object): void {
        const held = this.#tasks.get(task);
        if (held === undefined) return;
        this.#tasks.delete(task);
        this.#tasks.set(task, held);
        this.#wake();
    }

    /** Whether something may be asked for before it is its turn. */
    get mayAskAhead(): boolean {
        return this.#units + (this.#ahead + 1) * this.#expected <= IMPORT_HELD_BYTES;
    }

    askAhead(): void {
        this.#ahead++;
    }

    cameAhead(units: number): void {
        this.#ahead--;
        this.#expected = Math.max(units, (this.#expected * 7) / 8);
    }

    #isOldest(task: object): boolean {
        const [oldest] = this.#tasks.keys();
        return oldest === task;
    }

    /** One at a time, because nobody knows how much it takes; the next one when something is released again. */
    #wake(): void {
        const [oldest = {}] = this.#tasks.keys();
        const [first] = this.#units < IMPORT_HELD_BYTES ? this.#waiting.keys() : [];
        for (const task of new Set([oldest, first]))
            if (task !== undefined) {
                this.#waiting.get(task)?.();
                this.#waiting.delete(task);
            }
    }
}

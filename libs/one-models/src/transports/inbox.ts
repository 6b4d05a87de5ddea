import { UNREAD_COST, UNREAD_HIGH } from '../limits.ts';

type Frame = string | Uint8Array;

/**
 * What has come and was not taken yet.
 *
 *   1. Frames are handed over in order, each once, and never while paused.
 *   2. `hold(true)` is called when reading should pause: by `pause`, or as more than `UNREAD_HIGH` waits; `hold(false)` when it may go on.
 *   3. After `drop` nothing is handed over any more.
 */
export class Inbox {
    readonly #hold: (isHeld: boolean) => void;
    /** Those before `#next` are gone. */
    #frames: (Frame | undefined)[] = [];
    #next = 0;
    #unread = 0;
    #listener: ((frame: Frame) => void) | undefined;
    #isPaused = false;
    #isHeld = false;
    #isDropped = false;
    #isScheduled = false;
    readonly #whenEmpty: (() => void)[] = [];

    constructor(hold: (isHeld: boolean) => void = () => undefined) {
        this.#hold = hold;
    }

    /** Bytes (of texts UTF-16 units) that wait, each frame with `UNREAD_COST` on top. */
    get unread(): number {
        return this.#unread;
    }

    add(frame: Frame): void {
        if (this.#isDropped) return;
        if (this.#isReady() && this.#unread === 0) {
            this.#listener?.(frame);
            return;
        }
        this.#frames.push(frame);
        this.#unread += frame.length + UNREAD_COST;
        this.#update();
    }

    /** What waits is handed over in a microtask, when the caller is done. */
    listen(listener: (frame: Frame) => void): void {
        this.#listener = listener;
        this.#schedule();
    }

    pause(): void {
        this.#isPaused = true;
        this.#update();
    }

    resume(): void {
        this.#isPaused = false;
        this.#schedule();
    }

    /** Calls back when nothing waits any more: now, or later. */
    whenEmpty(callback: () => void): void {
        this.#whenEmpty.push(callback);
        this.#update();
    }

    drop(): void {
        this.#isDropped = true;
        this.#clear();
        this.#update();
    }

    #isReady(): boolean {
        return this.#listener !== undefined && !this.#isPaused && !this.#isDropped;
    }

    #schedule(): void {
        if (this.#isScheduled) return;
        this.#isScheduled = true;
        queueMicrotask(() => {
            this.#isScheduled = false;
            this.#handOver();
        });
    }

    #handOver(): void {
        while (this.#isReady()) {
            const frame = this.#frames[this.#next];
            if (frame === undefined) break;
            this.#frames[this.#next++] = undefined;
            // Counted until it is taken: what the listener causes to come has to queue up behind it.
            this.#listener?.(frame);
            if (!this.#isDropped) this.#unread -= frame.length + UNREAD_COST;
        }
        if (this.#unread === 0) this.#clear();
        this.#update();
    }

    #clear(): void {
        [this.#frames, this.#next, this.#unread] = [[], 0, 0];
    }

    #update(): void {
        if (this.#unread === 0) for (const callback of this.#whenEmpty.splice(0)) callback();
        const isHeld = !this.#isDropped && (this.#isPaused || this.#unread > UNREAD_HIGH);
        if (isHeld === this.#isHeld) return;
        this.#isHeld = isHeld;
        this.#hold(isHeld);
    }
}

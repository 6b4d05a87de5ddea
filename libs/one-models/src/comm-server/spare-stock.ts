import type { SpareConnection } from './spare-connection.ts';

/**
 * The spare connections of a communication server by their keys.
 *
 *   1. The one that was added last is taken first (spec 51 §3.6).
 *   2. Lists that are empty are removed: memory depends on who is here, not on who has been.
 */
export class SpareStock {
    readonly #lists = new Map<string, SpareConnection[]>();
    readonly #onChange: (key: string, isThere: boolean) => void;
    #size = 0;

    /** @param onChange told when the first of a key has come, and when the last one has gone */
    constructor(onChange: (key: string, isThere: boolean) => void) {
        this.#onChange = onChange;
    }

    get keys(): number {
        return this.#lists.size;
    }

    get size(): number {
        return this.#size;
    }

    countOf(key: string): number {
        return this.#lists.get(key)?.length ?? 0;
    }

    add(spare: SpareConnection): void {
        const list = this.#lists.get(spare.key);
        this.#size++;
        if (list !== undefined) {
            list.push(spare);
            return;
        }
        this.#lists.set(spare.key, [spare]);
        this.#onChange(spare.key, true);
    }

    take(key: string): SpareConnection | undefined {
        const spare = this.#lists.get(key)?.at(-1);
        if (spare !== undefined) this.remove(spare);
        return spare;
    }

    /** Does nothing for one that is not there any more. */
    remove(spare: SpareConnection): void {
        const list = this.#lists.get(spare.key) ?? [];
        const at = list.indexOf(spare);
        if (at < 0) return;
        list.splice(at, 1);
        this.#size--;
        if (list.length > 0) return;
        this.#lists.delete(spare.key);
        this.#onChange(spare.key, false);
    }

    all(): readonly SpareConnection[] {
        return [...this.#lists.values()].flat();
    }
}

import type { AccessibleRoot } from '../access/accessible-roots.ts';
import { MAX_FAILED_ROOTS, RETRY_FIRST_MS, RETRY_LAST_MS } from '../limits.ts';
import { ChumError } from './chum-errors.ts';
import { rootKeyOf } from './import-task.ts';

const REFUSED: ReadonlySet<string> = new Set(['CHUM_VERSION_REFUSED', 'CHUM_OBJECT_REFUSED']);

/** A root that could not be imported. */
export interface FailedRoot {
    /** Hash of the object or version node, or ID hash. */
    readonly root: string;
    readonly attempts: number;
    /** When it is tried again, milliseconds since 1970; Infinity for what was refused: when the list has changed. */
    readonly next: number;
    readonly error: unknown;
}

interface Failed extends FailedRoot {
    readonly entry: AccessibleRoot;
}

/** Roots that failed, each with growing pauses between its attempts. */
export class FailedRoots {
    readonly #failed = new Map<string, Failed>();

    get size(): number {
        return this.#failed.size;
    }

    list(): FailedRoot[] {
        return Array.from(this.#failed.values(), ({ root, attempts, next, error }) => {
            return { root, attempts, next, error };
        });
    }

    /** When the next one is to be tried again; Infinity for none. @param isUnderWay of those that are tried just now */
    next(isUnderWay: (root: AccessibleRoot) => boolean): number {
        let first = Infinity;
        for (const { next, entry } of this.#failed.values()) if (next < first && !isUnderWay(entry)) first = next;
        return first;
    }

    /** In the order in which they failed first. */
    due(now: number): AccessibleRoot[] {
        return [...this.#failed.values()].filter(({ next }) => next <= now).map(({ entry }) => entry);
    }

    isWaiting(key: string, now: number): boolean {
        return (this.#failed.get(key)?.next ?? 0) > now;
    }

    /** @returns whether there was room to remember it */
    add(entry: AccessibleRoot, error: unknown, now: number): boolean {
        const key = rootKeyOf(entry);
        const known = this.#failed.get(key);
        if (known === undefined && this.#failed.size >= MAX_FAILED_ROOTS) return false;
        const attempts = (known?.attempts ?? 0) + 1;
        const isRefused = error instanceof ChumError && REFUSED.has(error.code);
        const next = isRefused ? Infinity : now + Math.min(RETRY_FIRST_MS * 2 ** (attempts - 1), RETRY_LAST_MS);
        const root = key.slice(key.indexOf(' ') + 1);
        this.#failed.set(key, { root, attempts, next, error, entry });
        return true;
    }

    delete(key: string): void {
        this.#failed.delete(key);
    }

    /** What is no more listed has not failed. */
    retain(isListed: (key: string) => boolean): void {
        for (const key of this.#failed.keys()) if (!isListed(key)) this.#failed.delete(key);
    }

    /** What was refused may be accepted with a list that has changed. */
    listChanged(now: number): void {
        for (const [key, failed] of this.#failed)
            if (failed.next === Infinity) this.#failed.set(key, { ...failed, next: now });
    }
}

import { keyOf, type AccessibleRoot } from '../access/accessible-roots.ts';
import { MAX_FAILED_ROOTS, RETRY_FIRST_MS, RETRY_LAST_MS } from '../limits.ts';

/** What is imported together: one root, or the versions of one ID. */
export interface ImportTask {
    readonly key: string;
    readonly roots: readonly AccessibleRoot[];
}

/** A task that could not be done, and will be tried again. */
export interface FailedRoot {
    /** Hash or ID hash; for versions `versions` and the ID hash. */
    readonly root: string;
    readonly attempts: number;
    /** When it is tried again, milliseconds since 1970. */
    readonly next: number;
    readonly error: unknown;
}

/** Tasks that failed, with growing pauses between their attempts. */
export class FailedTasks {
    readonly #failed = new Map<string, FailedRoot & { readonly task: ImportTask }>();

    get size(): number {
        return this.#failed.size;
    }

    list(): FailedRoot[] {
        return [...this.#failed.values()].map(({ root, attempts, next, error }) => ({ root, attempts, next, error }));
    }

    /** When the next one is to be tried again; Infinity for none. */
    get next(): number {
        return Math.min(...Array.from(this.#failed.values(), ({ next }) => next));
    }

    due(now: number): ImportTask[] {
        return [...this.#failed.values()].filter(({ next }) => next <= now).map(({ task }) => task);
    }

    /** A new task together with what failed of it before; undefined while that is to be waited for. */
    joined(task: ImportTask, now: number): ImportTask | undefined {
        const failed = this.#failed.get(task.key);
        if (failed === undefined) return task;
        const joined = {
            key: task.key,
            roots: [...new Map([...failed.task.roots, ...task.roots].map(root => [keyOf(root), root])).values()],
        };
        this.#failed.set(task.key, { ...failed, task: joined });
        return failed.next <= now ? joined : undefined;
    }

    /** @returns whether there was room to remember it */
    add(task: ImportTask, error: unknown, now: number): boolean {
        const known = this.#failed.get(task.key);
        if (known === undefined && this.#failed.size >= MAX_FAILED_ROOTS) return false;
        const attempts = (known?.attempts ?? 0) + 1;
        const next = now + Math.min(RETRY_FIRST_MS * 2 ** (attempts - 1), RETRY_LAST_MS);
        this.#failed.set(task.key, { root: task.key, attempts, next, error, task });
        return true;
    }

    delete(key: string): void {
        this.#failed.delete(key);
    }

    /** What is no more listed has not failed. */
    retain(isListed: (key: string) => boolean): void {
        for (const key of this.#failed.keys()) if (!isListed(key)) this.#failed.delete(key);
    }
}

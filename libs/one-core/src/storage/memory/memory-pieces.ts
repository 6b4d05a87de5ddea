import type { Pieces } from '../pieced-blob-files.ts';

/** Pieces of BLOBs in memory. */
export class MemoryPieces implements Pieces {
    readonly #pieces = new Map<string, Uint8Array[]>();
    readonly #names = new Map<string, { id: string; size: number }>();
    #next = 0;

    async begin(): Promise<string> {
        await Promise.resolve();
        const id = String(this.#next++);
        this.#pieces.set(id, []);
        return id;
    }

    async put(id: string, index: number, bytes: Uint8Array): Promise<void> {
        await Promise.resolve();
        const pieces = this.#pieces.get(id);
        if (pieces !== undefined) pieces[index] = bytes;
    }

    async finish(id: string, name: string, size: number): Promise<'new' | 'exists'> {
        await Promise.resolve();
        if (this.#names.has(name)) {
            this.#pieces.delete(id);
            return 'exists';
        }
        this.#names.set(name, { id, size });
        return 'new';
    }

    async discard(id: string): Promise<void> {
        await Promise.resolve();
        this.#pieces.delete(id);
    }

    async find(name: string): Promise<{ id: string; size: number } | undefined> {
        await Promise.resolve();
        return this.#names.get(name);
    }

    async get(id: string, index: number): Promise<Uint8Array | undefined> {
        await Promise.resolve();
        return this.#pieces.get(id)?.[index];
    }

    async *names(): AsyncIterable<string> {
        await Promise.resolve();
        yield* this.#names.keys();
    }

    async delete(name: string): Promise<void> {
        await Promise.resolve();
        this.#pieces.delete(this.#names.get(name)?.id ?? '');
        this.#names.delete(name);
    }
}

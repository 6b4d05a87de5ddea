/**
 * Tells listeners that something has happened. Nobody's failure keeps the others from hearing.
 *
 * ```ts
 * const end = leute.onUpdated.listen(() => render());
 * ```
 */
export class OneEvent<Args extends unknown[] = []> {
    readonly #listeners = new Set<(...args: Args) => unknown>();

    /** @returns ends the listening */
    listen(listener: (...args: Args) => unknown): () => void {
        const own = (...args: Args): unknown => listener(...args);
        this.#listeners.add(own);
        return () => void this.#listeners.delete(own);
    }

    /** Waits for nobody. An error of a listener becomes an unhandled one of the process or page: it is a mistake in the program. */
    emit(...args: Args): void {
        for (const listener of [...this.#listeners])
            void (async () => {
                await listener(...args);
            })();
    }

    /** One listener after the other, each awaited. @throws what the only one that failed has thrown; AggregateError for several */
    async emitAndWait(...args: Args): Promise<void> {
        const errors: unknown[] = [];
        for (const listener of [...this.#listeners])
            try {
                await listener(...args);
            } catch (error) {
                errors.push(error);
            }
        if (errors.length === 1) throw errors[0];
        if (errors.length > 1) throw new AggregateError(errors, `${errors.length} listeners have failed`);
    }
}

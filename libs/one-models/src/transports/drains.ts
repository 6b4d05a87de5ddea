/** Those who wait until less is to be sent. */
export class Drains {
    #waiting: { readonly bytes: number; readonly resolve: () => void }[] = [];

    /** Resolves with the first `update` of no more than these bytes. */
    wait(bytes: number): Promise<void> {
        return new Promise(resolve => this.#waiting.push({ bytes, resolve }));
    }

    /**
     * @param buffered bytes that are to be sent now; 0 when nothing can be sent any more
     * @returns whether somebody still waits
     */
    update(buffered: number): boolean {
        if (this.#waiting.length === 0) return false;
        const before = this.#waiting;
        this.#waiting = before.filter(({ bytes }) => buffered > bytes);
        for (const { bytes, resolve } of before) if (buffered <= bytes) resolve();
        return this.#waiting.length > 0;
    }
}

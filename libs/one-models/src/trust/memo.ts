/** Asks once for each name, also if the answer is still under way. An error is not kept. */
export class Memo<T> {
    readonly #answers = new Map<string, Promise<T>>();

    get size(): number {
        return this.#answers.size;
    }

    get(name: string, ask: () => Promise<T>): Promise<T> {
        let answer = this.#answers.get(name);
        if (answer === undefined) {
            answer = ask();
            this.#answers.set(name, answer);
            answer.catch(() => this.#answers.delete(name));
        }
        return answer;
    }
}

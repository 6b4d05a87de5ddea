const BYTES = 16;
const WORDS = BYTES / 4;
const FIRST_SLOTS = 64;

/**
 * A set of hashes in 32 bytes each, instead of more than 100: sessions remember every hash that passes. Half of a hash is
 * kept: to find another hash with the same half is as hard as to break AES-128.
 */
export class HashFilter {
    #slots = new Uint32Array(FIRST_SLOTS * WORDS);
    #size = 0;

    get size(): number {
        return this.#size;
    }

    /** @param hash 64 hexadecimal digits */
    add(hash: string): void {
        if ((this.#size + 1) * 2 > this.#slots.length / WORDS) this.#grow();
        const words = wordsOf(hash);
        const at = this.#find(words);
        if (!isEmpty(this.#slots, at)) return;
        this.#slots.set(words, at);
        this.#size++;
    }

    has(hash: string): boolean {
        return !isEmpty(this.#slots, this.#find(wordsOf(hash)));
    }

    clear(): void {
        this.#slots = new Uint32Array(FIRST_SLOTS * WORDS);
        this.#size = 0;
    }

    /** Index of the slot that holds it, or would. */
    #find(words: Uint32Array): number {
        const slots = this.#slots.length / WORDS;
        for (let slot = (words[0] ?? 0) % slots; ; slot = (slot + 1) % slots) {
            const at = slot * WORDS;
            if (isEmpty(this.#slots, at) || isSame(this.#slots, at, words)) return at;
        }
    }

    #grow(): void {
        const before = this.#slots;
        this.#slots = new Uint32Array(before.length * 2);
        for (let at = 0; at < before.length; at += WORDS)
            if (!isEmpty(before, at)) {
                const words = before.subarray(at, at + WORDS);
                this.#slots.set(words, this.#find(words));
            }
    }
}

/** No hash begins with 32 zero digits, unless somebody breaks SHA-256 for it; then it is not remembered. */
function isEmpty(slots: Uint32Array, at: number): boolean {
    for (let i = 0; i < WORDS; i++) if (slots[at + i] !== 0) return false;
    return true;
}

function isSame(slots: Uint32Array, at: number, words: Uint32Array): boolean {
    for (let i = 0; i < WORDS; i++) if (slots[at + i] !== words[i]) return false;
    return true;
}

function wordsOf(hash: string): Uint32Array {
    const words = new Uint32Array(WORDS);
    for (let i = 0; i < WORDS; i++) words[i] = Number.parseInt(hash.slice(i * 8, i * 8 + 8), 16);
    return words;
}

/** Tells whether bytes are UTF-8, as those of a CLOB have to be: peers are sent them as texts. */
export class TextCheck {
    readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

    /** @returns false if they are none, whatever comes behind them; then nothing more may be added */
    add(bytes: Uint8Array): boolean {
        return this.#decodes(bytes);
    }

    /** @returns false if the last character is not complete */
    end(): boolean {
        return this.#decodes(undefined);
    }

    #decodes(bytes: Uint8Array | undefined): boolean {
        try {
            this.#decoder.decode(bytes, { stream: bytes !== undefined });
            return true;
        } catch {
            return false;
        }
    }
}

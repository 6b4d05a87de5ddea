/** One key and its value. */
export interface Entry {
    readonly key: Uint8Array;
    readonly value: Uint8Array;
}

/** What the object store needs of an engine: ordered bytes, reads that may block shortly, writes that are all or nothing. */
export interface Engine {
    get(key: Uint8Array): Uint8Array | undefined;
    /** In the order of the keys; undefined for a key that is not there. */
    getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
    /** Atomic; durable as soon as the promise resolves. Replaces what a key had before. */
    write(entries: readonly Entry[]): Promise<void>;
    /** Entries with `from` <= key < `to`, ascending, in pieces. */
    range(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly Entry[]>;
    /** Gives back space and leaves as little as possible in logs. */
    compact(): Promise<void>;
    close(): Promise<void>;
}

/** A way to run an engine; `strict` is everything it offers, or that can be done around it, to notice damage. */
export interface EngineVariant {
    readonly name: string;
    /** Creates the store when the folder has none. */
    open(folder: string): Promise<Engine>;
    /** Whether a file of the store holds a log rather than data: damage is counted for each. */
    isLog(file: string): boolean;
}

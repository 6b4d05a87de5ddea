// A small store of settings outside of any instance, not encrypted (spec 31 §7).
import { OneError } from '../errors.ts';
import { stringifyCanonical } from '../microdata/canonical-json.ts';

export interface SettingsStore {
    /** Undefined if there is none. @throws SettingsError `SET-GET` */
    getItem(key: string): Promise<unknown>;
    /** @param value anything that canonical JSON can express @throws SettingsError `SET-SET`, `SET-LOCK1` */
    setItem(key: string, value: unknown): Promise<void>;
    /** @throws SettingsError `SET-RMV`, `SET-LOCK1` */
    removeItem(key: string): Promise<void>;
    /** Removes all settings; in a browser everything that the origin has there. @throws SettingsError `SET-CLR`, `SET-LOCK1` */
    clear(): Promise<void>;
}

/** Settings could not be read or changed; `SET-LOCK1`: another change is under way. */
export class SettingsError extends OneError {
    readonly code: 'SET-GET' | 'SET-SET' | 'SET-RMV' | 'SET-CLR' | 'SET-LOCK1';

    constructor(code: SettingsError['code'], message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/** The part of `localStorage` that is used. */
export interface TextStorage {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
    clear(): void;
}

/** Settings in `localStorage`: one entry a setting, its value as JSON with sorted keys. */
export class LocalSettingsStore implements SettingsStore {
    readonly #storage: TextStorage;

    constructor(storage: TextStorage) {
        this.#storage = storage;
    }

    getItem(key: string): Promise<unknown> {
        return attempt('SET-GET', `The setting "${key}" cannot be read`, () => {
            const text = this.#storage.getItem(key);
            return text === null ? undefined : (JSON.parse(text) as unknown);
        });
    }

    setItem(key: string, value: unknown): Promise<void> {
        return attempt('SET-SET', `The setting "${key}" cannot be stored`, () =>
            this.#storage.setItem(key, settingText(value)),
        );
    }

    removeItem(key: string): Promise<void> {
        return attempt('SET-RMV', `The setting "${key}" cannot be removed`, () => this.#storage.removeItem(key));
    }

    clear(): Promise<void> {
        return attempt('SET-CLR', 'The settings cannot be removed', () => this.#storage.clear());
    }
}

/** @throws TypeError for undefined: a setting without a value is removed, not stored */
export function settingText(value: unknown): string {
    if (value === undefined) throw new TypeError('A setting needs a value; removeItem() removes it.');
    return stringifyCanonical(value);
}

/** Runs an operation of a settings store and gives its failure the code of the operation. */
export async function attempt<T>(code: SettingsError['code'], message: string, run: () => T | Promise<T>): Promise<T> {
    try {
        return await run();
    } catch (cause) {
        throw cause instanceof SettingsError ? cause : new SettingsError(code, message, { cause });
    }
}

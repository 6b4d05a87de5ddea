import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { stringifyCanonical } from '../../microdata/canonical-json.ts';
import { attempt, SettingsError, settingText, type SettingsStore } from '../../settings/settings-store.ts';
import { makePath } from './folder-layout.ts';
import { folderOperations, type FolderOperations } from './folder-operations.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Settings of all instances below a directory: one JSON object in the file `SettingsStore`, only its owner may read it. One
 * object of this class per directory: two of them do not know of each other's changes.
 */
export class FileSettingsStore implements SettingsStore {
    readonly #file: string;
    readonly #operations: FolderOperations;
    #busy = false;

    /** @param directory the base directory of the instances (spec 20 §2) */
    constructor(directory: string, operations: FolderOperations = folderOperations) {
        this.#file = join(directory, 'SettingsStore');
        this.#operations = operations;
    }

    getItem(key: string): Promise<unknown> {
        return attempt('SET-GET', `The settings in "${this.#file}" cannot be read`, async () =>
            (await this.#read()).get(key),
        );
    }

    setItem(key: string, value: unknown): Promise<void> {
        return this.#change('SET-SET', async () => {
            settingText(value);
            const settings = await this.#read();
            await this.#write(settings.set(key, value));
        });
    }

    removeItem(key: string): Promise<void> {
        return this.#change('SET-RMV', async () => {
            const settings = await this.#read();
            if (settings.delete(key)) await this.#write(settings);
        });
    }

    clear(): Promise<void> {
        return this.#change('SET-CLR', async () => {
            if ((await this.#operations.kind(this.#file)) === 'missing') return;
            await this.#operations.remove(this.#file);
            await this.#operations.syncFolder(dirname(this.#file));
        });
    }

    /** Overlapping changes are refused, because the second would not know of the first. */
    async #change(code: SettingsError['code'], run: () => Promise<void>): Promise<void> {
        if (this.#busy) throw new SettingsError('SET-LOCK1', `"${this.#file}" is being changed; wait for it`);
        this.#busy = true;
        try {
            await attempt(code, `The settings in "${this.#file}" cannot be changed`, run);
        } finally {
            this.#busy = false;
        }
    }

    async #read(): Promise<Map<string, unknown>> {
        const content = await this.#operations.read(this.#file);
        if (content === undefined) return new Map();
        const settings: unknown = JSON.parse(decoder.decode(content));
        if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
            throw new TypeError('The file holds no JSON object.');
        return new Map(Object.entries(settings));
    }

    async #write(settings: ReadonlyMap<string, unknown>): Promise<void> {
        const part = `${this.#file}.${randomUUID()}.part`;
        await makePath(dirname(this.#file), this.#operations);
        const text = stringifyCanonical(Object.fromEntries(settings));
        try {
            await this.#operations.writeDurably(part, new TextEncoder().encode(text), 0o600);
            await this.#operations.rename(part, this.#file);
        } catch (error) {
            await this.#operations.remove(part).catch(() => undefined);
            throw error;
        }
        await this.#operations.syncFolder(dirname(this.#file));
    }
}

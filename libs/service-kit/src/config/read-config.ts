import { readFileSync, statSync } from 'node:fs';
import { OneError } from '@refinio/one.core';
import { MAX_SETTING_FILE_BYTES, SHOWN_VALUE_CHARACTERS } from '../limits.ts';
import type { ConfigOf, Setting, Settings } from './settings.ts';

/** What is wrong with one variable, as one line that names it, the expected form and an example. */
export interface Mistake {
    readonly variable: string;
    readonly message: string;
}

/** The configuration cannot be used. The message lists every mistake, not only the first. */
export class ConfigError extends OneError {
    readonly code = 'CONFIG_INVALID';
    readonly mistakes: readonly Mistake[];

    constructor(mistakes: readonly Mistake[]) {
        const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
        super(`The configuration has ${count}:\n${mistakes.map(({ message }) => `  ${message}`).join('\n')}`);
        this.mistakes = mistakes;
    }
}

/**
 * Reads environment variables by their settings. Each variable may instead be given as a file by `NAME_FILE`
 * (secrets only so). An empty variable counts as not set. Variables without a setting are ignored.
 * @throws ConfigError listing every mistake at once
 */
export function readConfig<S extends Settings>(settings: S, env: NodeJS.ProcessEnv = process.env): ConfigOf<S> {
    const mistakes: Mistake[] = [];
    const values = Object.entries(settings).map(([name, setting]) => {
        const read = readSetting(name, setting, env);
        if (read.ok) return [name, read.value];
        mistakes.push({ variable: name, message: `${read.problem}${remedy(name, setting)}` });
        return [name, undefined];
    });
    if (mistakes.length > 0) throw new ConfigError(mistakes);
    // Every value was parsed by the schema of its own setting just above.
    return Object.fromEntries(values) as ConfigOf<S>;
}

type Read = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

function readSetting(name: string, setting: Setting<unknown>, env: NodeJS.ProcessEnv): Read {
    const direct = env[name] || undefined;
    const file = env[`${name}_FILE`] || undefined;
    if (direct !== undefined && file !== undefined)
        return wrong(`${name} and ${name}_FILE are both set, one is enough`);
    if (direct !== undefined && setting.secret) return wrong(`${name} is set directly, where others can read it`);
    if (file !== undefined) {
        const content = readSettingFile(file);
        return content.ok ? parse(`The content of ${name}_FILE (${file})`, content.value, setting) : content;
    }
    const raw = direct ?? setting.fallback;
    if (raw === undefined) return setting.required ? wrong(`${name} is missing`) : { ok: true, value: undefined };
    return parse(name, raw, setting);

    function readSettingFile(
        path: string,
    ): { readonly ok: true; readonly value: string } | (Read & { readonly ok: false }) {
        try {
            if (statSync(path).size > MAX_SETTING_FILE_BYTES) {
                return wrong(`${name}_FILE (${path}) is larger than ${MAX_SETTING_FILE_BYTES} bytes`);
            }
            return { ok: true, value: readFileSync(path, 'utf8').replace(/\r?\n$/, '') };
        } catch (error) {
            return wrong(
                `${name}_FILE (${path}) cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
            );
        }
    }
}

function parse(what: string, raw: string, setting: Setting<unknown>): Read {
    const parsed = setting.schema.safeParse(raw);
    if (parsed.success) return { ok: true, value: parsed.data };
    if (raw === '') return wrong(`${what} is empty`);
    if (setting.sensitive) return wrong(`${what} is not valid (its value is not shown)`);
    const shown = raw.length > SHOWN_VALUE_CHARACTERS ? `${raw.slice(0, SHOWN_VALUE_CHARACTERS)}...` : raw;
    return wrong(`${what} is ${JSON.stringify(shown)}`);
}

function wrong(problem: string): { readonly ok: false; readonly problem: string } {
    return { ok: false, problem };
}

function remedy(name: string, setting: Setting<unknown>): string {
    const variable = setting.secret ? `${name}_FILE` : name;
    return `: expected ${setting.expected}, for example ${variable}=${setting.example}`;
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { validateRecipe, type RecipeDefinition } from '@refinio/one.core';
import { describeError } from './describe-error.ts';
import { parseTagged } from './tagged-json.ts';

/** Where to listen; port 0: any that is free. */
export interface HostPort {
    readonly host: string;
    readonly port: number;
}

/** What a peer was started with. Never shown as a whole: it holds the secret. */
export interface PeerOptions {
    readonly name: string;
    readonly email: string;
    readonly secret: string;
    /** Absolute. Undefined: in memory. */
    readonly dir: string | undefined;
    readonly recipes: readonly RecipeDefinition[];
    readonly listen: HostPort | undefined;
    readonly commServer: string | undefined;
    readonly advertise: string | undefined;
    readonly expiryMs: number;
    readonly reconnectMs: number | undefined;
}

/** To be printed instead of starting. */
export interface PrintedOptions {
    readonly exitCode: number;
    readonly text: string;
}

interface OptionForm {
    /** Of the value, as the help shows it. */
    readonly value: string;
    readonly about: string;
}

export const OPTIONS = {
    name: { value: 'NAME', about: 'instance name' },
    email: { value: 'EMAIL', about: 'e-mail of the owner; default NAME@interop.test' },
    secret: { value: 'SECRET', about: 'secret of the instance; in PEER_SECRET nobody else on this machine sees it' },
    dir: { value: 'FOLDER', about: 'where to store; created if it is missing, continued if not; default: in memory' },
    recipes: { value: 'FILE', about: 'JSON array of additional recipes (tagged JSON)' },
    listen: { value: 'HOST:PORT', about: 'accept direct connections there; port 0: any that is free' },
    commserver: { value: 'URL', about: 'register at this communication server' },
    advertise: {
        value: 'URL',
        about: 'own address for others; default: of --commserver, else ws://HOST:PORT of --listen, else none',
    },
    expiry: { value: 'MS', about: 'life time of invitations in milliseconds; default 60000' },
    reconnect: {
        value: 'MS',
        about: 'milliseconds from the end of a connection to the next attempt, at most twice as many; default 5000',
    },
} as const satisfies Readonly<Record<string, OptionForm>>;

export type OptionName = keyof typeof OPTIONS;

const NAMES = Object.keys(OPTIONS) as OptionName[];
const EXPIRY_MS = 60_000;
const HOST_PORT = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/;

/**
 * Reads arguments and environment; of both, an argument counts. The text to print instead if they cannot be used, with every
 * mistake, or ask for help.
 */
export function readOptions(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    help: () => string,
): PeerOptions | PrintedOptions {
    const mistakes: string[] = [];
    const given = new GivenOptions(args, env, mistakes);
    if (given.asksForHelp) return { exitCode: 0, text: help() };
    // npm changes into the workspace; relative paths are meant from where the command was typed.
    const toPath = (text: string): string => resolve(env['INIT_CWD'] ?? '.', text);
    const milliseconds = 'a whole number of milliseconds from 1';
    const name = given.required('name', 'alice');
    const options: PeerOptions = {
        name,
        email: given.text('email') ?? `${name}@interop.test`,
        secret: given.required('secret', 'SECRET'),
        dir: given.read('dir', 'a path', 'alice', toPath),
        recipes: readRecipes(given.read('recipes', 'a path', 'recipes.json', toPath), mistakes),
        listen: given.read('listen', 'HOST:PORT', '127.0.0.1:8765', toHostPort),
        commServer: given.read('commserver', 'an address with ws:// or wss://', 'ws://localhost:8000', toUrl),
        advertise: given.read('advertise', 'an address with ws:// or wss://', 'ws://localhost:8765', toUrl),
        expiryMs: given.read('expiry', milliseconds, '60000', toMs) ?? EXPIRY_MS,
        reconnectMs: given.read('reconnect', milliseconds, '5000', toMs),
    };
    if (mistakes.length === 0) return options;
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
    const list = mistakes.map(mistake => `  ${mistake}\n`).join('');
    return { exitCode: 2, text: `The options have ${count}:\n${list}"npm run peer -- --help" explains them.\n` };
}

/** Values as they came. What is wrong with them is said without repeating what may be the secret, or a part of it. */
class GivenOptions {
    readonly asksForHelp: boolean;
    readonly #values = new Map<OptionName, { readonly text: string; readonly from: string }>();
    /** Of which was told already what is wrong. */
    readonly #unusable = new Set<OptionName>();
    readonly #mistakes: string[];

    constructor(args: readonly string[], env: NodeJS.ProcessEnv, mistakes: string[]) {
        this.#mistakes = mistakes;
        for (const name of NAMES) {
            const text = env[variableOf(name)];
            // An empty one counts as not set.
            if (text) this.#values.set(name, { text, from: variableOf(name) });
        }
        const options = Object.fromEntries(NAMES.map(name => [name, { type: 'string' as const }]));
        const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
        for (const token of tokens) {
            if (token.kind === 'positional')
                mistakes.push('There is a value that belongs to no option: put one with spaces in quotes');
            if (token.kind !== 'option' || token.name === 'help') continue;
            const name = NAMES.find(each => each === token.name);
            const from = token.rawName;
            if (name === undefined) {
                const isLong = from.startsWith('--');
                mistakes.push(isLong ? `There is no option ${from}` : 'Options begin with "--"; one begins with "-"');
                continue;
            }
            const { value } = token;
            if (value && (token.inlineValue || !value.startsWith('-'))) {
                this.#values.set(name, { text: value, from });
                continue;
            }
            this.#unusable.add(name);
            const form = value ? `${from}=VALUE for one that begins with "-"` : `${from} ${OPTIONS[name].value}`;
            mistakes.push(`${from} needs a value: ${form}`);
        }
        this.asksForHelp = tokens.some(token => token.kind === 'option' && token.name === 'help');
    }

    text(name: OptionName): string | undefined {
        return this.#values.get(name)?.text;
    }

    required(name: OptionName, example: string): string {
        const text = this.text(name);
        if (text === undefined && !this.#unusable.has(name))
            this.#mistakes.push(`--${name} or ${variableOf(name)} is missing, for example --${name} ${example}`);
        return text ?? '';
    }

    /** @param read undefined for what it cannot be */
    read<T>(
        name: Exclude<OptionName, 'secret'>,
        expected: string,
        example: string,
        read: (text: string) => T | undefined,
    ): T | undefined {
        const given = this.#values.get(name);
        if (given === undefined) return undefined;
        const { text, from } = given;
        const value = read(text);
        if (value === undefined)
            this.#mistakes.push(`${from} is "${text}": expected ${expected}, for example --${name} ${example}`);
        return value;
    }
}

/** Of the environment. */
export function variableOf(name: string): string {
    return `PEER_${name.toUpperCase()}`;
}

function toHostPort(text: string): HostPort | undefined {
    const [, v6, name, port] = HOST_PORT.exec(text) ?? [];
    const host = v6 ?? name;
    return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

export function toUrl(text: string): string | undefined {
    return URL.canParse(text) && ['ws:', 'wss:'].includes(new URL(text).protocol) ? text : undefined;
}

function toMs(text: string): number | undefined {
    return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function readRecipes(file: string | undefined, mistakes: string[]): readonly RecipeDefinition[] {
    if (file === undefined) return [];
    try {
        const list = parseTagged(readFileSync(file, 'utf8'));
        if (!Array.isArray(list)) throw new TypeError('it is no JSON array');
        return list.map(validateRecipe);
    } catch (error) {
        mistakes.push(`The recipes in "${file}" cannot be used: ${describeError(error).message}`);
        return [];
    }
}

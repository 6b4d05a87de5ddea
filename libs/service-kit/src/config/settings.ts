import { existsSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import * as z from 'zod';
import { Secret } from './secret.ts';

/** One environment variable: how it is read, and what a person must know to set it. */
export interface Setting<T> {
    readonly schema: z.ZodType<T, string>;
    /** What it is for; one sentence, shown in tables. */
    readonly about: string;
    /** The form of a valid value, to be read after "expected". */
    readonly expected: string;
    /** A valid value. */
    readonly example: string;
    /** Used when the variable is not set; undefined where the variable is required or may be absent. */
    readonly fallback: string | undefined;
    readonly required: boolean;
    /** A secret is accepted from a file only (`NAME_FILE`) and never shown. */
    readonly secret: boolean;
    /** The value may carry a password and is not repeated in messages. */
    readonly sensitive: boolean;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The configuration that settings describe: `{ LISTEN_PORT: number, REDIS_URL: URL | undefined, ... }`. */
export type ConfigOf<S extends Settings> = { readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never };

/** A setting with neither `fallback` nor `required` may be absent; its value is undefined then. */
interface Options {
    readonly about: string;
    readonly fallback?: string;
    readonly required?: true;
    readonly example?: string;
}
type Present = { readonly fallback: string } | { readonly required: true };
type ValueOf<O, T> = O extends Present ? T : T | undefined;

/** A whole number within bounds (both included). */
export function integer<O extends Options & { readonly min: number; readonly max: number }>(
    options: O,
): Setting<ValueOf<O, number>> {
    const { min, max } = options;
    return setting(options, {
        schema: wholeNumber(min, max),
        expected: `a whole number from ${min} to ${max}`,
        example: String(min),
    });
}

/** A TCP port; 0 lets the system choose one. */
export function port<O extends Options>(options: O): Setting<ValueOf<O, number>> {
    return setting(options, {
        schema: wholeNumber(0, 65_535),
        expected: 'a port number from 1 to 65535 (0: any free port)',
        example: '8080',
    });
}

/** Addresses to listen on: IP addresses or `localhost`, separated by commas. */
export function hosts<O extends Options>(options: O): Setting<ValueOf<O, readonly string[]>> {
    return setting(options, {
        schema: z
            .string()
            .transform(text => text.split(',').map(host => host.trim()))
            .refine(list => list.every(host => isIP(host) > 0 || host === 'localhost')),
        expected: 'IP addresses separated by commas',
        example: '127.0.0.1,::1',
    });
}

/** An absolute URL with one of the given schemes. It is never repeated in messages: it may hold a password. */
export function url<O extends Options & { readonly schemes: readonly string[] }>(options: O): Setting<ValueOf<O, URL>> {
    const { schemes } = options;
    return setting(options, {
        schema: z
            .string()
            .refine(text => URL.canParse(text))
            .transform(text => new URL(text))
            .refine(parsed => schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hostname !== ''),
        expected: `a URL that starts with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`,
        example: `${schemes[0]}://localhost`,
        sensitive: true,
    });
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]], O extends Options>(
    words: W,
    options: O,
): Setting<ValueOf<O, W[number]>> {
    return setting(options, { schema: z.enum(words), expected: `one of ${words.join(', ')}`, example: words[0] });
}

/** Any text but the empty one. */
export function text<O extends Options & { readonly example: string }>(options: O): Setting<ValueOf<O, string>> {
    return setting(options, { schema: z.string().min(1), expected: 'a text', example: options.example });
}

/** An existing folder; relative paths count from the working directory. */
export function directory<O extends Options & { readonly example: string }>(options: O): Setting<ValueOf<O, string>> {
    return setting(options, {
        schema: z
            .string()
            .min(1)
            .transform(path => resolve(path))
            .refine(path => existsSync(path) && statSync(path).isDirectory()),
        expected: 'the path of an existing folder',
        example: options.example,
    });
}

/** A secret, given as a file by `NAME_FILE` and in no other way; one trailing line break is not part of it. */
export function secret<O extends Options>(options: O): Setting<ValueOf<O, Secret>> {
    return setting(options, {
        schema: z
            .string()
            .min(1)
            .transform(value => new Secret(value)),
        expected: 'a file that holds the secret',
        example: '/run/secrets/name',
        sensitive: true,
        secret: true,
    });
}

function wholeNumber(min: number, max: number): z.ZodType<number, string> {
    return z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number)
        .refine(value => value >= min && value <= max);
}

interface Form<T> {
    readonly schema: z.ZodType<T, string>;
    readonly expected: string;
    readonly example: string;
    readonly sensitive?: boolean;
    readonly secret?: boolean;
}

function setting<O extends Options, T>(options: O, form: Form<T>): Setting<ValueOf<O, T>> {
    return {
        schema: form.schema,
        about: options.about,
        expected: form.expected,
        example: options.example ?? options.fallback ?? form.example,
        fallback: options.fallback,
        required: options.required ?? false,
        secret: form.secret ?? false,
        sensitive: form.sensitive ?? false,
    };
}

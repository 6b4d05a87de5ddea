// Kinds of arguments; the text of each says what is expected, to be read after "has to be".
import { ensureIdHash, type Group, type Person, type Typed } from '@refinio/one.core';
import * as z from 'zod';
import { toUrl } from '../options.ts';

const HASH = '64 lower case hexadecimal digits';
const NOT_EMPTY = 'a text that is not empty';

export const text = z.string('a text');
export const name = z.string(NOT_EMPTY).min(1, NOT_EMPTY);
export const flag = z.boolean('true or false');
export const hash = z.string(HASH).regex(/^[0-9a-f]{64}$/, HASH);
export const hashes = z.array(hash, 'a list of hashes');
export const person = hash.transform(id => ensureIdHash<Person>(id));
export const persons = z.array(person, 'a list of ID hashes of persons');
export const groups = z.array(
    hash.transform(id => ensureIdHash<Group>(id)),
    'a list of ID hashes of groups',
);
export const url = text.refine(value => toUrl(value) !== undefined, 'an address that begins with ws:// or wss://');

/** Any object of ONE; its properties are judged by its recipe. */
export const object = z.custom<Typed>(
    value => typeof value === 'object' && value !== null && '$type$' in value && typeof value.$type$ === 'string',
    'an object with "$type$"',
);

/** A whole number. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER) {
    const expected = `a whole number from ${min} to ${max}`;
    return z.int(expected).min(min, expected).max(max, expected);
}

// Canonical JSON (spec 10 §8), the text of `stringifiable` values, of recipes' item types and of settings:
//   plain object  own keys sorted by UTF-16 units, undefined left out     Set     items sorted as JSON texts
//   Array         in order, undefined and holes as null                   Map     [key,value] pairs sorted as JSON texts
//   Date          ISO text in quotes; an invalid one "null"               RegExp  source
//   number        as JSON; NaN and infinities null                        Error   name, message, stack and own keys
import { MAX_JSON_NESTING } from '../limits.ts';
import { ObjectRefusedError, Refusal } from './microdata-errors.ts';

// eslint-disable-next-line no-control-regex -- control characters are what is searched for
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

/**
 * JSON text of a value, the same on every instance; undefined for undefined.
 * @throws Refusal `USS-STR1` for circles, `USS-STR2` for too deep ones, `USS-STR3` for keys, `USS-STR4` for values
 * that have no JSON text. `stringifyCanonical` is the form for other folders.
 */
export function canonicalJson(value: unknown): string | undefined {
    return text(value, []);
}

/** JSON text of a value that is none of ours to refuse half-way, for example of settings. @throws ObjectRefusedError */
export function stringifyCanonical(value: unknown): string {
    try {
        return canonicalJson(value) ?? 'null';
    } catch (error) {
        throw error instanceof Refusal ? new ObjectRefusedError(undefined, error) : error;
    }
}

function text(value: unknown, ancestors: object[]): string | undefined {
    switch (typeof value) {
        case 'string':
        case 'number':
        case 'boolean':
            return JSON.stringify(value);
        case 'undefined':
            return undefined;
        case 'object':
            return value === null ? 'null' : objectText(value, ancestors);
        default:
            throw new Refusal('USS-STR4', `a ${typeof value} has no JSON text`);
    }
}

function objectText(value: object, ancestors: object[]): string | undefined {
    if (ancestors.includes(value)) throw new Refusal('USS-STR1', 'it contains itself');
    if (ancestors.length === MAX_JSON_NESTING)
        throw new Refusal('USS-STR2', `it nests deeper than ${MAX_JSON_NESTING} levels`);
    ancestors.push(value);
    const json = membersText(value, ancestors);
    ancestors.pop();
    return json;
}

function membersText(value: object, inside: object[]): string | undefined {
    const item = (member: unknown): string => text(member, inside) ?? 'null';
    if (Array.isArray(value)) return `[${Array.from(value, item).join(',')}]`;
    if (value instanceof Set) return `[${Array.from(value, item).sort().join(',')}]`;
    if (value instanceof Map)
        return `[${Array.from(value, ([key, member]) => `[${item(key)},${item(member)}]`)
            .sort()
            .join(',')}]`;
    if (value instanceof Date) return JSON.stringify(Number.isNaN(value.getTime()) ? 'null' : value.toISOString());
    if (value instanceof RegExp) return JSON.stringify(value.source);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Promise)
        throw new Refusal('USS-STR4', `a ${value.constructor.name} has no JSON text`);
    if ('toJSON' in value && typeof value.toJSON === 'function') return text((value.toJSON as () => unknown)(), inside);
    return `{${membersOf(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([key, member]) => {
            const json = text(member, inside);
            return json === undefined ? [] : [`"${plainKey(key)}":${json}`];
        })
        .join(',')}}`;
}

function membersOf(value: object): [string, unknown][] {
    if (!(value instanceof Error)) return Object.entries(value);
    const { name, message, stack } = value;
    return [...new Map<string, unknown>([...Object.entries(value), ...Object.entries({ name, message, stack })])];
}

/** Deployed peers write keys without escaping them, so one that would need it can never be read back. */
function plainKey(key: string): string {
    if (NEEDS_ESCAPE.test(key) || !key.isWellFormed())
        throw new Refusal('USS-STR3', `the key ${JSON.stringify(key)} would need escaping`);
    return key;
}

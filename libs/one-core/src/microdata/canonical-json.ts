// Canonical JSON (spec 10 §8), the text of `stringifiable` values, of recipes' item types and of settings:
//   plain object  own keys sorted by UTF-16 units, undefined left out     Set     items sorted as JSON texts
//   Array         in order, undefined and holes as null                   Map     [key,value] pairs sorted as JSON texts
//   Date          ISO text in quotes; an invalid one "null"               RegExp  source
//   number        as JSON; NaN and infinities null                        Error   name, message, stack and own keys
// Whatever else an object may be (a buffer, a promise, a boxed number) has no JSON text, unless it has a method toJSON.
import { MAX_JSON_NESTING } from '../limits.ts';
import { shown } from '../shown.ts';
import { ObjectRefusedError, Refusal } from './microdata-errors.ts';

// eslint-disable-next-line no-control-regex -- control characters are what is searched for
const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

/**
 * JSON text of a value, the same on every instance; undefined for undefined.
 * @throws Refusal `USS-STR1` for circles, `USS-STR2` for too deep ones, `USS-STR3` for keys, `USS-STR4` for values
 * that have no JSON text
 */
export function canonicalJson(value: unknown): string | undefined {
    try {
        return text(value, new Set());
    } catch (error) {
        if (error instanceof Refusal) throw error;
        // A getter, a toJSON or a proxy of the caller failed.
        throw new Refusal('USS-STR4', 'it cannot be read');
    }
}

/** JSON text of a value that stands for itself, for example of a setting. @throws ObjectRefusedError, also for undefined */
export function stringifyCanonical(value: unknown): string {
    try {
        const json = canonicalJson(value);
        if (json === undefined) throw new Refusal('USS-STR4', 'undefined has no JSON text');
        return json;
    } catch (error) {
        throw error instanceof Refusal ? new ObjectRefusedError(undefined, error) : error;
    }
}

function text(value: unknown, ancestors: Set<object>): string | undefined {
    switch (typeof value) {
        case 'string':
        case 'number':
        case 'boolean':
            return JSON.stringify(value);
        case 'undefined':
            return undefined;
        case 'object':
            if (value === null) return 'null';
            break;
        default:
            throw new Refusal('USS-STR4', `a ${typeof value} has no JSON text`);
    }
    if (ancestors.has(value)) throw new Refusal('USS-STR1', 'it contains itself');
    if (ancestors.size === MAX_JSON_NESTING)
        throw new Refusal('USS-STR2', `it nests deeper than ${MAX_JSON_NESTING} levels`);
    ancestors.add(value);
    const json = objectText(value, ancestors);
    ancestors.delete(value);
    return json;
}

/** Loops rather than callbacks: the stack of a worker is small, and each level costs two frames only. */
function objectText(value: object, inside: Set<object>): string | undefined {
    const texts: string[] = [];
    // Tags instead of classes: a Set of another realm (a frame, a test's context) is a Set as well.
    switch (Object.prototype.toString.call(value)) {
        case '[object Array]': {
            const list = value as readonly unknown[];
            // By index: holes are null, and the iterator of the array may be somebody else's.
            // eslint-disable-next-line @typescript-eslint/prefer-for-of
            for (let i = 0; i < list.length; i++) texts.push(text(list[i], inside) ?? 'null');
            return `[${texts.join(',')}]`;
        }
        case '[object Set]':
            for (const item of itemsOf<unknown>(value, Set.prototype)) texts.push(text(item, inside) ?? 'null');
            return `[${texts.sort().join(',')}]`;
        case '[object Map]':
            for (const [key, item] of itemsOf<readonly [unknown, unknown]>(value, Map.prototype))
                texts.push(`[${text(key, inside) ?? 'null'},${text(item, inside) ?? 'null'}]`);
            return `[${texts.sort().join(',')}]`;
        case '[object Date]': {
            const time = Date.prototype.getTime.call(value);
            return JSON.stringify(Number.isNaN(time) ? 'null' : new Date(time).toISOString());
        }
        case '[object RegExp]':
            return JSON.stringify((value as RegExp).source);
    }
    if ('toJSON' in value && typeof value.toJSON === 'function') return text((value.toJSON as () => unknown)(), inside);
    const members = membersOf(value).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, member] of members) {
        const json = text(member, inside);
        if (json !== undefined) texts.push(`"${plainKey(key)}":${json}`);
    }
    return `{${texts.join(',')}}`;
}

/** Entries by the method of the prototype, which knows a real one even if its own was replaced. */
function itemsOf<T>(value: object, prototype: Set<unknown> | Map<unknown, unknown>): Iterable<T> {
    return Array.from({ [Symbol.iterator]: () => prototype[Symbol.iterator].call(value as never) as Iterator<T> });
}

function membersOf(value: object): [string, unknown][] {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    if (tag === 'Object' && !ArrayBuffer.isView(value)) return Object.entries(value);
    if (tag !== 'Error') throw new Refusal('USS-STR4', 'a built-in or special object has no JSON text');
    const { name, message, stack } = value as Error;
    return [...new Map<string, unknown>([...Object.entries(value), ...Object.entries({ name, message, stack })])];
}

/** Deployed peers write keys without escaping them, so one that would need it can never be read back. */
function plainKey(key: string): string {
    if (NEEDS_ESCAPE.test(key) || !key.isWellFormed())
        throw new Refusal('USS-STR3', `the key ${shown(key)} would need escaping`);
    return key;
}

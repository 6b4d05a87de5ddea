// Values as they travel between two instances (spec 40 §2.2): JSON without white space, in which undefined is a text.
//
//   undefined                        "$__undefined$", also as element or property, at any depth
//   null, boolean, string, array     as in JSON; a hole of an array is undefined
//   number                           as in JSON; NaN and infinities are refused
//   plain object                     own enumerable properties in their order
//   everything else                  refused, and so is the text "$__undefined$"
//
// A property that was undefined is absent afterwards.
import { OneError } from '../errors.ts';
import { MAX_JSON_NESTING } from '../limits.ts';
import { shown } from '../shown.ts';
import { excessOf } from './json-measure.ts';
import { MAX_MESSAGE_VALUES } from './request-limits.ts';

/** What stands for undefined. */
export const UNDEFINED = '$__undefined$';

/** A value that cannot be sent, or a text that is no message. */
export class JsonValueError extends OneError {
    readonly code: 'VALUE_NOT_SENDABLE' | 'MESSAGE_INVALID';

    constructor(code: JsonValueError['code'], message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/** @throws JsonValueError `VALUE_NOT_SENDABLE` */
export function encodeMessage(value: unknown): string {
    return JSON.stringify(sendable(value, 0));
}

/** @throws JsonValueError `MESSAGE_INVALID` */
export function decodeMessage(text: string): unknown {
    switch (excessOf(text, MAX_MESSAGE_VALUES)) {
        case 'depth':
            throw tooDeep();
        case 'values':
            throw new JsonValueError('MESSAGE_INVALID', 'A message has too many values');
    }
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (cause) {
        throw new JsonValueError('MESSAGE_INVALID', 'A message is no JSON', { cause });
    }
    return received(value, 0);
}

function sendable(value: unknown, depth: number): unknown {
    switch (typeof value) {
        case 'undefined':
            return UNDEFINED;
        case 'string':
            if (value === UNDEFINED) throw notSendable(`the text ${shown(value)}, which stands for undefined,`);
            return value;
        case 'boolean':
            return value;
        case 'number':
            if (!Number.isFinite(value)) throw notSendable(`the number ${value}`);
            return value;
        case 'object':
            if (value === null) return null;
            break;
        default:
            throw notSendable(`a ${typeof value}`);
    }
    if (depth === MAX_JSON_NESTING) throw notSendable(`what nests deeper than ${MAX_JSON_NESTING} levels`);
    if (Array.isArray(value)) return Array.from(value, item => sendable(item, depth + 1));
    // Bytes, dates and maps would arrive as something else.
    if (Object.prototype.toString.call(value) !== '[object Object]') throw notSendable('a special object');
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sendable(item, depth + 1)]));
}

function notSendable(what: string): JsonValueError {
    return new JsonValueError('VALUE_NOT_SENDABLE', `A message cannot hold ${what}`);
}

/** Undoes `sendable` in place. */
function received(value: unknown, depth: number): unknown {
    if (value === UNDEFINED) return undefined;
    if (typeof value !== 'object' || value === null) return value;
    if (depth === MAX_JSON_NESTING) throw tooDeep();
    if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) value[i] = received(value[i], depth + 1);
        return value;
    }
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
        const member = received(members[key], depth + 1);
        // `__proto__`: whoever assigns the properties to another object would change what that one inherits.
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- absent, not undefined
        if (member === undefined || key === '__proto__') delete members[key];
        else members[key] = member;
    }
    return members;
}

function tooDeep(): JsonValueError {
    return new JsonValueError('MESSAGE_INVALID', 'A message nests too deep');
}

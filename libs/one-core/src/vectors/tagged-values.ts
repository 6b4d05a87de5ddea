// Values in vector files (spec 10 §12):
//   {"$map": [[k, v], …]}  {"$set": […]}  {"$regexp": source, "$flags"?}  {"$undefined": true}
//   {"$num": "NaN" | "Infinity" | "-Infinity" | "-0"}  {"$date": ms}

/** The value that tagged JSON stands for. */
export function decodeTagged(json: unknown): unknown {
    if (Array.isArray(json)) return json.map(decodeTagged);
    if (typeof json !== 'object' || json === null) return json;
    if ('$map' in json)
        return new Map((json.$map as [unknown, unknown][]).map(pair => pair.map(decodeTagged) as [unknown, unknown]));
    if ('$set' in json) return new Set((json.$set as unknown[]).map(decodeTagged));
    if ('$regexp' in json) return new RegExp(String(json.$regexp), '$flags' in json ? String(json.$flags) : '');
    if ('$undefined' in json) return undefined;
    if ('$num' in json) return Number(json.$num);
    if ('$date' in json) return new Date(Number(json.$date));
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, decodeTagged(value)]));
}

/** Tagged JSON of a value, with sorted keys: equal texts are equal values. Sets and Maps count in their order. */
export function encodeTagged(value: unknown): string {
    return JSON.stringify(encode(value));
}

function encode(value: unknown): unknown {
    if (value === undefined) return { $undefined: true };
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
        return { $num: Object.is(value, -0) ? '-0' : String(value) };
    if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
        throw new TypeError(`A ${typeof value} has no notation.`);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(encode);
    if (value instanceof Map) return { $map: Array.from(value, ([key, item]) => [encode(key), encode(item)]) };
    if (value instanceof Set) return { $set: Array.from(value, encode) };
    if (value instanceof RegExp) return { $regexp: value.source, $flags: value.flags };
    if (value instanceof Date) return { $date: value.getTime() };
    if (Object.prototype.toString.call(value) !== '[object Object]') throw new TypeError('An object has no notation.');
    return Object.fromEntries(
        Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [key, encode(item)]),
    );
}

// Tagged JSON: how values that JSON does not have travel in the lines of the peer protocol.
//
//   Map     {"$map": [[key, value], ...]}
//   Set     {"$set": [...]}
//   bytes   {"$hex": "00ff"}

const HEX = /^([0-9a-f]{2})*$/;

/** A value as one line of JSON text. */
export function stringifyTagged(value: unknown): string {
    return JSON.stringify(tag(value));
}

/** The value of a JSON text. @throws SyntaxError for text that is no JSON, TypeError for a tag with a wrong content */
export function parseTagged(text: string): unknown {
    return untag(JSON.parse(text));
}

function tag(value: unknown): unknown {
    if (value instanceof Map) return { $map: [...value].map(([key, item]) => [tag(key), tag(item)]) };
    if (value instanceof Set) return { $set: [...value].map(tag) };
    if (value instanceof Uint8Array) return { $hex: Buffer.from(value).toString('hex') };
    if (Array.isArray(value)) return value.map(tag);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, tag(item)]));
}

function untag(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(untag);
    if (typeof value !== 'object' || value === null) return value;
    const entries: [string, unknown][] = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first !== undefined) {
        const [name, content] = first;
        if (name === '$map') return new Map(pairs(content));
        if (name === '$set') return new Set(list(content, '$set').map(untag));
        if (name === '$hex') return bytes(content);
    }
    return Object.fromEntries(entries.map(([name, item]) => [name, untag(item)]));
}

function pairs(content: unknown): [unknown, unknown][] {
    return list(content, '$map').map(pair => {
        const members = list(pair, 'A pair of $map');
        if (members.length !== 2) throw new TypeError('$map needs pairs [key, value].');
        return [untag(members[0]), untag(members[1])];
    });
}

function list(content: unknown, name: string): readonly unknown[] {
    if (!Array.isArray(content)) throw new TypeError(`${name} needs a list.`);
    return content;
}

function bytes(content: unknown): Uint8Array {
    if (typeof content !== 'string' || !HEX.test(content))
        throw new TypeError('$hex needs pairs of lower case hex digits.');
    return Uint8Array.from(Buffer.from(content, 'hex'));
}

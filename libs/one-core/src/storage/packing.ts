// Values as they are kept: texts of microdata are mostly markup and hashes in hexadecimal digits. Both are written shorter,
// byte for byte reversible.
//
//   0 (1 byte) ‖ bytes                       as they are
//   1 (1 byte) ‖ 32 bytes                    64 lower case hexadecimal digits
//   2 (1 byte) ‖ packed text                 UTF-8 in which these bytes, which no UTF-8 has, stand for more:
//                                            C0 ‖ 32 bytes: 64 hexadecimal digits; C1, F5…FE: `frequent`; FF ‖ n: `others[n]`
//
// The tables are part of the format: a change of them needs another first byte.
const RAW = 0;
const HASH = 1;
const TEXT = 2;
const [HASH_TOKEN, OTHER_TOKEN] = [0xc0, 0xff];
const HASH_DIGITS = 64;

const NODE = '<div itemscope itemtype="//refin.io/VersionNode';
const frequent: readonly (readonly [number, string])[] = [
    [0xc1, '</span>'],
    [0xf5, '<span itemprop="'],
    [0xf6, '</a><a itemprop="'],
    [0xf7, '<a itemprop="'],
    [0xf8, '" data-type="obj">'],
    [0xf9, '" data-type="id">'],
    [0xfa, '</a>'],
    [0xfb, '<li>'],
    [0xfc, '</li>'],
    [0xfd, '</div>'],
    [0xfe, '<div itemscope itemtype="//refin.io/'],
];
const others: readonly string[] = [
    '<div data-id-object="true" itemscope itemtype="//refin.io/',
    '<ul itemprop="',
    '</ul>',
    '<ol itemprop="',
    '</ol>',
    '<dl itemprop="',
    '</dl>',
    '<dt>',
    '</dt>',
    '<dd>',
    '</dd>',
    '<a data-type="obj">',
    '<a data-type="id">',
    '<a data-type="clob">',
    '<a data-type="blob">',
    '" data-type="clob">',
    '" data-type="blob">',
    '<li><a data-type="obj">',
    '<li><a data-type="id">',
    '</a></li>',
    '</a></div>',
    '</span></div>',
    '</span><span itemprop="',
    '</span><a itemprop="',
    `${NODE}Edge"><a itemprop="data" data-type="obj">`,
    `${NODE}Change"><a itemprop="prev" data-type="obj">`,
    `${NODE}Merge"><ul itemprop="nodes"><li><a data-type="obj">`,
    '</a></li><li><a data-type="obj">',
    '</a></li></ul><a itemprop="data" data-type="obj">',
    '</a><a itemprop="data" data-type="obj">',
    '</a><span itemprop="depth">',
    '</span><span itemprop="creationTime">',
];

interface Token {
    readonly text: Uint8Array;
    readonly first: number;
    /** −1 for none. */
    readonly second: number;
}

const encoder = new TextEncoder();
const tokens: readonly Token[] = [
    ...frequent.map(([byte, text]) => ({ text: encoder.encode(text), first: byte, second: -1 })),
    ...others.map((text, n) => ({ text: encoder.encode(text), first: OTHER_TOKEN, second: n })),
].sort((a, b) => b.text.length - a.text.length);
/** Tokens by their first three bytes, the longest first. */
const byStart = new Map<number, Token[]>();
for (const token of tokens) {
    const start = startOf(token.text, 0);
    byStart.set(start, [...(byStart.get(start) ?? []), token]);
}
const byByte = new Map<number, Uint8Array>(frequent.map(([byte, text]) => [byte, encoder.encode(text)]));
const byNumber = others.map(text => encoder.encode(text));

const DIGITS = encoder.encode('0123456789abcdef');
/** Value of a digit by its character code; −1 for other characters. */
const values = Int8Array.from({ length: 256 }, (_, code) => DIGITS.indexOf(code));

const [LESS, QUOTE, GREATER] = [0x3c, 0x22, 0x3e];

/** The value as it is kept. */
export function packValue(value: Uint8Array): Uint8Array {
    if (value.length === HASH_DIGITS && hexRun(value, 0)) {
        const packed = new Uint8Array(1 + HASH_DIGITS / 2);
        packed[0] = HASH;
        writeHash(value, 0, packed, 1);
        return packed;
    }
    return (value[0] === LESS ? packText(value) : undefined) ?? raw(value);
}

/** The value of what is kept; undefined if it was not made by `packValue`. */
export function unpackValue(packed: Uint8Array): Uint8Array | undefined {
    switch (packed[0]) {
        case RAW:
            return packed.slice(1);
        case HASH: {
            if (packed.length !== 1 + HASH_DIGITS / 2) return undefined;
            const value = new Uint8Array(HASH_DIGITS);
            readHash(packed, 1, value, 0);
            return value;
        }
        case TEXT:
            return unpackText(packed);
        default:
            return undefined;
    }
}

/** Undefined for what is no text, or does not become shorter. */
function packText(value: Uint8Array): Uint8Array | undefined {
    const packed = new Uint8Array(value.length);
    packed[0] = TEXT;
    let to = 1;
    for (let from = 0; from < value.length;) {
        if (to >= packed.length) return undefined;
        const byte = value[from] ?? 0;
        if (byte === HASH_TOKEN || byte === 0xc1 || byte >= 0xf5) return undefined;
        const token = byte === LESS || byte === QUOTE ? tokenAt(value, from) : undefined;
        if (token !== undefined) {
            packed[to++] = token.first;
            if (token.second >= 0) packed[to++] = token.second;
            from += token.text.length;
        } else {
            packed[to++] = byte;
            from++;
        }
        // Hashes stand behind the end of a tag.
        if (value[from - 1] !== GREATER || !hexRun(value, from)) continue;
        if (to + 1 + HASH_DIGITS / 2 > packed.length) return undefined;
        packed[to++] = HASH_TOKEN;
        writeHash(value, from, packed, to);
        from += HASH_DIGITS;
        to += HASH_DIGITS / 2;
    }
    return packed.slice(0, to);
}

function unpackText(packed: Uint8Array): Uint8Array | undefined {
    let size = 0;
    for (let at = 1; at < packed.length; at++) {
        const byte = packed[at] ?? 0;
        if (byte === HASH_TOKEN) {
            size += HASH_DIGITS;
            at += HASH_DIGITS / 2;
        } else if (byte === OTHER_TOKEN) size += byNumber[packed[++at] ?? 0]?.length ?? NaN;
        else size += byByte.get(byte)?.length ?? 1;
        if (at >= packed.length || Number.isNaN(size)) return undefined;
    }
    const value = new Uint8Array(size);
    let to = 0;
    for (let at = 1; at < packed.length; at++) {
        const byte = packed[at] ?? 0;
        if (byte === HASH_TOKEN) {
            readHash(packed, at + 1, value, to);
            to += HASH_DIGITS;
            at += HASH_DIGITS / 2;
            continue;
        }
        const text = byte === OTHER_TOKEN ? byNumber[packed[++at] ?? 0] : byte < 0xc0 ? undefined : byByte.get(byte);
        if (text === undefined) value[to++] = byte;
        else {
            value.set(text, to);
            to += text.length;
        }
    }
    return value;
}

function tokenAt(value: Uint8Array, at: number): Token | undefined {
    const candidates = byStart.get(startOf(value, at));
    if (candidates === undefined) return undefined;
    for (const token of candidates) if (standsAt(value, at, token.text)) return token;
    return undefined;
}

function standsAt(value: Uint8Array, at: number, text: Uint8Array): boolean {
    if (at + text.length > value.length) return false;
    for (let i = 3; i < text.length; i++) if (value[at + i] !== text[i]) return false;
    return true;
}

function startOf(bytes: Uint8Array, at: number): number {
    return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}

/** Whether 64 lower case hexadecimal digits stand here. */
function hexRun(bytes: Uint8Array, at: number): boolean {
    if (at + HASH_DIGITS > bytes.length) return false;
    for (let i = at; i < at + HASH_DIGITS; i++) if ((values[bytes[i] ?? 0] ?? -1) < 0) return false;
    return true;
}

function writeHash(from: Uint8Array, at: number, to: Uint8Array, offset: number): void {
    for (let i = 0; i < HASH_DIGITS / 2; i++)
        to[offset + i] = ((values[from[at + 2 * i] ?? 0] ?? 0) << 4) | (values[from[at + 2 * i + 1] ?? 0] ?? 0);
}

function readHash(from: Uint8Array, at: number, to: Uint8Array, offset: number): void {
    for (let i = 0; i < HASH_DIGITS / 2; i++) {
        const byte = from[at + i] ?? 0;
        to[offset + 2 * i] = DIGITS[byte >> 4] ?? 0;
        to[offset + 2 * i + 1] = DIGITS[byte & 15] ?? 0;
    }
}

function raw(value: Uint8Array): Uint8Array {
    const packed = new Uint8Array(1 + value.length);
    packed[0] = RAW;
    packed.set(value, 1);
    return packed;
}

// Bytes, numbers and arrays, as the database gets and gives them. Arrays of bytes and of numbers are in the binary form of the protocol: as text, each
// byte would be two digits.

/** Bytes of their own, not a part of a buffer that others use. */
export function bytesOf(hex: string): Uint8Array {
    const bytes = new Uint8Array(hex.length / 2);
    Buffer.from(bytes.buffer).write(hex, 'hex');
    return bytes;
}

/** Above all numbers of entries, which are safe integers. */
const NO_END = 2 ** 53;

/** Bounds of lists may be infinite. */
export function bigint(number: number): number {
    return Math.min(Math.max(Math.ceil(number), 0), NO_END);
}

/** Of what needs no quotes. */
export function textArray(items: readonly string[]): string {
    return `{${items.join()}}`;
}

/** Numbers of the types in pg_type. */
const [BYTEA, BIGINT] = [17, 20] as const;
/** Dimensions, flags, type, length and first index of the only dimension. */
const HEADER = 20;
const EMPTY_HEADER = 12;
const LENGTH = 4;

export function bigintArray(numbers: readonly number[]): Buffer {
    const { array, at } = begin(BIGINT, numbers.length, 8 * numbers.length);
    numbers.forEach((number, i) =>
        array.writeBigInt64BE(BigInt(bigint(number)), array.writeInt32BE(8, at + i * (LENGTH + 8))),
    );
    return array;
}

export function byteaArray(items: readonly Uint8Array[]): Buffer {
    const start = begin(
        BYTEA,
        items.length,
        items.reduce((sum, item) => sum + item.length, 0),
    );
    let at = start.at;
    for (const item of items) {
        at = start.array.writeInt32BE(item.length, at);
        start.array.set(item, at);
        at += item.length;
    }
    return start.array;
}

function begin(type: number, count: number, size: number): { readonly array: Buffer; readonly at: number } {
    if (count === 0) {
        const array = Buffer.alloc(EMPTY_HEADER);
        array.writeInt32BE(type, 8);
        return { array, at: EMPTY_HEADER };
    }
    const array = Buffer.allocUnsafe(HEADER + count * LENGTH + size);
    let at = 0;
    for (const field of [1, 0, type, count, 1]) at = array.writeInt32BE(field, at);
    return { array, at };
}

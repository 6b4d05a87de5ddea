// One stored versioned object as the object store writes it: eight entries, most of them under keys without any order.
// Everything follows from the number of the object, so that a test knows what has to be in a store without keeping it.
import type { Engine, Entry } from './engine.ts';

export const ENTRIES_PER_OBJECT = 8;
const HASH = 32;
/** First byte of a key: which kind of entry it is. They sort as they are written here. */
const kinds = { journal: 0x4a, object: 0x6f, id: 0x69, version: 0x76, head: 0x68, reverse: 0x72, member: 0x6d };
const TYPE_NAME = Buffer.from('ChatMessage\0');
const JOURNAL_VALUE = 45;

/** 32 bytes as random as a hash; the same ones for the same numbers. */
function randomBytes(number: number, salt: number): Uint8Array {
    const words = new Uint32Array(HASH / 4);
    let state = (Math.imul(number, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) >>> 0;
    for (let i = 0; i < words.length; i++) {
        state = (state + 0x9e3779b9) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
        mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
        words[i] = mixed ^ (mixed >>> 15);
    }
    // Distinct for distinct objects, whatever the mixing does.
    words[7] = number;
    return new Uint8Array(words.buffer);
}

function key(kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
    return Buffer.concat([Uint8Array.of(kind), ...parts]);
}

function bigEndian(number: number): Uint8Array {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
    return bytes;
}

/** Markup with a hash in it: half of it repeats, as in real objects. */
function text(length: number, number: number): Uint8Array {
    const reference = Buffer.from(randomBytes(number, 6)).toString('hex');
    const markup = `<div itemscope itemtype="//refin.io/Chat"><a itemprop="ref" data-type="id">${reference}</a><span itemprop="t">`;
    return Buffer.from(
        markup.slice(0, length).padEnd(length, `${1_700_000_000_000 + number * 7_919} text of message ${number}`),
    );
}

export const journalKey = (number: number): Uint8Array => key(kinds.journal, bigEndian(number));
export const journalStart = Uint8Array.of(kinds.journal);
export const journalEnd = Uint8Array.of(kinds.journal + 1);
export const firstKey = new Uint8Array(1);
export const afterAllKeys: Uint8Array = Buffer.alloc(64, 0xff);

export const journalNumber = (ofKey: Uint8Array): number =>
    Number(new DataView(ofKey.buffer, ofKey.byteOffset).getBigUint64(1));

/** All entries of an object. */
export function entriesOf(number: number): Entry[] {
    const [object, id, version] = [randomBytes(number, 1), randomBytes(number, 2), randomBytes(number, 3)];
    const reference = randomBytes(number, 4);
    const group = randomBytes(number % 64, 5).subarray(0, 16);
    return [
        { key: key(kinds.object, object), value: text(200, number) },
        { key: key(kinds.id, id), value: text(110, number) },
        {
            key: key(kinds.version, version),
            value: Buffer.concat([object, bigEndian(number), reference.subarray(0, 20)]),
        },
        { key: key(kinds.head, id), value: version },
        { key: key(kinds.reverse, reference, TYPE_NAME, bigEndian(number)), value: object },
        { key: key(kinds.reverse, id, TYPE_NAME, bigEndian(number)), value: object },
        { key: journalKey(number), value: Buffer.concat([id, bigEndian(number)], JOURNAL_VALUE) },
        { key: key(kinds.member, group, id), value: bigEndian(number).subarray(4) },
    ];
}

/** What is looked up before an object is written: its own four keys, and two of an object written before. */
export function keysReadBefore(number: number): Uint8Array[] {
    const own = [
        key(kinds.object, randomBytes(number, 1)),
        key(kinds.id, randomBytes(number, 2)),
        key(kinds.version, randomBytes(number, 3)),
        key(kinds.head, randomBytes(number, 2)),
    ];
    const before = Math.floor(number * 0.618);
    return [...own, key(kinds.id, randomBytes(before, 2)), key(kinds.head, randomBytes(before, 2))];
}

export const objectKey = (number: number): Uint8Array => key(kinds.object, randomBytes(number, 1));

export function payloadBytes(entries: readonly Entry[]): number {
    return entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}

/** Number of the last object of which the journal knows, -1 when it is empty; reads the journal from the given number on. */
export async function lastObject(engine: Engine, from = 0): Promise<number> {
    let last = from - 1;
    for await (const piece of engine.range(journalKey(from), journalEnd)) {
        const entry = piece.at(-1);
        if (entry !== undefined) last = journalNumber(entry.key);
    }
    return last;
}

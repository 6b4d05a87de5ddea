// The members of one accessible set, as a tree over their hashes: 16 children per inner page, by the next hexadecimal digit.
// A page is a value in `state`; one that is absent is an empty leaf.
//
//   set.<subject>             key (32 bytes) ‖ count (8) ‖ fingerprint (32) of the whole set
//   set.<subject>.<prefix>    the page of all hashes that begin with these digits
//
//   leaf    0 (1 byte) ‖ per entry: hash (32) ‖ flags (1) ‖ strong (varint) ‖ weak (varint), ascending by hash
//   inner   1 (1 byte) ‖ per digit: count (8) ‖ fingerprint (32)
//
// Counts and fingerprints are those of the entries that are members; see `isMember`.
import { hexToUint8Array, uint8ArrayToHex } from '../crypto/hex.ts';
import { StorageError } from '../storage/storage-errors.ts';
import type { StorageReader } from '../storage/storage-backend.ts';
import type { Transaction } from '../storage/store.ts';
import {
    addTo,
    elementNumber,
    emptyFingerprint,
    FINGERPRINT_BYTES,
    readFingerprint,
    writeFingerprint,
    type Fingerprint,
} from './fingerprint.ts';
import { HASH_BYTES } from '../hash-list.ts';

/** Entries after which a leaf becomes an inner page. */
const MAX_LEAF = 32;
const DIGITS = '0123456789abcdef';
const COUNT_BYTES = 8;
const CHILD_BYTES = COUNT_BYTES + FINGERPRINT_BYTES;
const LEAF = 0;
const INNER = 1;

/** Why a hash is in the set, in bits. */
export const flags = {
    /** It is stored here. */
    present: 1,
    /** Its links are counted. */
    expanded: 2,
    /** Target of an Access object. */
    accessRoot: 4,
    /** Target of an IdAccess object. */
    idRoot: 8,
    /** Listed version of the target of an IdAccess object. */
    nodeRoot: 16,
    /** A granted version, whose ID object is counted as linked. */
    idCounted: 32,
    /** What it is may become clear later: none of its links are counted. */
    vague: 64,
} as const;
export const ROOT_FLAGS = flags.accessRoot | flags.idRoot | flags.nodeRoot;

export interface Entry {
    flags: number;
    /** Links from members that give access to it and everything below. */
    strong: number;
    /** Links from members as a BLOB or CLOB, which give access to it alone. */
    weak: number;
}

export interface Summary {
    count: number;
    fingerprint: Fingerprint;
}

interface Leaf {
    readonly type: typeof LEAF;
    readonly entries: Map<string, Entry>;
}
interface Inner {
    readonly type: typeof INNER;
    readonly children: Summary[];
}
type Page = Leaf | Inner;

/** Whether something gives access to it. */
export function isReferenced({ flags: set, strong, weak }: Entry): boolean {
    return strong > 0 || weak > 0 || (set & ROOT_FLAGS) !== 0;
}

/** Whether it may be read, and is here to be read. */
export function isMember(entry: Entry): boolean {
    return isReferenced(entry) && (entry.flags & flags.present) !== 0;
}

/** Whether access to it is access to what it links to. */
export function leads({ flags: set, strong }: Entry): boolean {
    return (set & flags.present) !== 0 && (strong > 0 || (set & ROOT_FLAGS) !== 0);
}

export function setName(subject: string): string {
    return `set.${subject}`;
}

/** Reads one set. */
export class MemberPages {
    readonly subject: string;
    protected readonly reader: Pick<StorageReader, 'get'>;

    constructor(reader: Pick<StorageReader, 'get'>, subject: string) {
        this.reader = reader;
        this.subject = subject;
    }

    /** Count and fingerprint of the whole set. */
    async summary(): Promise<Summary> {
        return (await this.header())?.summary ?? { count: 0, fingerprint: emptyFingerprint() };
    }

    /** Count and fingerprint of the members whose hashes begin with these digits. */
    async summaryOf(prefix: string): Promise<Summary> {
        let summary = await this.summary();
        for (let length = 0; length < prefix.length; length++) {
            const page = await this.page(prefix.slice(0, length));
            if (page.type === LEAF) return this.#sum([...page.entries].filter(([hash]) => hash.startsWith(prefix)));
            summary = page.children[digitAt(prefix, length)] ?? { count: 0, fingerprint: emptyFingerprint() };
        }
        return summary;
    }

    /** The summary that the members give, for comparison; O(n). */
    async computedSummary(): Promise<Summary> {
        const entries: [string, Entry][] = [];
        for await (const entry of this.entries()) entries.push(entry);
        return this.#sum(entries);
    }

    async has(hash: string): Promise<boolean> {
        const entry = await this.entry(hash);
        return entry !== undefined && isMember(entry);
    }

    /** Every request of a peer asks for one: pages are not decoded for it. */
    async entry(hash: string): Promise<Entry | undefined> {
        for (let length = 0; ; length++) {
            const name = this.#nameOf(hash.slice(0, length));
            const bytes = await this.reader.get('state', name);
            if (bytes === undefined) return undefined;
            if (bytes[0] !== INNER) return findEntry(name, bytes, hash);
        }
    }

    /** All members whose hashes begin with these digits, ascending. */
    async *members(prefix = ''): AsyncIterable<string> {
        for await (const [hash, entry] of this.entries(prefix)) if (isMember(entry)) yield hash;
    }

    /** All entries whose hashes begin with these digits, ascending, members or not. */
    async *entries(prefix = ''): AsyncIterable<[string, Entry]> {
        let at = '';
        while (at.length < prefix.length) {
            if ((await this.page(at)).type === LEAF) break;
            at = prefix.slice(0, at.length + 1);
        }
        const open = [at];
        for (let path = open.pop(); path !== undefined; path = open.pop()) {
            const page = await this.page(path);
            if (page.type === INNER) for (const digit of Array.from(DIGITS).reverse()) open.push(path + digit);
            else for (const [hash, entry] of page.entries) if (hash.startsWith(prefix)) yield [hash, entry];
        }
    }

    protected async page(prefix: string): Promise<Page> {
        const name = this.#nameOf(prefix);
        return decodePage(name, await this.reader.get('state', name));
    }

    protected async header(): Promise<{ key: string; summary: Summary } | undefined> {
        const value = await this.reader.get('state', setName(this.subject));
        if (value === undefined) return undefined;
        const view = viewOf(value);
        return {
            key: uint8ArrayToHex(value.subarray(0, HASH_BYTES)),
            summary: {
                count: Number(view.getBigUint64(HASH_BYTES)),
                fingerprint: readFingerprint(view, HASH_BYTES + COUNT_BYTES),
            },
        };
    }

    #nameOf(prefix: string): string {
        return `${setName(this.subject)}.${prefix}`;
    }

    async #sum(entries: readonly (readonly [string, Entry])[]): Promise<Summary> {
        const key = (await this.header())?.key ?? '';
        return sumOf(key, entries);
    }
}

/** Changes one set as a part of a transaction. Everything is written by `flush`. */
export class MemberPageWriter extends MemberPages {
    readonly #transaction: Transaction;
    readonly #createKey: () => string;
    readonly #pages = new Map<string, Page>();
    readonly #dirty = new Set<string>();
    #header: { key: string; summary: Summary } | undefined;

    /** @param createKey 64 hexadecimal digits for a set that is new */
    constructor(transaction: Transaction, subject: string, createKey: () => string) {
        super(transaction, subject);
        this.#transaction = transaction;
        this.#createKey = createKey;
    }

    override async entry(hash: string): Promise<Entry | undefined> {
        for (let length = 0; ; length++) {
            const page = await this.page(hash.slice(0, length));
            if (page.type === LEAF) return page.entries.get(hash);
        }
    }

    /** Changes the entry of a hash, or makes one; an entry that says nothing any more is removed. */
    async change(hash: string, task: (entry: Entry) => void): Promise<Entry> {
        let prefix = '';
        let page = await this.page(prefix);
        while (page.type === INNER) page = await this.page((prefix = hash.slice(0, prefix.length + 1)));
        const entry = page.entries.get(hash) ?? { flags: 0, strong: 0, weak: 0 };
        const before = isMember(entry);
        task(entry);
        if (isReferenced(entry)) page.entries.set(hash, entry);
        else page.entries.delete(hash);
        this.#dirty.add(prefix);
        if (before !== isMember(entry)) await this.#count(hash, prefix, before ? -1 : 1);
        if (page.entries.size > MAX_LEAF) await this.#split(prefix, page);
        return entry;
    }

    /** Removes all entries. */
    async clear(): Promise<void> {
        const open = [''];
        for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
            const page = await this.page(prefix);
            if (page.type === INNER) for (const digit of DIGITS) open.push(prefix + digit);
            this.#pages.set(prefix, { type: LEAF, entries: new Map() });
            this.#dirty.add(prefix);
        }
        const { summary } = await this.#loadedHeader();
        summary.count = 0;
        summary.fingerprint = emptyFingerprint();
    }

    /** Writes what was changed. */
    async flush(): Promise<void> {
        if (this.#dirty.size === 0) return;
        const { key, summary } = await this.#loadedHeader();
        const value = new Uint8Array(HASH_BYTES + CHILD_BYTES);
        value.set(hexToUint8Array(key));
        writeSummary(viewOf(value), HASH_BYTES, summary);
        this.#transaction.put('state', setName(this.subject), value);
        for (const prefix of this.#dirty) {
            const name = `${setName(this.subject)}.${prefix}`;
            const page = this.#pages.get(prefix);
            if (page === undefined || (page.type === LEAF && page.entries.size === 0))
                this.#transaction.delete('state', name);
            else this.#transaction.put('state', name, encodePage(page));
        }
        this.#dirty.clear();
    }

    protected override async page(prefix: string): Promise<Page> {
        let page = this.#pages.get(prefix);
        if (page === undefined) this.#pages.set(prefix, (page = await super.page(prefix)));
        return page;
    }

    protected override header(): Promise<{ key: string; summary: Summary } | undefined> {
        return this.#loadedHeader();
    }

    async #loadedHeader(): Promise<{ key: string; summary: Summary }> {
        if (this.#header !== undefined) return this.#header;
        const stored = await super.header();
        this.#header = stored ?? {
            key: this.#createKey(),
            summary: { count: 0, fingerprint: emptyFingerprint() },
        };
        return this.#header;
    }

    async #count(hash: string, leaf: string, sign: 1 | -1): Promise<void> {
        const { key, summary } = await this.#loadedHeader();
        const number = await elementNumber(key, hash);
        const summaries = [summary];
        for (let length = 0; length < leaf.length; length++) {
            const prefix = hash.slice(0, length);
            const page = await this.page(prefix);
            const child = page.type === INNER ? page.children[digitAt(hash, length)] : undefined;
            if (child !== undefined) summaries.push(child);
            this.#dirty.add(prefix);
        }
        for (const each of summaries) {
            each.count += sign;
            addTo(each.fingerprint, number, sign);
        }
    }

    async #split(prefix: string, leaf: Leaf): Promise<void> {
        const { key } = await this.#loadedHeader();
        const children: Summary[] = [];
        for (const digit of DIGITS) {
            const at = prefix + digit;
            const entries = [...leaf.entries].filter(([hash]) => hash.startsWith(at));
            children.push(await sumOf(key, entries));
            this.#pages.set(at, { type: LEAF, entries: new Map(entries) });
            this.#dirty.add(at);
        }
        this.#pages.set(prefix, { type: INNER, children });
        for (const digit of DIGITS) {
            const child = this.#pages.get(prefix + digit);
            if (child?.type === LEAF && child.entries.size > MAX_LEAF) await this.#split(prefix + digit, child);
        }
    }
}

async function sumOf(key: string, entries: readonly (readonly [string, Entry])[]): Promise<Summary> {
    const sum: Summary = { count: 0, fingerprint: emptyFingerprint() };
    for (const [hash, entry] of entries) {
        if (!isMember(entry)) continue;
        sum.count++;
        addTo(sum.fingerprint, await elementNumber(key, hash));
    }
    return sum;
}

function digitAt(hash: string, index: number): number {
    return DIGITS.indexOf(hash.charAt(index));
}

function viewOf(bytes: Uint8Array): DataView {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeSummary(view: DataView, offset: number, { count, fingerprint }: Summary): void {
    view.setBigUint64(offset, BigInt(count));
    writeFingerprint(view, offset + COUNT_BYTES, fingerprint);
}

function encodePage(page: Page): Uint8Array {
    if (page.type === INNER) {
        const bytes = new Uint8Array(1 + DIGITS.length * CHILD_BYTES);
        bytes[0] = INNER;
        page.children.forEach((child, i) => writeSummary(viewOf(bytes), 1 + i * CHILD_BYTES, child));
        return bytes;
    }
    const bytes: number[] = [LEAF];
    for (const [hash, entry] of [...page.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
        bytes.push(...hexToUint8Array(hash), entry.flags);
        for (const number of [entry.strong, entry.weak]) writeVarint(bytes, number);
    }
    return Uint8Array.from(bytes);
}

function decodePage(name: string, bytes: Uint8Array | undefined): Page {
    if (bytes === undefined) return { type: LEAF, entries: new Map() };
    if (bytes[0] === INNER) {
        if (bytes.length !== 1 + DIGITS.length * CHILD_BYTES) throw damagedPage(name);
        const view = viewOf(bytes);
        return {
            type: INNER,
            children: Array.from(DIGITS, (_, i) => ({
                count: Number(view.getBigUint64(1 + i * CHILD_BYTES)),
                fingerprint: readFingerprint(view, 1 + i * CHILD_BYTES + COUNT_BYTES),
            })),
        };
    }
    const entries = new Map<string, Entry>();
    for (const cursor = { bytes, at: 1 }; cursor.at < bytes.length;) {
        const hash = uint8ArrayToHex(bytes.subarray(cursor.at, (cursor.at += HASH_BYTES)));
        entries.set(hash, readEntry(name, cursor));
    }
    return { type: LEAF, entries };
}

function findEntry(name: string, bytes: Uint8Array, hash: string): Entry | undefined {
    const wanted = hexToUint8Array(hash);
    for (const cursor = { bytes, at: 1 }; cursor.at < bytes.length;) {
        const start = cursor.at;
        cursor.at += HASH_BYTES;
        const entry = readEntry(name, cursor);
        if (wanted.every((byte, i) => byte === bytes[start + i])) return entry;
    }
    return undefined;
}

/** @throws StorageError `STORAGE_DAMAGED` */
function readEntry(name: string, cursor: { readonly bytes: Uint8Array; at: number }): Entry {
    const set = cursor.bytes[cursor.at++];
    const [strong, weak] = [readVarint(cursor), readVarint(cursor)];
    if (cursor.bytes[0] !== LEAF || set === undefined || strong === undefined || weak === undefined)
        throw damagedPage(name);
    return { flags: set, strong, weak };
}

function damagedPage(name: string): StorageError {
    return new StorageError('STORAGE_DAMAGED', `The page "${name}" of an accessible set is damaged; run reindex`);
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
function writeVarint(bytes: number[], number: number): void {
    let rest = number;
    while (rest >= 0x80) {
        bytes.push((rest % 0x80) | 0x80);
        rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
}

function readVarint(cursor: { readonly bytes: Uint8Array; at: number }): number | undefined {
    let [number, factor] = [0, 1];
    for (;;) {
        const byte = cursor.bytes[cursor.at++];
        if (byte === undefined || factor > 2 ** 42) return undefined;
        number += (byte & 0x7f) * factor;
        if (byte < 0x80) return number;
        factor *= 0x80;
    }
}

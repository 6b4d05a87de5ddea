// Checks the files of a LevelDB against the checksums in them. LevelDB itself drops damaged parts of its log without a word
// and reads blocks unverified, unless it is opened with paranoid_checks, which classic-level does not offer
// (docs/decisions/0001-embedded-engine.md).
//
//   CURRENT    names the manifest
//   MANIFEST   records (as in a log), each a change of the set of live tables and logs
//   *.log      blocks of 32 KiB with records: checksum 4, length 2, type 1, data
//   *.ldb      blocks: data, compression 1, checksum 4; a footer of 48 bytes locates the index, which locates all others
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../file/system-errors.ts';
import { StorageError } from '../storage-errors.ts';
import { maskedCrc32c } from './crc32c.ts';

const LOG_BLOCK = 32_768;
const RECORD_HEAD = 7;
const FOOTER = 48;
const BLOCK_TRAILER = 5;
const MAGIC = 0xdb4775248b80fb57n;
const TABLE = /^\d+\.(?:ldb|sst)$/;

/** Tags of the manifest. */
const [COMPARATOR, LOG, NEXT_FILE, LAST_SEQUENCE, COMPACT, DELETED, ADDED, PREVIOUS_LOG] = [1, 2, 3, 4, 5, 6, 7, 9];

/**
 * What LevelDB reads when it opens: the manifest, the logs, and that all tables are there. Only while it is closed.
 * @throws StorageError `STORAGE_DAMAGED` naming the file
 */
export async function checkLogs(folder: string): Promise<void> {
    const files = await readdir(folder);
    const current = files.includes('CURRENT') ? await readFile(join(folder, 'CURRENT'), 'latin1') : '';
    const manifest = /^(MANIFEST-\d{6,})\n$/.exec(current)?.[1];
    if (manifest === undefined) throw damaged(folder, 'CURRENT', 'it is missing, or does not name a manifest');
    const { logs, tables } = readManifest(folder, manifest, await read(folder, manifest));
    // A log is made before the manifest names it, and removed after the manifest names a later one.
    if (!files.includes(nameOf(logs.oldest, 'log'))) throw damaged(folder, nameOf(logs.oldest, 'log'), 'it is missing');
    for (const file of files) {
        const number = Number(/^(\d+)\.log$/.exec(file)?.[1] ?? -1);
        if (number >= logs.oldest || number === logs.previous) records(folder, file, await read(folder, file));
    }
    for (const [number, size] of tables) {
        const file = files.includes(nameOf(number, 'sst')) ? nameOf(number, 'sst') : nameOf(number, 'ldb');
        const found = files.includes(file) ? (await stat(join(folder, file))).size : undefined;
        if (found !== size)
            throw damaged(
                folder,
                file,
                found === undefined ? 'it is missing' : `${found} bytes long instead of ${size}`,
            );
    }
}

/**
 * All tables, one after the other; also while LevelDB is open, because they never change.
 * @param goesOn asked before each: ends the check
 * @throws StorageError `STORAGE_DAMAGED` naming the file
 */
export async function checkTables(folder: string, goesOn: () => boolean = () => true): Promise<void> {
    const files = (await readdir(folder)).filter(name => TABLE.test(name));
    const current = /^(MANIFEST-\d{6,})\n$/.exec(await readFile(join(folder, 'CURRENT'), 'latin1'))?.[1];
    if (current === undefined) throw damaged(folder, 'CURRENT', 'it does not name a manifest');
    // What the manifest does not name is just being written, or about to be removed.
    const { tables } = readManifest(folder, current, await read(folder, current));
    for (const file of files) {
        if (!goesOn()) return;
        if (!tables.has(Number.parseInt(file, 10))) continue;
        let bytes: Buffer;
        try {
            bytes = await readFile(join(folder, file));
        } catch (error) {
            // Merged into others meanwhile.
            if (hasCode(error, 'ENOENT')) continue;
            throw error;
        }
        try {
            checkTable(folder, file, bytes);
        } catch (error) {
            throw error instanceof RangeError ? damaged(folder, file, 'its structure is damaged') : error;
        }
    }
}

async function read(folder: string, file: string): Promise<Buffer> {
    try {
        return await readFile(join(folder, file));
    } catch (error) {
        throw hasCode(error, 'ENOENT') ? damaged(folder, file, 'it is missing') : error;
    }
}

function nameOf(number: number, ending: string): string {
    return `${String(number).padStart(6, '0')}.${ending}`;
}

function damaged(folder: string, file: string, what: string): StorageError {
    return new StorageError(
        'STORAGE_DAMAGED',
        `"${join(folder, file)}" is damaged: ${what}. Restore the store from a backup, or synchronize it again; nothing was changed`,
    );
}

function readManifest(folder: string, file: string, bytes: Buffer) {
    const logs = { oldest: 0, previous: 0 };
    const tables = new Map<number, number>();
    for (const record of records(folder, file, bytes)) {
        const reader = new Reader(record);
        while (!reader.atEnd) {
            const tag = reader.varint();
            if (tag === LOG) logs.oldest = reader.varint();
            else if (tag === NEXT_FILE || tag === LAST_SEQUENCE) reader.varint();
            else if (tag === PREVIOUS_LOG) logs.previous = reader.varint();
            else if (tag === COMPARATOR) reader.bytes();
            else if (tag === COMPACT) {
                reader.varint();
                reader.bytes();
            } else if (tag === DELETED) {
                reader.varint();
                tables.delete(reader.varint());
            } else if (tag === ADDED) {
                reader.varint();
                tables.set(reader.varint(), reader.varint());
                reader.bytes();
                reader.bytes();
            } else throw damaged(folder, file, `it has an unknown tag ${tag}`);
        }
    }
    return { logs, tables };
}

/**
 * All records of a log. What a crash or a loss of power has left of a write stands at the end: behind it there is no valid
 * record. Anywhere else it is damage.
 */
function records(folder: string, file: string, bytes: Buffer): Uint8Array[] {
    const found: Uint8Array[] = [];
    let parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
        const left = LOG_BLOCK - (at % LOG_BLOCK);
        if (left < RECORD_HEAD) {
            at += left;
            continue;
        }
        const fragment = fragmentAt(bytes, at);
        if (fragment === undefined) {
            if (validFollows(bytes, at)) throw damaged(folder, file, `the record at byte ${at} is, and others follow`);
            return found;
        }
        const { type, data } = fragment;
        if ((type === 1 || type === 2) !== (parts.length === 0))
            throw damaged(folder, file, `the record at byte ${at} has no start or no end`);
        parts.push(data);
        if (type === 1 || type === 4) {
            found.push(Buffer.concat(parts));
            parts = [];
        }
        at += RECORD_HEAD + data.length;
    }
    return found;
}

function fragmentAt(bytes: Buffer, at: number): { type: number; data: Uint8Array } | undefined {
    if (at + RECORD_HEAD > bytes.length) return undefined;
    const end = at + RECORD_HEAD + bytes.readUInt16LE(at + 4);
    const type = bytes.readUInt8(at + 6);
    if ((at % LOG_BLOCK) + (end - at) > LOG_BLOCK || end > bytes.length || type < 1 || type > 4) return undefined;
    if (maskedCrc32c(bytes.subarray(at + 6, end)) !== bytes.readUInt32LE(at)) return undefined;
    return { type, data: bytes.subarray(at + RECORD_HEAD, end) };
}

/** Looks in the rest of the block, and at the beginnings of all later ones, where records start again. */
function validFollows(bytes: Buffer, at: number): boolean {
    const nextBlock = at - (at % LOG_BLOCK) + LOG_BLOCK;
    for (let later = at + 1; later < Math.min(nextBlock, bytes.length); later++)
        if (fragmentAt(bytes, later) !== undefined) return true;
    for (let block = nextBlock; block < bytes.length; block += LOG_BLOCK)
        if (fragmentAt(bytes, block) !== undefined) return true;
    return false;
}

function checkTable(folder: string, file: string, bytes: Buffer): void {
    if (bytes.length < FOOTER) throw damaged(folder, file, 'it is cut');
    const footer = bytes.subarray(-FOOTER);
    if (footer.readBigUInt64LE(FOOTER - 8) !== MAGIC) throw damaged(folder, file, 'it is no table');
    const block = (handle: Handle, content = true) => blockAt(folder, file, bytes, handle, content);
    const handles = new Reader(footer);
    const metaIndex = handles.handle();
    const index = handles.handle();
    for (const value of blockValues(block(metaIndex))) block(new Reader(value).handle());
    for (const value of blockValues(block(index))) block(new Reader(value).handle(), false);
}

interface Handle {
    readonly at: number;
    readonly size: number;
}

/** A block whose checksum is right; decompressed unless only the check is wanted. */
function blockAt(folder: string, file: string, bytes: Buffer, { at, size }: Handle, content: boolean): Uint8Array {
    const end = at + size;
    if (end + BLOCK_TRAILER > bytes.length) throw damaged(folder, file, `there is no block at byte ${at}`);
    if (maskedCrc32c(bytes.subarray(at, end + 1)) !== bytes.readUInt32LE(end + 1))
        throw damaged(folder, file, `the block at byte ${at} has another checksum`);
    const data = bytes.subarray(at, end);
    return content && bytes.readUInt8(end) === 1 ? unsnappy(data) : data;
}

/** Values of a block; keys share beginnings with the ones before, and are not needed here. */
function blockValues(data: Uint8Array): Uint8Array[] {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const restarts = view.getUint32(data.length - 4, true);
    const reader = new Reader(data.subarray(0, data.length - 4 * (restarts + 1)));
    const values: Uint8Array[] = [];
    while (!reader.atEnd) {
        reader.varint();
        const [unshared, valueLength] = [reader.varint(), reader.varint()];
        reader.take(unshared);
        values.push(reader.take(valueLength));
    }
    return values;
}

function unsnappy(data: Uint8Array): Uint8Array {
    const reader = new Reader(data);
    const out = new Uint8Array(reader.varint());
    let at = 0;
    while (!reader.atEnd) {
        const tag = reader.byte();
        const upper = tag >>> 2;
        if ((tag & 3) === 0) {
            const length = upper < 60 ? upper : reader.littleEndian(upper - 59);
            out.set(reader.take(length + 1), at);
            at += length + 1;
            continue;
        }
        const short = (tag & 3) === 1;
        const length = short ? (upper & 7) + 4 : upper + 1;
        const offset = short ? ((tag & 0xe0) << 3) | reader.byte() : reader.littleEndian((tag & 3) === 2 ? 2 : 4);
        for (let i = 0; i < length; i++, at++) out[at] = out[at - offset] ?? 0;
    }
    return out;
}

class Reader {
    #at = 0;
    readonly #bytes: Uint8Array;

    constructor(bytes: Uint8Array) {
        this.#bytes = bytes;
    }

    get atEnd(): boolean {
        return this.#at >= this.#bytes.length;
    }

    byte(): number {
        return this.#bytes[this.#at++] ?? 0;
    }

    take(length: number): Uint8Array {
        return this.#bytes.subarray(this.#at, (this.#at += length));
    }

    littleEndian(length: number): number {
        return this.take(length).reduceRight((value, byte) => value * 256 + byte, 0);
    }

    varint(): number {
        for (let value = 0, scale = 1; ; scale *= 128) {
            const byte = this.byte();
            value += (byte & 127) * scale;
            if (byte < 128) return value;
        }
    }

    bytes(): Uint8Array {
        return this.take(this.varint());
    }

    handle(): Handle {
        return { at: this.varint(), size: this.varint() };
    }
}

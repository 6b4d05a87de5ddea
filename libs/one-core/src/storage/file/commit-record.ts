// A commit of several files, as one file that exists completely or not at all:
//
//   offset  bytes   field
//   0       8       "ONECMT1\n"
//   8       32      SHA-256 of everything behind it
//   40      4       length n of the list, big endian
//   44      n       list, JSON: [{type, space, key, length}]
//   44+n            contents, one after the other, in the order of the list
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { spaces, type Write } from '../storage-backend.ts';

const MAGIC = Buffer.from('ONECMT1\n');
const HEADER = MAGIC.length + 32 + 4;

const listSchema = z.array(
    z.strictObject({
        type: z.enum(['create', 'put', 'delete']),
        space: z.enum(spaces),
        key: z.string(),
        length: z.int().nonnegative(),
    }),
);

export function encodeCommit(writes: readonly Write[]): Uint8Array {
    const contents = writes.map(write => (write.type === 'delete' ? new Uint8Array() : write.value));
    const list = Buffer.from(
        JSON.stringify(writes.map(({ type, space, key }, i) => ({ type, space, key, length: contents[i]?.length }))),
    );
    const length = Buffer.alloc(4);
    length.writeUInt32BE(list.length);
    const body = Buffer.concat([length, list, ...contents]);
    return Buffer.concat([MAGIC, createHash('sha256').update(body).digest(), body]);
}

/** Undefined for anything that is not complete: such a record was never relied upon. */
export function decodeCommit(record: Uint8Array): Write[] | undefined {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    if (bytes.length < HEADER || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const body = bytes.subarray(MAGIC.length + 32);
    if (
        !createHash('sha256')
            .update(body)
            .digest()
            .equals(bytes.subarray(MAGIC.length, MAGIC.length + 32))
    )
        return undefined;
    const listEnd = HEADER + bytes.readUInt32BE(HEADER - 4);
    const list = listSchema.parse(JSON.parse(bytes.toString('utf8', HEADER, listEnd)));
    let offset = listEnd;
    return list.map(({ type, space, key, length }) => {
        offset += length;
        return type === 'delete'
            ? { type, space, key }
            : { type, space, key, value: new Uint8Array(bytes.subarray(offset - length, offset)) };
    });
}

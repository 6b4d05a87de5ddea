// A commit of several files, as one file that exists completely or not at all:
//
//   offset  bytes   field
//   0       8       "ONECMT1\n"
//   8       32      SHA-256 of everything behind it
//   40              JSON: [{space, key, part?, at?}]: without part the key is deleted, else the file `part` gets its
//                   name, or with `at` its content becomes the end of the file, from this offset on
//
// The parts are on the disk before the record is, so that carrying it out needs no space.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { spaces } from '../storage-backend.ts';

const MAGIC = Buffer.from('ONECMT1\n');
const HEADER = MAGIC.length + 32;
const stepsSchema = z.array(
    z.strictObject({
        space: z.enum(spaces),
        key: z.string(),
        part: z.string().optional(),
        at: z.int().nonnegative().optional(),
    }),
);

/** One file of a commit. */
export interface Step {
    readonly space: (typeof spaces)[number];
    readonly key: string;
    /** Name of the file in `tmp` that holds the value. */
    readonly part?: string | undefined;
    /** Where in the file the value begins, if it is its end only. */
    readonly at?: number | undefined;
}

export function encodeCommit(steps: readonly Step[]): Uint8Array {
    const body = Buffer.from(JSON.stringify(steps));
    return Buffer.concat([MAGIC, createHash('sha256').update(body).digest(), body]);
}

/** Undefined for anything that is not exactly what was written. */
export function decodeCommit(record: Uint8Array): readonly Step[] | undefined {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    const [digest, body] = [bytes.subarray(MAGIC.length, HEADER), bytes.subarray(HEADER)];
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    if (!createHash('sha256').update(body).digest().equals(digest)) return undefined;
    return stepsSchema.safeParse(JSON.parse(body.toString())).data;
}

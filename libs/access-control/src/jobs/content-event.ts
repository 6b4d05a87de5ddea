// Queue content-events: archive-node -> access-grant-worker (DESIGN §5).
//
//   job id   <instance8>-<epoch8>-<seq>     the same event twice is one job
//   payload  ContentEvent, validated by producer and consumer
import * as z from 'zod';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower case hexadecimal digits');

/** Something that happened in the store of an instance and may lead to grants. Holds hashes only, never content. */
export const contentEventSchema = z.strictObject({
    /** ID hash of the instance whose journal holds the event. */
    instanceId: hash,
    /** The journal's epoch, 128 random bits: another one after each restore from a backup (spec 90 §3). */
    epoch: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lower case hexadecimal digits'),
    /** Number of the commit within the epoch. */
    seq: z.int().nonnegative(),
    /** `$type$` of the object. */
    kind: z.string().min(1).max(256),
    idHash: hash.optional(),
    hash: hash.optional(),
    /** ID hash of the person the object belongs to, where the type knows one. */
    owner: hash.optional(),
    /** Milliseconds since 1970. */
    at: z.int().nonnegative(),
});

export type ContentEvent = z.infer<typeof contentEventSchema>;

/** The job id that makes repeats of an event harmless. */
export function contentEventJobId({ instanceId, epoch, seq }: ContentEvent): string {
    return `${instanceId.slice(0, 8)}-${epoch.slice(0, 8)}-${seq}`;
}

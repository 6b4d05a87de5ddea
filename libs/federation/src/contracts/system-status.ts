import * as z from 'zod';

/** What the outside may know about the archive: no addresses, no versions of dependencies. */
export const archiveStatusSchema = z.strictObject({
    state: z.enum(['ready', 'degraded', 'unreachable']),
    /** One sentence for a person; present unless the state is `ready`. */
    reason: z.string().optional(),
});

/** Answer of `GET /api/v1/status` of the pairing service; what the first screen of the web client shows. */
export const systemStatusSchema = z.strictObject({
    version: z.string(),
    archive: archiveStatusSchema,
});

export type ArchiveStatus = z.infer<typeof archiveStatusSchema>;
export type SystemStatus = z.infer<typeof systemStatusSchema>;

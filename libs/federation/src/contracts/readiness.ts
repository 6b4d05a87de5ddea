import * as z from 'zod';

const dependencySchema = z.object({
    /** `absent`: not configured, by choice. */
    status: z.enum(['up', 'down', 'absent']),
    reason: z.string().optional(),
});

/**
 * Answer of `/health/ready` of every process (DESIGN §2, rule 5), as its readers need it. Members they do not know are
 * let through: a newer process may say more.
 */
export const readinessSchema = z.looseObject({
    service: z.string(),
    version: z.string(),
    pid: z.int().positive(),
    status: z.enum(['starting', 'ready', 'degraded', 'not-ready', 'stopping']),
    dependencies: z.record(z.string(), dependencySchema),
});

export type Readiness = z.infer<typeof readinessSchema>;

export { addOrigin, personsOf, removeOrigin } from './grants/grant-origins.ts';
export type { GrantOrigin, GrantReason } from './grants/grant-origins.ts';
export { contentEventJobId, contentEventSchema } from './jobs/content-event.ts';
export type { ContentEvent } from './jobs/content-event.ts';

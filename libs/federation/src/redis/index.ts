export { InvitationsUnavailableError } from './invitations-unavailable.ts';
export { RedisInvitations, type RedisInvitationsOptions } from './redis-invitations.ts';

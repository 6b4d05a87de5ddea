export {
    formatInvitationLink,
    InvalidInvitationError,
    parseInvitation,
    serializeInvitation,
} from './pairing/invitation.ts';
export type { Invitation, InvitationMode, ReadInvitation } from './pairing/invitation.ts';

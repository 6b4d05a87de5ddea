/** Longest invitation text that is looked at. A link of deployed peers has about 400 characters; a QR code ends at 2 953. */
export const MAX_INVITATION_LENGTH = 4_096;

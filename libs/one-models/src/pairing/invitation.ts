// Invitations and their links (spec 52 §1, §1.1).
//
//   link      <prefix>#<fragment>
//   prefix    https://<domain>/invites/invitePartner/?invited=true     another person (internet of people)
//             https://<domain>/invites/inviteDevice/?invited=true      another device of mine (internet of me)
//   fragment  encodeURIComponent of {"token":"...","publicKey":"<64 hex digits>","url":"..."}; may also come alone
import { OneError } from '@refinio/one.core';
import { MAX_INVITATION_LENGTH } from '../limits.ts';

/** What one instance gives to another outside of ONE so that the two can pair. The token is a secret. */
export interface Invitation {
    readonly token: string;
    /** X25519 key of the inviting instance, 64 hex digits. */
    readonly publicKey: string;
    /** Where to dial: a communication server or the listener of the instance itself. */
    readonly url: string;
}

/** Whom an invitation is for. Only a hint for the user interface; not part of the protocol. */
export type InvitationMode = 'person' | 'device';

/** An invitation as read from a text; `mode` is undefined where the text does not say it (treat as `person`). */
export interface ReadInvitation {
    readonly invitation: Invitation;
    readonly mode: InvitationMode | undefined;
}

const PATHS: Readonly<Record<InvitationMode, string>> = {
    person: 'invites/invitePartner/?invited=true',
    device: 'invites/inviteDevice/?invited=true',
};

/** The text is not an invitation. The message never repeats the text: it may hold a token. */
export class InvalidInvitationError extends OneError {
    readonly code = 'INVITATION_INVALID';

    constructor(reason: string, options?: ErrorOptions) {
        super(`This is not an invitation: ${reason}. Copy the complete link, or scan its QR code again.`, options);
    }
}

/** The JSON text of an invitation: exactly three members in the order that deployed peers expect. */
export function serializeInvitation({ token, publicKey, url }: Invitation): string {
    return JSON.stringify({ token, publicKey, url });
}

/** The link of an invitation under a domain such as `edda.one`. Whoever has the link has the token. */
export function formatInvitationLink(invitation: Invitation, mode: InvitationMode, domain: string): string {
    return `https://${domain}/${PATHS[mode]}#${encodeURIComponent(serializeInvitation(invitation))}`;
}

/**
 * Reads an invitation from a link, or from its fragment alone, as people paste it (surrounding white space allowed).
 * Members besides the three are ignored. @throws InvalidInvitationError
 */
export function parseInvitation(text: string): ReadInvitation {
    const pasted = text.trim();
    if (pasted.length > MAX_INVITATION_LENGTH) {
        throw new InvalidInvitationError(`it has more than ${MAX_INVITATION_LENGTH} characters`);
    }
    return { invitation: ensureInvitation(decodeFragment(fragmentOf(pasted))), mode: modeOf(pasted) };
}

function modeOf(text: string): InvitationMode | undefined {
    if (text.includes(PATHS.device)) return 'device';
    return text.includes(PATHS.person) ? 'person' : undefined;
}

/** The part between the first `#` and the next one; the whole text where there is none. */
function fragmentOf(text: string): string {
    return text.includes('#') ? (text.split('#', 2)[1] ?? '') : text;
}

function decodeFragment(fragment: string): unknown {
    try {
        return JSON.parse(decodeURIComponent(fragment));
    } catch {
        // The cause would quote the text, and with it the token.
        throw new InvalidInvitationError('its last part cannot be read');
    }
}

function ensureInvitation(value: unknown): Invitation {
    if (typeof value !== 'object' || value === null) throw new InvalidInvitationError('its last part is no object');
    const { token, publicKey, url } = value as Record<string, unknown>;
    if (typeof token !== 'string' || token === '') throw new InvalidInvitationError('the token is missing');
    if (typeof publicKey !== 'string' || !/^[0-9a-fA-F]{64}$/.test(publicKey)) {
        throw new InvalidInvitationError('the public key is missing or not 64 hexadecimal digits');
    }
    if (typeof url !== 'string' || !isWebSocketUrl(url)) {
        throw new InvalidInvitationError('the address is missing or does not start with ws:// or wss://');
    }
    return { token, publicKey, url };
}

export function isWebSocketUrl(text: string): boolean {
    return URL.canParse(text) && ['ws:', 'wss:'].includes(new URL(text).protocol);
}

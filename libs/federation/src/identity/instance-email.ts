// The e-mail addresses that name the persons of one human's instances (DESIGN §1.1, decision 1). They determine
// person and instance ids for ever, so they are made here and nowhere else.
//
//   first archive   node-<user>@<domain>
//   first browser   <user>@<domain>
//   further device  <user>+<8 random base32 characters>@<domain>
//   further archive node-<user>+<8 random base32 characters>@<domain>
import { OneError } from '@refinio/one.core';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const SUFFIX_LENGTH = 8;
/** RFC 5321 §4.5.3.1: the longest address that mail systems carry. */
const MAX_EMAIL_LENGTH = 254;

/** The text cannot name a person. */
export class InvalidEmailError extends OneError {
    readonly code = 'EMAIL_INVALID';

    constructor(reason: string) {
        super(`This is not an e-mail address: ${reason}. Expected user@domain, for example alice@example.org.`);
    }
}

/**
 * The one form in which an address enters hashes: NFC, trimmed, lower case. Idempotent.
 * @throws InvalidEmailError
 */
export function normalizeEmail(text: string): string {
    const email = text.normalize('NFC').trim().toLowerCase().normalize('NFC');
    if (email.length > MAX_EMAIL_LENGTH) throw new InvalidEmailError(`longer than ${MAX_EMAIL_LENGTH} characters`);
    const [user, domain, ...more] = email.split('@');
    if (!user || !domain || more.length > 0)
        throw new InvalidEmailError('it needs exactly one @ with text on both sides');
    if (/[\s\p{C}]/u.test(email)) throw new InvalidEmailError('it holds white space or invisible characters');
    return email;
}

/** Address of the first archive of a person. @throws InvalidEmailError */
export function archiveEmail(email: string): string {
    return `node-${normalizeEmail(email)}`;
}

/**
 * Address of a further device, or of a further archive; another one at each call.
 * @param random fills an array with random bytes, as `crypto.getRandomValues`
 * @throws InvalidEmailError
 */
export function newDeviceEmail(
    email: string,
    kind: 'browser' | 'archive',
    random: (bytes: Uint8Array<ArrayBuffer>) => void = bytes => crypto.getRandomValues(bytes),
): string {
    const bytes = new Uint8Array(SUFFIX_LENGTH);
    random(bytes);
    const suffix = Array.from(bytes, byte => BASE32[byte % BASE32.length]).join('');
    const [user, domain] = (kind === 'archive' ? archiveEmail(email) : normalizeEmail(email)).split('@');
    return `${user}+${suffix}@${domain}`;
}

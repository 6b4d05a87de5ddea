/** Longest invitation text that is looked at. A link of deployed peers has about 400 characters; a QR code ends at 2 953. */
export const MAX_INVITATION_LENGTH = 4_096;

/** Objects that a grant is looked through for mistakes: a chat of years has more, of which the old ones were granted long ago. */
export const MAX_CHECKED_PARTS = 10_000;

/** Milliseconds after which persons become members of the group `everyone`, as deployed instances have it. */
export const EVERYONE_QUIET_MS = 10_000;

// Bounds on what is examined before a signature is believed (spec 32-C). What lies behind them counts as not there, so that a hostile
// peer, who may store any number of profiles and certificates, can at most take trust away that rests on them.

/** Versions that are looked through of one profile, newest first, and profiles with one key: twenty changes a day for seven years. */
export const MAX_PROFILE_VERSIONS = 50_000;

/** Profiles about one person, in the order of storing. Every contact may have a few about everybody. */
export const MAX_PERSON_PROFILES = 1_000;

/** Signing keys of one person that are tried for a signature, oldest first: new devices are new persons, so that few have two. */
export const MAX_PERSON_KEYS = 100;

/** Certificates and signatures that are read for one key, or for the rights of one person: a second of work where reading is slow. */
export const MAX_KEY_STATEMENTS = 10_000;

/** Keys whose trust decides about that of one key: all that an administrator of a thousand persons has vouched for, in a chain. */
export const MAX_TRUST_KEYS = 1_000;

/** `MAX_KEY_STATEMENTS` of all those keys together. */
export const MAX_TRUST_STATEMENTS = 100_000;

/** Revocations of one owner, signed or not. One that is not seen would leave a stolen device trusted: then nothing is but own keys. */
export const MAX_REVOCATIONS = 10_000;

/** What is remembered of profiles and of the places where trust was read, as numbers of entries of about 200 bytes. */
export const MAX_TRUST_CACHE = 200_000;
